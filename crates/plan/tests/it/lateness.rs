//! Whether a track keeps its dates, as of a day.

use jiff::civil::Date;
use mainstay_plan::calendar::{Lateness, lateness};
use mainstay_plan::{Cadence, TrackName};

use crate::calendar::{HOLIDAYS, cadence, dates, day};

/// Last release, today, and what is said. The second Tuesdays of late 2026 are 8 September, 13
/// October, 10 November and 8 December.
fn check(cases: &[(&str, &str, &str)]) {
    let maintenance = cadence("month on the second Tuesday");
    for (last, today, expected) in cases {
        let stands = lateness(maintenance, day(last), day(today), HOLIDAYS);
        let sentence = stands.sentence(TrackName::Maintenance);
        assert_eq!(sentence, *expected, "{last} {today}");
    }
}

#[test]
fn lateness_is_reckoned_from_the_first_date_that_passed() {
    let cases = [
        (
            "2026-11-10",
            "2026-11-26",
            "maintenance is on time: due on 2026-12-08, in 12 days.",
        ),
        (
            "2026-11-12",
            "2026-12-07",
            "maintenance is on time: due on 2026-12-08, in 1 day.",
        ),
        (
            "2026-11-10",
            "2026-12-08",
            "maintenance is due today, 2026-12-08.",
        ),
        (
            "2026-11-10",
            "2026-12-09",
            "maintenance was due on 2026-12-08 and is 1 day late.",
        ),
        (
            "2026-10-13",
            "2026-11-26",
            "maintenance was due on 2026-11-10 and is 16 days late.",
        ),
        (
            "2026-09-08",
            "2026-11-26",
            "maintenance was due on 2026-10-13 and is 44 days late, and one more date has passed since.",
        ),
        (
            "2026-08-11",
            "2026-11-26",
            "maintenance was due on 2026-09-08 and is 79 days late, and 2 more dates have passed since.",
        ),
        // The next date is today, and hasn't passed.
        (
            "2026-09-08",
            "2026-11-10",
            "maintenance was due on 2026-10-13 and is 28 days late.",
        ),
    ];
    check(&cases);
}

#[test]
fn a_week_early_keeps_the_date_and_eight_days_early_does_not() {
    let cases = [
        (
            "2026-11-03",
            "2026-11-26",
            "maintenance is on time: due on 2026-12-08, in 12 days.",
        ),
        // The second Tuesdays of February and March 2027 lie 28 days apart: a release three weeks late keeps both.
        (
            "2027-03-02",
            "2027-03-10",
            "maintenance is on time: due on 2027-04-13, in 34 days.",
        ),
        (
            "2027-03-01",
            "2027-03-10",
            "maintenance was due on 2027-03-09 and is 1 day late.",
        ),
        (
            "2026-11-02",
            "2026-11-26",
            "maintenance was due on 2026-11-10 and is 16 days late.",
        ),
    ];
    check(&cases);
}

#[test]
fn a_moved_date_is_late_from_where_it_moved_to_and_one_left_out_never() {
    let feature = cadence("quarter on the first Monday");
    let on = |today: &str| lateness(feature, day("2027-04-05"), day(today), HOLIDAYS);
    let due = day("2027-07-06");
    assert_eq!(on("2027-07-06"), Lateness::OnTime { due, in_days: 0 });
    let (days, missed_since) = (1, 0);
    assert_eq!(
        on("2027-07-07"),
        Lateness::Late {
            due,
            days,
            missed_since
        }
    );
    let long = [dates("2026-11-01", "2027-01-10")];
    let maintenance = cadence("month on the second Tuesday");
    let stands = lateness(maintenance, day("2026-10-13"), day("2026-12-31"), &long);
    let (due, in_days) = (day("2027-01-11"), 11);
    assert_eq!(stands, Lateness::OnTime { due, in_days });
}

#[test]
fn what_has_no_dates_is_never_late() {
    let monthly = cadence("month on the second Tuesday");
    for (cadence, last) in [
        (Cadence::Emergency, day("2020-01-01")),
        (monthly, Date::MAX),
    ] {
        let stands = lateness(cadence, last, day("2026-11-26"), HOLIDAYS);
        assert_eq!(stands, Lateness::NoDates);
        let sentence = stands.sentence(TrackName::Hotfix);
        assert_eq!(sentence, "hotfix has no dates that it could miss.");
    }
}
