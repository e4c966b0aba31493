//! Previews of small fleets: 30 minutes of horizon, polls each 10 minutes, a canary of 40.

mod compared;
mod emergency;
mod large;
mod left_out;
mod needs;
mod promotion;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use jiff::{SignedDuration, Timestamp, civil::time, tz::TimeZone};
use mainstay_fleet::{Device, Running};
use mainstay_plan as plan;

use super::course::{Course, Effort};
use super::{Pace, Premise, Preview, preview, preview_until};
use crate::rollout::{Rollout, RolloutId};
use crate::sample::draw;
use crate::testing::{self, OLD, at};

const ZONES: [&str; 4] = [
    "America/New_York",
    "America/Denver",
    "America/Phoenix",
    "Pacific/Guam",
];

/// Heard of within the last ten minutes, each at its own second.
fn device(n: usize) -> Device {
    let seen = SignedDuration::from_secs(i64::try_from(n * 37 % 600).expect("small"));
    Device {
        id: testing::id(n),
        class: "thermo-v2".to_owned(),
        hardware: format!("H{}", n % 2),
        zone: ZONES[n % ZONES.len()].to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: at(-1000),
        last_seen: Some(at(0) - seen),
        running: Some(Running {
            release: OLD,
            version: "1.0.0".to_owned(),
            sequence: 1,
            verified: true,
            last_resort: false,
            since: at(-1000),
        }),
        attributes: BTreeMap::new(),
    }
}

fn fleet(count: usize) -> Vec<Device> {
    (0..count).map(device).collect()
}

fn premise(devices: &[Device]) -> Premise<'_> {
    Premise {
        candidate: testing::candidate(),
        terms: testing::terms(),
        rules: testing::rules(),
        devices,
        seed: 7,
        now: at(0),
        pace: Pace {
            image_bytes: 600_000,
            bytes_per_second: 10_000,
            restart: SignedDuration::from_secs(20),
            confirm: SignedDuration::from_mins(5),
        },
        look_every: SignedDuration::from_secs(10),
    }
}

/// At night, but not from Friday to Sunday, spread over an hour.
fn at_night(premise: &mut Premise<'_>) {
    premise.rules.window = plan::Window {
        from: time(1, 0, 0, 0),
        until: time(4, 0, 0, 0),
        days: plan::DaySet::parse("Mon-Thu").expect("days"),
        dst_gap: plan::DstGap::Skip,
    };
    premise.rules.jitter = SignedDuration::from_hours(1);
    premise.rules.give_up_after = SignedDuration::from_hours(7 * 24);
}

fn told(premise: &Premise<'_>) -> Preview {
    preview(premise).expect("somebody is eligible")
}

/// The preview if the server looks every time, and no more work is done than of so many moments.
fn told_eagerly(premise: &Premise<'_>, most: u64) -> Preview {
    let Premise {
        rules, seed, now, ..
    } = premise;
    let devices = premise.devices;
    let enrolments = draw(&premise.terms, rules, *seed, devices, *now).expect("eligible");
    let (id, candidate) = (RolloutId(0), premise.candidate.clone());
    let rules = rules.clone();
    let rollout = Rollout::start(
        id,
        candidate,
        rules,
        String::new(),
        *seed,
        &enrolments,
        *now,
    );
    let stop = AtomicBool::new(false);
    let effort = Effort::new(most, &stop);
    let lived = Course::begin(premise, rollout, &enrolments).live(true, effort);
    super::gather::gather(premise, lived)
}

#[test]
fn looks_that_are_passed_over_would_have_found_nothing() {
    let devices = fleet(120);
    let always = premise(&devices);
    let mut nights = always.clone();
    at_night(&mut nights);
    let mut crowded = nights.clone();
    crowded.rules.limits.downloads = 2;
    let mut one_wave = always.clone();
    one_wave.rules.waves = vec![plan::Wave::Percent(100)];
    let mut small = nights.clone();
    small.rules.canary.devices = 12;
    small.rules.canary.at_least_per_hardware = 2;
    let mut by_site = nights.clone();
    by_site.rules.install.unit = plan::Unit::Site;
    for premise in [always, nights, crowded, one_wave, small, by_site] {
        let preview = told(&premise);
        assert!(preview.ends.is_some(), "{preview:#?}");
        assert_eq!(preview, told_eagerly(&premise, u64::MAX));
    }
}

#[test]
fn an_open_window_takes_horizon_and_soak() {
    let devices = fleet(500);
    let preview = told(&premise(&devices));
    let waves: Vec<_> = preview.waves.iter().map(|wave| wave.devices).collect();
    assert_eq!(waves, [40, 46, 414]);
    assert_eq!(preview.waves[0].starts, Some(at(0)));
    // Twenty healthy devices are enough: the first half of the canary within its first poll, judged half an hour later.
    let passes = preview.waves[0].passes.expect("accepted");
    assert!((at(30)..at(51)).contains(&passes), "{passes}");
    let soak = SignedDuration::from_hours(1);
    assert_eq!(preview.waves[0].ends, Some(passes + soak));
    assert_eq!(preview.waves[1].starts, preview.waves[0].ends);
    assert_eq!(preview.waves[2].passes, None, "the last needs no ground");
    assert_eq!(preview.waves[2].ends, preview.ends);
    assert_eq!(preview.unreached, []);
}

#[test]
fn each_zone_has_its_own_night() {
    let devices = fleet(200);
    let mut premise = premise(&devices);
    at_night(&mut premise);
    let preview = told(&premise);
    let canary = &preview.waves[0];
    assert_eq!(canary.zones.len(), ZONES.len());
    for zone in &canary.zones {
        let tz = TimeZone::get(&zone.zone).expect("a zone");
        let clock = |at: Option<Timestamp>| tz.to_datetime(at.expect("somebody does")).time();
        let first = clock(zone.first);
        assert!(
            (time(1, 0, 0, 0)..time(2, 0, 0, 0)).contains(&first),
            "{zone:?}"
        );
        // A minute of download, the restart and five minutes of trial after the last turn.
        let last = clock(zone.last);
        assert!(last < time(2, 7, 0, 0), "{zone:?}");
    }
    let zones = preview.waves.iter().flat_map(|wave| &wave.zones);
    assert_eq!(zones.map(|zone| zone.devices).sum::<u32>(), 200);
    // Wednesday noon in Greenwich: Guam's night is the first, and Thursday's window is the last before Monday.
    assert!(canary.ends < Some(at(2 * 24 * 60)), "{:?}", canary.ends);
}

#[test]
fn downloads_never_pass_the_limit_and_some_find_no_room() {
    let devices = fleet(200);
    let mut premise = premise(&devices);
    premise.rules.limits.downloads = 3;
    let preview = told(&premise);
    assert_eq!(preview.peak.downloads, 3);
    assert_eq!(preview.peak.bytes_per_second, 30_000);
    assert_eq!(preview.peak.limit_bytes_per_second, 1_000_000);
    assert_eq!(preview.unreached, []);
    // An hour each: three places take 72 devices at most in the day for which a wave is patient.
    premise.pace.bytes_per_second = 166;
    premise.rules.install.horizon = SignedDuration::from_hours(3);
    premise.rules.give_up_after = SignedDuration::from_hours(24);
    let preview = told(&premise);
    let no_room = &preview.unreached[0];
    assert_eq!(no_room.id, "preview.downloads");
    assert!(no_room.devices > 50, "{}", no_room.devices);
}

#[test]
fn a_window_that_never_opens_in_time_reaches_nobody() {
    let devices = fleet(60);
    let mut premise = premise(&devices);
    at_night(&mut premise);
    premise.rules.blackout = vec![plan::Blackout::UsFederalHolidays];
    // The Friday before the weekend: the window opens on Monday night.
    premise.now = "2026-07-17T12:00:00Z".parse().expect("a constant");
    let devices: Vec<_> = devices
        .iter()
        .map(|device| Device {
            last_seen: Some(premise.now),
            ..device.clone()
        })
        .collect();
    premise.devices = &devices;
    premise.rules.give_up_after = SignedDuration::from_hours(24);
    let preview = told(&premise);
    assert_eq!(preview.unreached[0].id, "preview.window");
    let asked = preview.waves[0].asks.as_ref().expect("a person is asked");
    assert_eq!(asked.at, premise.now + SignedDuration::from_hours(24));
    let silent = preview.catches.iter().all(|catch| catch.of == 0);
    assert!(silent, "a canary that reaches nobody catches nothing");
    let words = preview.assumptions.join(" ");
    assert!(words.contains("Who is asked lets it go on"), "{words}");
}

/// Whoever came in its turn and found no room lacks room, also when it is told last that its window is closed.
#[test]
fn a_night_without_room_is_told_of_by_day_too() {
    let devices = fleet(120);
    let mut premise = premise(&devices);
    at_night(&mut premise);
    premise.rules.waves = vec![plan::Wave::Percent(100)];
    premise.rules.limits.downloads = 2;
    // Fifty minutes each, where a night has three hours.
    premise.pace.bytes_per_second = 200;
    premise.rules.install.horizon = SignedDuration::from_hours(3);
    // Until noon in Greenwich, when no zone has its night.
    premise.rules.give_up_after = SignedDuration::from_hours(24);
    let preview = told(&premise);
    let ids: Vec<_> = preview.unreached.iter().map(|one| &one.id).collect();
    assert_eq!(ids, ["preview.downloads"], "{:?}", preview.unreached);
}

/// A look passes over all devices, so it is no single moment's work.
#[test]
fn looks_are_charged_by_the_size_of_the_fleet() {
    let devices = fleet(1600);
    let premise = premise(&devices);
    let preview = told_eagerly(&premise, 10_000);
    assert_eq!(preview.ends, None);
    let words = preview.assumptions.join(" ");
    // A hundred and twenty looks, each ten seconds; ten thousand would take longer than a day.
    let until = words.split("followed until ").nth(1).expect("it says so");
    let until: Timestamp = until
        .split(' ')
        .next()
        .expect("a word")
        .parse()
        .expect("an instant");
    assert!(until < at(60), "{words}");
}

#[test]
fn one_that_is_stopped_says_how_far_it_came_and_counts_nobody_out() {
    let devices = fleet(200);
    let premise = premise(&devices);
    let preview = preview_until(&AtomicBool::new(true), &premise).expect("eligible");
    assert_eq!((preview.ends, preview.unreached), (None, Vec::new()));
    assert_eq!(preview.not_followed, 200);
    let words = preview.assumptions.join(" ");
    let sentence = format!("It was followed until {} and no further", at(0));
    assert!(words.contains(&sentence), "{words}");
    let whole = preview_until(&AtomicBool::new(false), &premise).expect("eligible");
    assert_eq!(whole.not_followed, 0);
    assert!(!whole.assumptions.join(" ").contains("followed until"));
}

/// A wave's patience ends before the rollout is left: who hasn't begun by then is unreached, whatever comes later.
#[test]
fn one_that_is_cut_short_counts_out_whom_its_wave_has_given_up() {
    let mut devices = fleet(200);
    for device in &mut devices[..20] {
        device.last_seen = None;
    }
    let mut premise = premise(&devices);
    premise.rules.waves = vec![plan::Wave::Percent(50), plan::Wave::Percent(100)];
    premise.rules.give_up_after = SignedDuration::from_hours(1);
    // The first wave rests for so long that the second isn't reached.
    premise.rules.soak = SignedDuration::from_hours(1000 * 24);
    let preview = told_eagerly(&premise, 50_000);
    let [first, second] = &preview.waves[..] else {
        panic!("{:?}", preview.waves);
    };
    assert_eq!((preview.ends, second.starts), (None, None));
    assert!(first.unreached > 0, "some of twenty are drawn into it");
    assert_eq!(second.unreached, 0);
    let given_up: u32 = preview.unreached.iter().map(|one| one.devices).sum();
    assert_eq!(
        (given_up, preview.not_followed),
        (first.unreached, second.devices)
    );
}

/// The last wave needs no ground: what it can't tell is complete all the same.
#[test]
fn a_plan_of_one_wave_asks_nobody() {
    let devices = fleet(60);
    let mut premise = premise(&devices);
    let several = told(&premise);
    premise.rules.waves = vec![plan::Wave::Percent(100)];
    let one = told(&premise);
    assert!(several.catches.iter().any(|catch| catch.asks_permille > 0));
    for catch in &one.catches {
        assert_eq!(catch.asks_permille, 0, "{catch:?}");
        assert_eq!(catch.halts_permille + catch.goes_on_permille, 1000);
    }
}

#[test]
fn what_the_chances_rest_on_is_said_in_the_plan_s_unit() {
    let devices = fleet(60);
    let mut premise = premise(&devices);
    for (unit, units) in [(plan::Unit::Device, "devices"), (plan::Unit::Site, "sites")] {
        premise.rules.install.unit = unit;
        let preview = told(&premise);
        let sentence = format!("reckoned for {units} that fail independently");
        assert!(preview.assumptions.join(" ").contains(&sentence), "{units}");
        assert!(preview.catches.iter().all(|catch| catch.unit == unit));
    }
}

#[test]
fn devices_that_download_past_their_horizon_make_it_ask() {
    let devices = fleet(60);
    let mut premise = premise(&devices);
    // Two hours, where devices are judged after half an hour and silent after an hour.
    premise.pace.bytes_per_second = 84;
    let preview = told(&premise);
    let asked = preview.waves[0].asks.as_ref().expect("a person is asked");
    assert!(asked.what.contains("fell silent"), "{}", asked.what);
    assert!(preview.ends.is_some());
}

#[test]
fn the_canary_is_told_what_it_catches() {
    let devices = fleet(500);
    let mut premise = premise(&devices);
    let preview = told(&premise);
    let rates: Vec<_> = preview.catches.iter().map(|c| c.fails_on_percent).collect();
    assert_eq!(rates, [1.0, 6.5, 12.0, 24.0, 60.0]);
    let goes_on: Vec<_> = preview.catches.iter().map(|c| c.goes_on_permille).collect();
    assert!(goes_on.is_sorted_by(|a, b| a >= b), "{goes_on:?}");
    assert!(goes_on[0] > 800 && goes_on[2] <= 100, "{goes_on:?}");
    for catch in &preview.catches {
        let all = catch.halts_permille + catch.asks_permille + catch.goes_on_permille;
        assert_eq!((catch.of, all), (40, 1000), "{catch:?}");
    }
    // To three places: between 0.1 and 3.3 lies 1.7, and no 1.7000000000000002.
    (premise.rules.install.expect, premise.rules.install.halt) = (0.1, 3.3);
    let preview = told(&premise);
    let rates: Vec<_> = preview.catches.iter().map(|c| c.fails_on_percent).collect();
    assert_eq!(rates, [0.1, 1.7, 3.3, 6.6, 16.5]);
}

#[test]
fn a_preview_is_read_back_as_it_was_written() {
    let devices = fleet(60);
    let preview = told(&premise(&devices));
    let text = serde_json::to_string(&preview).expect("it can be written");
    let read: Preview = serde_json::from_str(&text).expect("it can be read");
    assert_eq!(read, preview);
}
