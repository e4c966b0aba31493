//! Service levels: what is counted, what is judged, and what is left unsaid.

mod fleet;
mod judged;
mod kept;
mod properties;
mod stopped;

use jiff::{SignedDuration, Timestamp};
use mainstay_plan::{Plan, TrackName, parse, starting_plan};
use mainstay_rollout::{FailureCause, Progress, ReleaseDigest};
use mainstay_telemetry::ServiceLevels;
use mainstay_telemetry::levels::{
    Carried, Enrolled, Fleet, Level, Measure, Rolled, Standing, service_levels,
};

/// An hour in seconds.
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// `second` seconds after the start of each rollout: 12 January 2027, the second Tuesday, at noon.
fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2027-01-12T12:00:00Z".parse().expect("an instant");
    start + SignedDuration::from_secs(second)
}

/// The starting plan with these goals of its maintenance track, and what else is given.
fn plan(goals: &str, more: &str) -> Plan {
    let text = starting_plan().replacen(
        "[rollout]",
        &format!("[track.maintenance.goals]\n{goals}\n{more}\n[rollout]"),
        1,
    );
    parse(&text).unwrap_or_else(|found| panic!("{found:?}"))
}

fn rolled(over_at: Option<i64>, halted_at: Option<i64>) -> Rolled {
    Rolled {
        release: "device-v1@1.1.0".to_owned(),
        candidate: ReleaseDigest([2; 32]),
        class: "device-v1".to_owned(),
        track: TrackName::Maintenance,
        started_at: at(0),
        over_at: over_at.or(halted_at).map(at),
        halted_at: halted_at.map(at),
        ends_at_percent: None,
    }
}

fn confirmed(second: i64) -> Progress {
    Progress::Confirmed {
        began: at(0),
        booted: at(0),
        at: at(second),
    }
}

fn failed(second: i64, cause: FailureCause) -> Progress {
    Progress::Failed {
        began: at(0),
        at: at(second),
        cause,
    }
}

/// A rollout of these devices, all of them heard of just now and in every cohort.
fn carried(plan: &Plan, rolled: Rolled, devices: &[Progress], now: i64) -> Carried {
    let (cohorts, within) = (plan.cohorts.len(), plan.service_levels.active_within);
    let mut carried = Carried::new(rolled, cohorts, within, at(now));
    for progress in devices {
        let device = Enrolled {
            progress,
            last_seen: Some(at(now)),
            confirmed_again: None,
            verified_since: None,
        };
        carried.add(&device, 0..cohorts);
    }
    carried
}

fn levels(plan: &Plan, carried: &[Carried], now: i64) -> ServiceLevels {
    let started: Vec<_> = carried.iter().map(|one| one.rolled.clone()).collect();
    service_levels(plan, Fleet::new(plan, at(now)), carried, &started, at(now))
}

/// The level of the first subject for which this is measured: of the newest release, if it is about releases.
fn level(levels: &ServiceLevels, measure: Measure) -> &Level {
    let found = levels.levels.iter().find(|level| level.measure == measure);
    found.unwrap_or_else(|| panic!("{measure:?} is measured"))
}

/// How a measure of one release stands, with its sentence.
fn stands(
    plan: &Plan,
    rolled: Rolled,
    devices: &[Progress],
    (now, measure): (i64, Measure),
) -> (Standing, String) {
    let carried = [carried(plan, rolled, devices, now)];
    let levels = levels(plan, &carried, now);
    let level = level(&levels, measure);
    (level.standing, level.because.clone())
}
