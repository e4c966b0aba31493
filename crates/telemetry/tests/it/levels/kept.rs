//! Dates of a track against the rollouts that kept them.

use jiff::Timestamp;
use mainstay_telemetry::levels::{Measure, Rolled, Standing, service_levels};

use super::*;

/// How the maintenance track stands (second Tuesdays: 12 January, 9 February, 9 March, 13 April 2027), after rollouts
/// that started on these days.
fn check(starts: &[&str], today: &str, expected: (Standing, &str)) {
    let plan = plan("dates_kept = \"75 %\"", "");
    let moment = |day: &str| -> Timestamp { format!("{day}T12:00:00Z").parse().expect("a day") };
    let now = moment(today);
    let starts = starts.iter().map(|day| Rolled {
        started_at: moment(day),
        ..rolled(None, None)
    });
    let started: Vec<_> = starts.collect();
    let levels = service_levels(&plan, Fleet::new(&plan, now), &[], &started, now);
    let level = level(&levels, Measure::DatesKept);
    assert_eq!((level.standing, &*level.because), expected, "{started:?}");
}

#[test]
fn a_date_is_kept_on_its_day_or_up_to_a_week_before() {
    let (met, missed, unsaid) = (Standing::Met, Standing::Missed, Standing::Unsaid);
    check(&[], "2027-04-20", (unsaid, "Nothing was released yet."));
    check(
        &["2027-01-20"],
        "2027-02-08",
        (
            unsaid,
            "No date has passed since the first release, on 2027-01-20.",
        ),
    );
    // The day itself isn't over.
    check(
        &["2027-01-12"],
        "2027-02-09",
        (
            met,
            "1 of 1 dates since 2027-01-12 were kept; promised are at least 75 %.",
        ),
    );
    check(
        &["2027-01-12", "2027-02-02", "2027-03-09", "2027-04-14"],
        "2027-04-20",
        (
            met,
            "3 of 4 dates since 2027-01-12 were kept, not 2027-04-13; promised are at least 75 %.",
        ),
    );
    check(
        &["2027-01-12", "2027-02-01", "2027-03-09"],
        "2027-04-20",
        (
            missed,
            "2 of 4 dates since 2027-01-12 were kept, not 2027-04-13, 2027-02-09; promised are at least 75 %.",
        ),
    );
}

#[test]
fn dates_of_long_ago_are_forgotten() {
    check(
        &["2020-01-14"],
        "2027-04-20",
        (
            Standing::Missed,
            "0 of 13 dates since 2026-03-16 were kept, not 2027-04-13, 2027-03-09, 2027-02-09 and 10 before; \
             promised are at least 75 %.",
        ),
    );
}

#[test]
fn a_track_without_dates_keeps_none() {
    let plan = plan("", "");
    let levels = levels(&plan, &[], DAY);
    let tracks: Vec<_> = levels.levels.iter().map(|level| level.track.id()).collect();
    assert_eq!(tracks, ["maintenance"], "the hotfix track has no dates");
    assert_eq!(
        level(&levels, Measure::DatesKept).standing,
        Standing::NoGoal
    );
}
