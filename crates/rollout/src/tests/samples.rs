//! Who is drawn into which wave.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_fleet::{Device, Running};
use mainstay_plan::{self as plan, Wave};
use proptest::prelude::*;

use crate::rules::Rules;
use crate::sample::{DrawRefusal, Enrolment, PURPOSE, draw, lot};
use crate::testing::{OLD, at, id, rules, terms};
use crate::urn::Urn;

/// A fleet with so many devices of each hardware revision, revision by revision.
fn fleet(strata: &[usize]) -> Vec<Device> {
    let strata = strata.iter().enumerate();
    let hardware = strata.flat_map(|(n, count)| vec![format!("H{n}"); *count]);
    hardware
        .enumerate()
        .map(|(n, hardware)| device(n, hardware))
        .collect()
}

fn device(n: usize, hardware: String) -> Device {
    Device {
        id: id(n),
        class: "thermo-v2".to_owned(),
        hardware,
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: at(0),
        last_seen: Some(at(0)),
        running: Some(Running {
            release: OLD,
            version: "1.0.0".to_owned(),
            sequence: 1,
            verified: true,
            last_resort: false,
            since: at(0),
        }),
        attributes: BTreeMap::new(),
    }
}

fn sizes(enrolments: &[Enrolment]) -> Vec<usize> {
    (0..3)
        .map(|wave| enrolments.iter().filter(|e| e.wave == wave).count())
        .collect()
}

#[test]
fn percentages_are_of_the_fleet_outside_the_canary() {
    let cases = [
        (500, [40, 46, 414]),
        (41, [40, 1, 0]),
        (40, [40, 0, 0]),
        (7, [7, 0, 0]),
    ];
    for (count, expected) in cases {
        let enrolments = draw(&terms(), &rules(), 7, &fleet(&[count]), at(0)).expect("eligible");
        assert_eq!(sizes(&enrolments), expected, "{count} devices");
    }
}

#[test]
fn waves_that_end_below_the_whole_fleet_leave_the_others_out() {
    let cases = [
        (vec![Wave::Percent(25), Wave::Percent(50)], [25, 25, 0]),
        (vec![Wave::Canary], [40, 0, 0]),
        (vec![Wave::Canary, Wave::Percent(50)], [40, 30, 0]),
    ];
    for (waves, expected) in cases {
        let rules = Rules { waves, ..rules() };
        let enrolments = draw(&terms(), &rules, 7, &fleet(&[100]), at(0)).expect("eligible");
        assert_eq!(sizes(&enrolments), expected, "{:?}", rules.waves);
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_its_reason() {
    let check = |change: fn(&mut Rules), devices: &[Device], expected: &str| {
        let mut rules = rules();
        change(&mut rules);
        let refusal = draw(&terms(), &rules, 7, devices, at(0)).expect_err("refused");
        assert_eq!(refusal.id(), expected);
        assert!(!refusal.cure().is_empty());
    };
    check(|_| {}, &[], "rollout.nobody-eligible");
    let mut other = fleet(&[3]);
    other
        .iter_mut()
        .for_each(|d| d.class = "thermo-v1".to_owned());
    check(|_| {}, &other, "rollout.nobody-eligible");
    check(|r| r.waves.clear(), &fleet(&[3]), "rollout.no-waves");
    check(
        |r| r.canary.devices = 19,
        &fleet(&[30, 30]),
        "rollout.canary-below-strata",
    );
}

#[test]
fn the_reason_that_most_share_is_told() {
    let mut devices = fleet(&[3]);
    devices[0].running = None;
    let years = at(10 * 366 * 24 * 60);
    let told = |terms: &mainstay_fleet::Terms, devices: &[Device]| {
        let refusal = draw(terms, &rules(), 7, devices, years).expect_err("support has ended");
        refusal.to_string()
    };
    assert_eq!(
        told(&terms(), &devices),
        "none of 3 devices may get the candidate; for 3 of them, as for th-0000, because security support of its class \
         ended on 2032-06-30; its owner is to move to thermo-v3"
    );
    let mut critical = terms();
    critical.is_critical = true;
    let drawn = draw(&critical, &rules(), 7, &devices, years).expect("an emergency");
    assert_eq!(drawn.len(), 2, "all but the one that never spoke");
    critical.class = "thermo-v9".to_owned();
    assert!(told(&critical, &[]).ends_with("may get the candidate"));
}

#[test]
fn a_reason_is_shared_whatever_its_facts() {
    let mut devices = fleet(&[5]);
    for (device, old) in devices.iter_mut().zip(["1.0.0", "1.1.0", "1.2.0", "old"]) {
        device.bootloader = old.to_owned();
    }
    devices.rotate_right(1);
    devices[0].running = None;
    let mut terms = terms();
    terms.bootloader_min = semver::Version::new(1, 4, 0);
    let refusal = draw(&terms, &rules(), 7, &devices, at(0)).expect_err("nobody fits");
    let first = &devices[1].id;
    assert_eq!(
        refusal.to_string(),
        format!(
            "none of 5 devices may get the candidate; for 4 of them, as for {first}, because its boot \
             loader 1.0.0 isn't 1.4.0 or newer"
        )
    );
    assert!(refusal.cure().contains("--bootloader"));
    devices.truncate(1);
    let refusal = draw(&terms, &rules(), 7, &devices, at(0)).expect_err("nobody fits");
    assert!(
        refusal
            .to_string()
            .ends_with("; for 1 of them because it has never said what it runs")
    );
    assert!(refusal.cure().contains("checks in"));
}

#[test]
fn small_strata_give_what_they_have() {
    let mut rules = rules();
    rules.canary.devices = 19;
    let enrolments = draw(&terms(), &rules, 7, &fleet(&[30, 9]), at(0));
    assert_eq!(sizes(&enrolments.expect("10 + 9 fit")), [19, 2, 18]);
    let refused = draw(&terms(), &rules, 7, &fleet(&[30, 10]), at(0));
    let (needed, strata) = (20, 2);
    let expected = DrawRefusal::CanaryBelowStrata {
        strata,
        at_least: 10,
        needed,
        devices: 19,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn the_sample_is_the_same_as_shown_and_nobody_is_in_it_who_is_left_out() {
    let mut devices = fleet(&[60]);
    devices[3].running = None;
    let half = vec![Wave::Canary, Wave::Percent(50)];
    let rules = Rules {
        waves: half,
        ..rules()
    };
    let mut urn = Urn::new(terms(), rules.clone(), 7, at(0));
    devices.iter().for_each(|device| urn.show(device));
    let as_shown = urn.draw_as_shown().expect("eligible");
    assert_eq!(sizes(&as_shown), [40, 10, 0]);
    assert!(as_shown[..40].is_sorted_by(|one, other| one.device < other.device));
    assert!(as_shown[40..].is_sorted_by(|one, other| one.device < other.device));
    let waves = |enrolments: Vec<Enrolment>| -> BTreeMap<_, _> {
        let of = |one: Enrolment| (one.device, one.wave);
        enrolments.into_iter().map(of).collect()
    };
    let drawn = draw(&terms(), &rules, 7, &devices, at(0)).expect("eligible");
    assert_eq!(waves(as_shown), waves(drawn));
}

/// Three hundred devices of one hardware, a few of them in the north, the last of all without a region.
fn regions() -> Vec<Device> {
    let mut fleet = fleet(&[300]);
    for (n, device) in fleet.iter_mut().enumerate().take(299) {
        let region = if n < 6 { "north" } else { "south" };
        let region = ("region".to_owned(), region.to_owned());
        device.attributes = BTreeMap::from([region]);
    }
    fleet
}

fn of_region(fleet: &[Device], enrolments: &[Enrolment], region: &str) -> usize {
    let canary = enrolments.iter().filter(|e| e.wave == 0);
    let drawn: BTreeSet<_> = canary.map(|e| &e.device).collect();
    let is_it = |d: &&Device| d.attributes.get("region").is_some_and(|own| own == region);
    let in_it = fleet.iter().filter(is_it);
    in_it.filter(|d| drawn.contains(&d.id)).count()
}

#[test]
fn a_canary_holds_its_minimum_of_each_region_whatever_the_seed() {
    let fleet = regions();
    let mut rules = rules();
    rules.canary.at_least_per = vec![plan::Minimum {
        attribute: "region".to_owned(),
        devices: 5,
    }];
    for seed in 0..50 {
        let drawn = draw(&terms(), &rules, seed, &fleet, at(0)).expect("they fit");
        assert!(of_region(&fleet, &drawn, "north") >= 5, "seed {seed}");
        assert_eq!(sizes(&drawn)[0], 40, "seed {seed}");
    }
    let mut without = rules.clone();
    without.canary.at_least_per.clear();
    let seeds = 0..50;
    let rare = seeds.filter(|seed| {
        let drawn = draw(&terms(), &without, *seed, &fleet, at(0)).expect("eligible");
        of_region(&fleet, &drawn, "north") < 5
    });
    assert!(rare.count() > 40, "by chance alone it hardly ever does");
    rules.canary.at_least_per[0].devices = 7;
    let drawn = draw(&terms(), &rules, 7, &fleet, at(0)).expect("they fit");
    assert_eq!(of_region(&fleet, &drawn, "north"), 6, "all that there are");
}

#[test]
fn minima_that_are_more_than_the_canary_are_refused() {
    let mut rules = rules();
    rules.canary.at_least_per = vec![plan::Minimum {
        attribute: "region".to_owned(),
        devices: 35,
    }];
    let refused = draw(&terms(), &rules, 7, &regions(), at(0));
    let expected = DrawRefusal::CanaryBelowMinima {
        attributes: "region".to_owned(),
        needed: 41,
        devices: 40,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn another_seed_draws_another_canary() {
    let canary = |seed| -> BTreeSet<_> {
        let all = draw(&terms(), &rules(), seed, &fleet(&[500]), at(0)).expect("eligible");
        all.into_iter()
            .filter(|e| e.wave == 0)
            .map(|e| e.device)
            .collect()
    };
    assert_ne!(canary(1), canary(2));
    assert_eq!(canary(1), canary(1));
}

proptest! {
    #[test]
    fn every_eligible_device_is_in_one_wave_and_the_canary_is_stratified(
        strata in prop::collection::vec(0_usize..60, 1..4),
        seed: u64,
        rotate in 0_usize..100,
    ) {
        let mut devices = fleet(&strata);
        let total = devices.len();
        prop_assume!(total > 0);
        let drawn = draw(&terms(), &rules(), seed, &devices, at(0)).expect("eligible");
        let ids: BTreeSet<_> = drawn.iter().map(|e| &e.device).collect();
        prop_assert_eq!((ids.len(), drawn.len()), (total, total));
        prop_assert_eq!(sizes(&drawn)[0], total.min(40));
        for (n, count) in strata.iter().enumerate() {
            let hardware = format!("H{n}");
            let of_it = |e: &&Enrolment| devices.iter().any(|d| d.id == e.device && d.hardware == hardware);
            let in_canary = drawn.iter().filter(|e| e.wave == 0).filter(of_it).count();
            prop_assert!(in_canary >= 10.min(*count));
        }
        devices.rotate_left(rotate % total);
        prop_assert_eq!(&draw(&terms(), &rules(), seed, &devices, at(0)).expect("eligible"), &drawn);
        // The same sample, each wave in the order in which they were shown.
        let mut urn = Urn::new(terms(), rules(), seed, at(0));
        devices.iter().for_each(|device| urn.show(device));
        let mut as_shown = urn.draw_as_shown().expect("eligible");
        let place = |e: &Enrolment| devices.iter().position(|device| device.id == e.device);
        prop_assert!(as_shown.is_sorted_by_key(|e| (e.wave, place(e))));
        let by_lot: Vec<_> = drawn.iter().map(|e| (e.wave > 0, lot(seed, PURPOSE, &e.device))).collect();
        prop_assert!(by_lot.is_sorted());
        as_shown.sort_by_key(|e| (e.wave, lot(seed, PURPOSE, &e.device)));
        prop_assert_eq!(as_shown, drawn);
    }
}

/// A fleet of 120 devices at 60 sites, two at each: one of either revision, or both of one.
fn neighbours() -> Vec<Device> {
    let mut fleet = fleet(&[90, 30]);
    for (n, device) in fleet.iter_mut().enumerate() {
        let site = crate::testing::site(n % 60);
        let site = (mainstay_fleet::device::SITE.to_owned(), site.to_string());
        device.attributes = BTreeMap::from([site]);
    }
    fleet
}

#[test]
fn where_sites_count_no_two_of_the_canary_are_neighbours() {
    let (fleet, mut rules) = (neighbours(), rules());
    let site = |enrolment: &Enrolment| {
        let device = fleet.iter().find(|device| device.id == enrolment.device);
        device.and_then(Device::site)
    };
    let sites = |rules: &Rules, seed| {
        let enrolments = draw(&terms(), rules, seed, &fleet, at(0)).expect("eligible");
        assert_eq!(enrolments.len(), fleet.len(), "nobody is left out");
        let canary: Vec<_> = enrolments.into_iter().filter(|e| e.wave == 0).collect();
        let sites: BTreeSet<_> = canary.iter().filter_map(site).collect();
        (canary.len(), sites.len())
    };
    for seed in 0..50 {
        let (devices, apart) = sites(&rules, seed);
        assert!(devices == 40 && apart < 40, "chance alone draws neighbours");
    }
    rules.install.unit = mainstay_plan::Unit::Site;
    for seed in 0..50 {
        assert_eq!(sites(&rules, seed), (40, 40));
    }
    // There are no more sites than 60.
    rules.canary.devices = 70;
    assert_eq!(sites(&rules, 1), (60, 60));
}
