//! Releases against goals: table by table.

use jiff::SignedDuration;
use mainstay_rollout::{FailureCause, Progress};
use mainstay_telemetry::levels::{Carried, Enrolled, Figure, Measure, Standing};

use super::*;

fn times(count: usize, progress: &Progress) -> Vec<Progress> {
    vec![progress.clone(); count]
}

fn together(groups: &[(usize, Progress)]) -> Vec<Progress> {
    let groups = groups.iter();
    groups.flat_map(|(count, one)| times(*count, one)).collect()
}

#[test]
fn adoption_is_met_once_enough_had_it_and_missed_once_not_enough_can() {
    let plan = plan("p90_within = \"24h\"", "");
    let (early, late) = (confirmed(DAY), confirmed(DAY + 1));
    for (groups, over, now, expected, because) in [
        (
            vec![(9, early.clone()), (1, Progress::Waiting)],
            None,
            2 * DAY,
            Standing::Met,
            "90 % of 10 active devices had it verified after 1d; 1d are promised.",
        ),
        (
            vec![
                (8, early.clone()),
                (1, late.clone()),
                (1, Progress::Waiting),
            ],
            None,
            2 * DAY,
            Standing::Missed,
            "90 % of 10 active devices had it verified after 1d 1h; 1d are promised.",
        ),
        (
            vec![(8, confirmed(HOUR)), (2, Progress::Waiting)],
            None,
            DAY,
            Standing::Unsaid,
            "8 of 10 active devices have it verified, 9 are 90 %; 1d are promised, and there is time left.",
        ),
        (
            vec![(8, confirmed(HOUR)), (2, Progress::Waiting)],
            None,
            DAY + 1,
            Standing::Missed,
            "8 of 10 active devices have it verified, 9 are 90 %; 1d are promised.",
        ),
        // Nobody begins unasked once a rollout is over.
        (
            vec![(8, confirmed(HOUR)), (2, Progress::Waiting)],
            Some(2 * HOUR),
            3 * HOUR,
            Standing::Missed,
            "8 of 10 active devices have it verified, 9 are 90 %; 1d are promised.",
        ),
    ] {
        let told = stands(
            &plan,
            rolled(over, None),
            &together(&groups),
            (now, Measure::P90),
        );
        assert_eq!(told, (expected, because.to_owned()));
    }
}

/// A person lets two silent devices pass on the third day, and the rollout is complete without them.
#[test]
fn who_was_promised_it_or_began_may_follow_after_the_end() {
    let plan = plan("p99_within = \"21d\"", "");
    let began = Progress::Began { at: at(HOUR) };
    let on_trial = Progress::OnTrial {
        began: at(HOUR),
        booted: at(HOUR),
    };
    let promised = Progress::Promised { at: at(HOUR) };
    let refused = Progress::Refused {
        began: None,
        at: at(HOUR),
        refusal: "trust.held".into(),
    };
    let (met, missed, unsaid) = (Standing::Met, Standing::Missed, Standing::Unsaid);
    for (silent, day, expected) in [
        ([&began, &Progress::Waiting], 3, unsaid),
        ([&on_trial, &Progress::Waiting], 3, unsaid),
        ([&promised, &Progress::Waiting], 3, unsaid),
        ([&began, &confirmed(4 * DAY)], 4, met),
        ([&began, &promised], 22, missed),
        ([&refused, &Progress::Waiting], 3, missed),
    ] {
        let mut devices = times(98, &confirmed(HOUR));
        devices.extend(silent.map(Progress::clone));
        let now = (day * DAY, Measure::P99);
        let told = stands(&plan, rolled(Some(3 * DAY), None), &devices, now);
        assert_eq!(told.0, expected, "{silent:?} on day {day}: {}", told.1);
    }
}

/// What a device claims before it confirmed counts for nothing.
#[test]
fn only_verified_versions_are_adopted() {
    let plan = plan("p50_within = \"24h\"", "");
    let on_trial = Progress::OnTrial {
        began: at(0),
        booted: at(60),
    };
    let devices = together(&[(1, confirmed(60)), (9, on_trial)]);
    let told = stands(&plan, rolled(None, None), &devices, (DAY + 1, Measure::P50));
    assert_eq!(told.0, Standing::Missed);
    let carried = [carried(&plan, rolled(None, None), &devices, DAY)];
    let counts = levels(&plan, &carried, DAY).updates[0].counts;
    assert_eq!((counts.adopted, counts.under_way), (1, 9));
}

#[test]
fn who_cannot_be_reached_is_told_apart() {
    let plan = plan(
        "p99_within = \"24h\"",
        "[service_levels]\nactive_within = \"14d\"",
    );
    let now = 20 * DAY;
    let mut carried = Carried::new(
        rolled(None, None),
        0,
        plan.service_levels.active_within,
        at(now),
    );
    let (had, waiting) = (confirmed(HOUR), Progress::Waiting);
    for (progress, last_seen) in [
        (&had, Some(at(now))),
        // It has it, so it was reached.
        (&had, Some(at(HOUR))),
        (&waiting, Some(at(6 * DAY - 1))),
        (&waiting, None),
    ] {
        let device = Enrolled {
            progress,
            last_seen,
            confirmed_again: None,
            verified_since: None,
        };
        carried.add(&device, []);
    }
    let levels = levels(&plan, &[carried], now);
    let counts = levels.updates[0].counts;
    assert_eq!((counts.devices, counts.unreachable), (4, 2));
    let level = level(&levels, Measure::P99);
    assert_eq!(level.standing, Standing::Met);
    assert_eq!(
        level.because,
        "99 % of 2 active devices had it verified after 1h, 2 devices that can't be reached left out; 1d are promised."
    );
}

/// A release that kills devices must not look better once they have been silent for long.
#[test]
fn who_began_and_fell_silent_stays_in_the_share() {
    let plan = plan(
        "p99_within = \"24h\"",
        "[service_levels]\nactive_within = \"14d\"",
    );
    let now = 40 * DAY;
    let within = plan.service_levels.active_within;
    let mut carried = Carried::new(rolled(None, None), 0, within, at(now));
    let killed = failed(HOUR, FailureCause::Bricked);
    for (progress, count, last_seen) in [(confirmed(HOUR), 98, now), (killed, 2, HOUR)] {
        for _ in 0..count {
            let device = Enrolled {
                progress: &progress,
                last_seen: Some(at(last_seen)),
                confirmed_again: None,
                verified_since: None,
            };
            carried.add(&device, []);
        }
    }
    let levels = levels(&plan, &[carried], now);
    assert_eq!(levels.updates[0].counts.unreachable, 0);
    assert_eq!(level(&levels, Measure::P99).standing, Standing::Missed);
}

/// Devices on which it failed don't get it any more: a goal is missed as soon as the others are too few.
#[test]
fn who_failed_can_not_follow() {
    let plan = plan("p90_within = \"24h\"", "");
    let devices = together(&[
        (5, failed(HOUR, FailureCause::SelfTest)),
        (5, confirmed(HOUR)),
    ]);
    let told = stands(
        &plan,
        rolled(None, None),
        &devices,
        (2 * HOUR, Measure::P90),
    );
    assert_eq!(told.0, Standing::Missed, "{}", told.1);
}

#[test]
fn the_whole_fleet_is_held_to_fleet_within() {
    let mut plan = plan("", "");
    let track = plan.tracks.maintenance.as_mut().expect("declared");
    track.fleet_within = Some(SignedDuration::from_hours(24));
    let nearly = together(&[(99, confirmed(HOUR)), (1, Progress::Waiting)]);
    for (now, standing) in [(HOUR, Standing::Unsaid), (DAY + 1, Standing::Missed)] {
        let told = stands(&plan, rolled(None, None), &nearly, (now, Measure::Fleet));
        assert_eq!(told.0, standing);
    }
}

/// Those that were drawn are all that it reaches, and not all that there are.
#[test]
fn waves_that_end_early_meet_no_goal_for_the_fleet() {
    let plan = plan(
        "p50_within = \"24h\"",
        "[cohort.all]\nquery = 'has hardware'",
    );
    let whole = rolled(Some(DAY), None);
    let ending = |percent| Rolled {
        ends_at_percent: Some(percent),
        ..whole.clone()
    };
    let unsaid = Standing::Unsaid;
    let (canary, half) = (
        "its waves end with the canary",
        "its waves end at 50 % of the fleet",
    );
    let of_two = "1 of 2 releases reach only a part of the fleet";
    let (had, late) = (confirmed(HOUR), confirmed(2 * DAY));
    for (releases, progress, (expected, because)) in [
        (vec![ending(0)], &had, (unsaid, canary)),
        (vec![ending(50)], &had, (unsaid, half)),
        (vec![ending(50), whole.clone()], &had, (unsaid, of_two)),
        // Too few of a part are too few of all.
        (vec![ending(50)], &late, (Standing::Missed, half)),
    ] {
        let devices = times(40, progress);
        let releases = releases.into_iter();
        let carried: Vec<_> = releases
            .map(|one| carried(&plan, one, &devices, 3 * DAY))
            .collect();
        let levels = levels(&plan, &carried, 3 * DAY);
        let is_one = carried.len() == 1;
        let asked = |level: &&Level| {
            level.measure == Measure::P50 && (is_one || level.subject.kind() != "release")
        };
        for level in levels.levels.iter().filter(asked) {
            assert_eq!(level.standing, expected, "{level:?}");
            assert!(level.figure.is_some(), "{level:?}");
            assert!(level.because.ends_with(&format!("{because}.")), "{level:?}");
        }
    }
}

#[test]
fn a_halted_release_says_nothing_of_how_soon_the_fleet_has_one() {
    let plan = plan("p50_within = \"24h\"", "");
    let devices = times(9, &Progress::Waiting);
    let told = stands(
        &plan,
        rolled(None, Some(HOUR)),
        &devices,
        (9 * DAY, Measure::P50),
    );
    let because = "It was halted, and reaches nobody any more.".to_owned();
    assert_eq!(told, (Standing::Unsaid, because));
}

/// Good ones; ones that couldn't install it, gave it up, refused it untouched and refused it later; under way, waiting.
fn ended(counts: [usize; 7]) -> Vec<Progress> {
    let refused = |began| Progress::Refused {
        began,
        at: at(HOUR),
        refusal: "trust.unsigned".into(),
    };
    let kinds = [
        confirmed(HOUR),
        failed(HOUR, FailureCause::InstallFailed),
        failed(HOUR, FailureCause::SelfTest),
        refused(None),
        refused(Some(at(0))),
        Progress::Began { at: at(0) },
        Progress::Waiting,
    ];
    together(&counts.into_iter().zip(kinds).collect::<Vec<_>>())
}

const RATES: &str = "failures_at_most = \"10 %\"\nreverts_at_most = \"5 %\"";

#[test]
fn failures_are_counted_among_those_that_came_to_an_end() {
    let plan = plan(RATES, "");
    let (met, missed, unsaid) = (Standing::Met, Standing::Missed, Standing::Unsaid);
    for (over, counts, failures, reverts) in [
        // One of ten is as promised; one of nine isn't known to be until all is over.
        (None, [9, 1, 0, 0, 0, 0, 0], met, unsaid),
        (None, [8, 1, 0, 0, 0, 1, 0], unsaid, unsaid),
        (Some(DAY), [8, 1, 0, 0, 0, 1, 0], missed, met),
        // Too many for all the devices that there are.
        (None, [0, 0, 2, 0, 0, 0, 8], missed, missed),
        (None, [38, 0, 2, 0, 0, 0, 0], met, met),
        (None, [37, 0, 3, 0, 0, 0, 0], met, missed),
        // To refuse it untouched is no failure, afterwards it is.
        (Some(DAY), [9, 0, 0, 5, 0, 0, 0], met, met),
        (Some(DAY), [8, 0, 0, 0, 1, 0, 0], missed, met),
        (Some(DAY), [0, 0, 0, 0, 0, 0, 5], unsaid, unsaid),
    ] {
        let told = |measure| {
            let now = (2 * DAY, measure);
            stands(&plan, rolled(over, None), &ended(counts), now).0
        };
        assert_eq!(told(Measure::Failures), failures, "{counts:?}");
        assert_eq!(told(Measure::Reverts), reverts, "{counts:?}");
    }
}

#[test]
fn who_is_left_out_of_a_rate_is_told_beside_it() {
    let devices = ended([8, 1, 0, 0, 0, 2, 3]);
    let now = (DAY, Measure::Failures);
    let told = stands(&plan(RATES, ""), rolled(None, None), &devices, now).1;
    assert_eq!(
        told,
        "1 of 9 devices failed, 2 under way left out, 3 that never began left out; promised are at most 10 %, \
         and there are too few to say."
    );
}

/// A class is judged over its releases: each one's clock begins with its own rollout.
#[test]
fn releases_of_a_class_are_taken_together() {
    let plan = plan("p50_within = \"24h\"\nfailures_at_most = \"10 %\"", "");
    let now = 10 * DAY;
    let second = Rolled {
        release: "device-v1@1.2.0".to_owned(),
        started_at: at(9 * DAY),
        over_at: None,
        ..rolled(None, None)
    };
    let first = rolled(Some(2 * DAY), None);
    let carried = [
        carried(&plan, second, &times(6, &confirmed(9 * DAY + HOUR)), now),
        carried(&plan, first, &times(4, &confirmed(2 * DAY)), now),
    ];
    let levels = levels(&plan, &carried, now);
    let of_class = |measure| {
        let class = |level: &&Level| level.subject.kind() == "class" && level.measure == measure;
        levels.levels.iter().find(class).expect("measured")
    };
    assert_eq!(of_class(Measure::P50).standing, Standing::Met);
    assert_eq!(
        of_class(Measure::P50).figure,
        Some(Figure::Time { seconds: 3_600 })
    );
    assert_eq!(
        of_class(Measure::Failures).figure,
        Some(Figure::Share { part: 0, of: 10 })
    );
    let kinds: Vec<_> = levels
        .updates
        .iter()
        .map(|one| one.subject.name())
        .collect();
    assert_eq!(kinds, ["device-v1@1.2.0", "device-v1@1.1.0", "device-v1"]);
}

#[test]
fn without_goals_figures_are_told_and_nothing_is_judged() {
    let plan = plan("", "");
    let devices = together(&[
        (9, confirmed(HOUR)),
        (1, failed(HOUR, FailureCause::Bricked)),
    ]);
    let carried = [carried(&plan, rolled(Some(DAY), None), &devices, DAY)];
    let levels = levels(&plan, &carried, DAY);
    assert!(
        levels
            .levels
            .iter()
            .all(|level| level.standing == Standing::NoGoal)
    );
    assert_eq!(
        level(&levels, Measure::P90).figure,
        Some(Figure::Time { seconds: 3_600 })
    );
    assert_eq!(levels.missed().count(), 0);
}
