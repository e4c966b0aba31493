//! Who is held back for whom.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mainstay_fleet::KeptInstant;
use mainstay_plan::{SignalName, SoftSignal};

use crate::control::{Pair, draw};
use crate::readings::wanted;
use crate::rollout::Rollout;
use crate::step;
use crate::testing::{at, at_sites, waves_of};
use crate::view::FleetView;

/// A rollout that hasn't begun, under a plan that compares battery drain.
fn comparing(sizes: &[usize]) -> (Rollout, FleetView) {
    let (mut rollout, view) = waves_of(sizes);
    rollout.rules.soft = vec![SoftSignal {
        name: SignalName::Battery,
        worse_by_at_most: 10,
        horizon: SignedDuration::from_hours(48),
    }];
    (rollout, view)
}

/// Opens the canary.
fn open(rollout: &Rollout, view: &FleetView) -> Rollout {
    step(rollout, view, at(0)).rollout
}

fn pairs(rollout: &Rollout, view: &FleetView) -> Vec<Pair> {
    open(rollout, view).waves[0].controls.pairs.clone()
}

#[test]
fn a_plan_without_soft_signals_holds_nobody_back() {
    let (mut rollout, view) = comparing(&[40, 400]);
    rollout.rules.soft = Vec::new();
    let opened = open(&rollout, &view);
    assert!(opened.waves[0].controls.is_empty());
    let text = serde_json::to_string(&opened).expect("plain data");
    assert!(
        !text.contains("controls") && !text.contains("soft"),
        "stored as ever"
    );
    assert_eq!(wanted(&opened, &view), []);
}

#[test]
fn partners_are_of_the_same_kind_and_wait_for_their_own_wave() {
    let (rollout, mut view) = comparing(&[40, 100, 300]);
    for (n, device) in view.devices.iter_mut().enumerate() {
        device.zone = ["America/Denver", "Europe/Berlin"][n / 2 % 2].into();
    }
    let drawn = pairs(&rollout, &view);
    assert_eq!(drawn.len(), 40);
    let device = |id: &crate::DeviceId| {
        let mut devices = view.devices.iter();
        devices.find(|d| d.id == *id).expect("enrolled")
    };
    for pair in &drawn {
        let (treated, control) = (device(&pair.treated), device(&pair.control));
        assert_eq!(
            (&treated.hardware, &treated.zone),
            (&control.hardware, &control.zone)
        );
        assert!(treated.wave == 0 && control.wave > 0);
    }
    let controls: BTreeSet<_> = drawn.iter().map(|pair| &pair.control).collect();
    assert_eq!(controls.len(), 40, "each is held back once");
}

#[test]
fn the_seed_says_who_is_held_back_and_nothing_else() {
    let (mut rollout, mut view) = comparing(&[40, 400]);
    let drawn = pairs(&rollout, &view);
    view.devices.reverse();
    assert_eq!(pairs(&rollout, &view), drawn, "an auditor draws the same");
    rollout.seed += 1;
    assert_ne!(pairs(&rollout, &view), drawn);
}

#[test]
fn a_zone_that_has_nobody_left_borrows_and_a_revision_does_not() {
    let (rollout, mut view) = comparing(&[10, 10]);
    let (canary, later) = view.devices.split_at_mut(10);
    canary
        .iter_mut()
        .for_each(|d| d.zone = "Europe/Berlin".into());
    later
        .iter_mut()
        .skip(1)
        .for_each(|d| d.hardware = "B".into());
    // Five canaries of C have one partner, five of B have five of nine.
    assert_eq!(pairs(&rollout, &view).len(), 6);
}

#[test]
fn where_sites_count_a_site_gives_one_to_each_side() {
    let (mut rollout, mut view) = comparing(&[40, 400]);
    at_sites(&mut rollout, &mut view, 5);
    let drawn = pairs(&rollout, &view);
    let sites = |side: fn(&Pair) -> &crate::DeviceId| -> BTreeSet<_> {
        let of = |pair| view.devices.iter().find(|d| d.id == *side(pair));
        drawn
            .iter()
            .map(|pair| of(pair).map(|d| d.site.clone()))
            .collect()
    };
    assert_eq!(
        sites(|pair| &pair.treated).len(),
        8,
        "the canary of forty stands at eight sites"
    );
    assert_eq!(sites(|pair| &pair.control).len(), 8, "no site has two");
    assert_eq!(drawn.len(), 8);
}

#[test]
fn large_waves_are_compared_in_part() {
    let (rollout, view) = comparing(&[1050, 1100]);
    assert_eq!(pairs(&rollout, &view).len(), 1000);
}

#[test]
fn who_was_not_heard_of_lately_is_no_partner() {
    let (rollout, mut view) = comparing(&[40, 400]);
    for (n, device) in view.devices.iter_mut().skip(40).enumerate() {
        // Polls are ten minutes apart; three missed ones are silence.
        let seen = [None, Some(at(-30)), Some(at(-29)), Some(at(-60_000))][n / 2 % 4];
        device.last_seen = seen.map(KeptInstant::from);
    }
    let heard = |pair: &Pair| {
        let mut devices = view.devices.iter();
        devices.any(|d| d.id == pair.control && d.last_seen() == Some(at(-29)))
    };
    let drawn = pairs(&rollout, &view);
    assert!(drawn.len() == 40 && drawn.iter().all(heard));
}

#[test]
fn who_runs_something_else_by_now_is_no_partner() {
    let (rollout, mut view) = comparing(&[40, 40]);
    let later = view.devices.iter_mut().skip(40);
    later
        .take(30)
        .for_each(|d| d.running = Some(crate::ReleaseDigest([9; 32]).into()));
    assert_eq!(pairs(&rollout, &view).len(), 10);
}

/// The same devices beside the same ones, in a wave later: it isn't the same lot.
#[test]
fn each_wave_draws_for_itself() {
    let (rollout, mut view) = comparing(&[40, 0, 400]);
    let first = draw(&rollout, &view, 0, at(0)).pairs;
    view.devices.iter_mut().take(40).for_each(|d| d.wave = 1);
    let second = draw(&rollout, &view, 1, at(0)).pairs;
    assert!(first.len() == 40 && second.len() == 40);
    let partners =
        |pairs: &[Pair]| -> BTreeSet<_> { pairs.iter().map(|pair| pair.control.clone()).collect() };
    assert_ne!(partners(&first), partners(&second));
}

#[test]
fn who_found_no_partner_is_counted() {
    let (rollout, mut view) = comparing(&[40, 30]);
    let later = view.devices.iter_mut().skip(40);
    later.for_each(|d| d.hardware = "C".into());
    let drawn = draw(&rollout, &view, 0, at(0));
    assert_eq!((drawn.pairs.len(), drawn.alone), (20, 20));
}
