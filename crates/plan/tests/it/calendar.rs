//! The dates of a plan, against dates read off a wall calendar.

use jiff::civil::{Date, date};
use mainstay_plan::calendar::{Freeze, ReleaseDate, SupportEnd, freezes, notices, release_dates};
use mainstay_plan::{Blackout, Cadence, Calendar, TrackName, parse};

use crate::examples::{MINIMAL, THERMOSTAT};

pub(crate) const HOLIDAYS: &[Blackout] = &[Blackout::UsFederalHolidays];

pub(crate) fn dates(from: &str, to: &str) -> Blackout {
    Blackout::Dates {
        from: day(from),
        to: day(to),
    }
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

/// The cadence that a plan's words stand for.
pub(crate) fn cadence(words: &str) -> Cadence {
    let line = format!("every = \"{words}\"");
    let text = THERMOSTAT.replace("every = \"month on the second Tuesday\"", &line);
    let plan = parse(&text).expect("a plan");
    plan.tracks
        .get(TrackName::Maintenance)
        .and_then(|track| track.cadence)
        .expect("a cadence")
}

/// `2027-11-12`, and what differs from the cadence after a comma.
fn shown(date: &ReleaseDate) -> String {
    match date.remark() {
        None => date.declared.to_string(),
        Some(remark) => format!("{}, {remark}", date.day()),
    }
}

fn first(count: usize, words: &str, from: &str, blackouts: &[Blackout]) -> Vec<String> {
    let dates = release_dates(cadence(words), day(from), blackouts);
    dates.take(count).map(|date| shown(&date)).collect()
}

#[test]
fn a_year_of_second_tuesdays() {
    let expected = [
        "2026-12-08",
        "2027-01-12",
        "2027-02-09",
        "2027-03-09",
        "2027-04-13",
        "2027-05-11",
        "2027-06-08",
        "2027-07-13",
        "2027-08-10",
        "2027-09-14",
        "2027-10-12",
        "2027-11-09",
        "2027-12-14",
    ];
    let words = "month on the second Tuesday";
    assert_eq!(first(13, words, "2026-11-11", HOLIDAYS), expected);
    assert_eq!(first(13, words, "2026-12-08", HOLIDAYS), expected);
    assert_eq!(first(12, words, "2026-12-09", HOLIDAYS), expected[1..]);
}

#[test]
fn quarters_begin_in_january_april_july_and_october() {
    let expected = [
        "2027-01-04",
        "2027-04-05",
        "2027-07-06, moved from 2027-07-05 because of Independence Day",
        "2027-10-04",
        "2028-01-03",
    ];
    let words = "quarter on the first Monday";
    assert_eq!(first(5, words, "2026-10-06", HOLIDAYS), expected);
    assert_eq!(first(5, words, "2027-01-04", HOLIDAYS), expected);
    let last = ["2027-01-25", "2027-04-26"];
    let words = "quarter on the last Monday";
    assert_eq!(first(2, words, "2027-01-01", HOLIDAYS), last);
}

#[test]
fn a_frozen_date_moves_to_the_next_working_day() {
    let year_end = dates("2026-12-21", "2027-01-01");
    let both = [Blackout::UsFederalHolidays, year_end];
    for (words, from, blackouts, expected) in [
        (
            "month on the fourth Thursday",
            "2027-11-01",
            HOLIDAYS,
            "2027-11-26, moved from 2027-11-25 because of Thanksgiving Day",
        ),
        // Over a year's end and a weekend: 31 December is New Year's Day as observed.
        (
            "month on the last Friday",
            "2027-12-01",
            HOLIDAYS,
            "2028-01-03, moved from 2027-12-31 because of New Year's Day",
        ),
        // The calendar that begins within such a move still shows it.
        (
            "month on the last Friday",
            "2028-01-02",
            HOLIDAYS,
            "2028-01-03, moved from 2027-12-31 because of New Year's Day",
        ),
        (
            "month on the third Saturday",
            "2027-06-01",
            HOLIDAYS,
            "2027-06-21, moved from 2027-06-19 because of Juneteenth",
        ),
        // A Saturday that nothing freezes is what the plan wants.
        (
            "month on the first Saturday",
            "2027-02-01",
            HOLIDAYS,
            "2027-02-06",
        ),
        (
            "month on the fourth Tuesday",
            "2026-12-01",
            &both,
            "2027-01-04, moved from 2026-12-22 because of 2026-12-21..2027-01-01",
        ),
    ] {
        assert_eq!(first(1, words, from, blackouts), [expected], "{words}");
    }
}

#[test]
fn a_date_frozen_until_the_next_one_is_left_out() {
    let long = [dates("2026-11-01", "2027-01-10")];
    let expected = [
        "2026-10-13",
        "2026-11-10, left out because of 2026-11-01..2027-01-10: the next date comes before a free \
         working day does",
        "2027-01-11, moved from 2026-12-08 because of 2026-11-01..2027-01-10",
        "2027-01-12",
    ];
    let words = "month on the second Tuesday";
    assert_eq!(first(4, words, "2026-10-01", &long), expected);
}

#[test]
fn an_emergency_has_no_dates_and_the_calendar_has_an_end() {
    let of = |cadence, from| release_dates(cadence, from, HOLIDAYS).count();
    assert_eq!(of(Cadence::Emergency, date(2026, 11, 26)), 0);
    let monthly = cadence("month on the second Tuesday");
    assert_eq!(of(monthly, date(9999, 11, 1)), 2);
    assert_eq!(of(monthly, Date::MAX), 0);
    let earliest = release_dates(monthly, Date::MIN, HOLIDAYS).next();
    assert_eq!(earliest.map(|date| date.declared.year()), Some(-9999));
}

fn stretches(freezes: &[Freeze]) -> Vec<String> {
    let shown = |freeze: &Freeze| {
        format!(
            "{} to {}: {}",
            freeze.from,
            freeze.to,
            freeze.names.join(", ")
        )
    };
    freezes.iter().map(shown).collect()
}

#[test]
fn neighbouring_frozen_days_are_one_freeze() {
    let blackouts = [
        Blackout::UsFederalHolidays,
        dates("2027-06-20", "2027-06-22"),
        dates("2027-11-22", "2027-11-27"),
    ];
    let found = freezes(&blackouts, day("2027-05-31"), day("2027-11-25"));
    let expected = [
        "2027-05-31 to 2027-05-31: Memorial Day",
        "2027-06-18 to 2027-06-22: Juneteenth, 2027-06-20..2027-06-22",
        "2027-07-04 to 2027-07-05: Independence Day",
        "2027-09-06 to 2027-09-06: Labor Day",
        "2027-10-11 to 2027-10-11: Columbus Day",
        "2027-11-11 to 2027-11-11: Veterans Day",
        "2027-11-22 to 2027-11-27: 2027-11-22..2027-11-27, Thanksgiving Day",
    ];
    assert_eq!(stretches(&found), expected);
}

#[test]
fn a_freeze_that_began_earlier_is_told_whole_and_one_that_has_ended_is_not() {
    let blackouts = [dates("2027-06-01", "2027-06-30")];
    let whole = ["2027-06-01 to 2027-06-30: 2027-06-01..2027-06-30"];
    let on = |from: &str, to: &str| stretches(&freezes(&blackouts, day(from), day(to)));
    assert_eq!(on("2027-06-15", "2027-06-16"), whole);
    assert_eq!(on("2027-06-30", "2027-12-31"), whole);
    assert!(on("2027-07-01", "2027-12-31").is_empty());
    assert!(on("2027-01-01", "2027-05-31").is_empty());
    let forever = [dates("2020-01-01", "9999-12-31")];
    let found = freezes(&forever, day("2027-01-01"), day("2027-01-31"));
    assert_eq!(found.len(), 1, "and it ends");
    assert!(freezes(HOLIDAYS, Date::MAX, Date::MAX).is_empty());
}

#[test]
fn the_thermostats_calendar_of_a_quarter() {
    let plan = parse(THERMOSTAT).unwrap();
    let calendar = Calendar::of(&plan, day("2027-07-01"), day("2027-09-30"));
    let releases: Vec<_> = calendar
        .releases
        .iter()
        .map(|release| format!("{} {}", release.track, shown(&release.date)))
        .collect();
    let expected = [
        "feature 2027-07-06, moved from 2027-07-05 because of Independence Day",
        "maintenance 2027-07-13",
        "maintenance 2027-08-10",
        "maintenance 2027-09-14",
    ];
    assert_eq!(releases, expected);
    let expected = [
        "2027-07-04 to 2027-07-05: Independence Day",
        "2027-09-06 to 2027-09-06: Labor Day",
    ];
    assert_eq!(stretches(&calendar.freezes), expected);
    let [security] = &calendar.support[..] else {
        panic!("sales ended the day before, {:?}", calendar.support);
    };
    assert_eq!(security.ends, SupportEnd::Security);
    assert_eq!(security.last_day, day("2032-06-30"));
    assert_eq!(security.then.as_deref(), Some("thermo-v3"));
    let phrase = security.phrase();
    assert_eq!(phrase, "last day of security updates for thermo-v2");
    let [hotfix] = &calendar.undated[..] else {
        panic!("{:?}", calendar.undated);
    };
    assert_eq!(hotfix.track, TrackName::Hotfix);
    assert!(hotfix.because.starts_with("an emergency sets them"));
}

#[test]
fn promises_are_in_order_and_a_last_day_counts() {
    let text = THERMOSTAT.replace("then = ", "life_until = 2034-01-31, then = ");
    let plan = parse(&text).unwrap();
    let calendar = Calendar::of(&plan, day("2027-06-30"), day("2027-06-30"));
    let phrases: Vec<_> = calendar
        .support
        .iter()
        .map(|date| format!("{} {}", date.last_day, date.phrase()))
        .collect();
    let expected = [
        "2027-06-30 last day on which thermo-v2 is sold",
        "2032-06-30 last day of security updates for thermo-v2",
        "2034-01-31 last day of services for thermo-v2",
    ];
    assert_eq!(phrases, expected);
}

#[test]
fn a_plan_without_a_cadence_says_so() {
    let plan = parse(MINIMAL).unwrap();
    let calendar = Calendar::of(&plan, day("2027-01-01"), day("2027-12-31"));
    assert!(calendar.releases.is_empty());
    let [maintenance] = &calendar.undated[..] else {
        panic!("{:?}", calendar.undated);
    };
    assert_eq!(
        maintenance.because,
        "the plan doesn't say how often it runs"
    );
}

/// The days on which owners are told that support ends, each with the months to the end.
fn told(plan: &str) -> Vec<(String, u8)> {
    let plan = parse(plan).expect("a plan");
    let notices = notices(&plan.classes).into_iter();
    notices
        .map(|notice| (notice.day.to_string(), notice.months))
        .collect()
}

#[test]
fn owners_are_told_five_times_and_on_a_day_that_there_is() {
    let days = |days: [&str; 5]| -> Vec<(String, u8)> {
        let days = days.into_iter().map(str::to_owned);
        days.zip([12, 6, 3, 1, 0]).collect()
    };
    assert_eq!(
        told(THERMOSTAT),
        days([
            "2031-06-30",
            "2031-12-30",
            "2032-03-30",
            "2032-05-30",
            "2032-06-30"
        ])
    );
    assert_eq!(
        told(&THERMOSTAT.replacen("2032-06-30", "2032-08-31", 1)),
        days([
            "2031-08-31",
            "2032-02-29",
            "2032-05-31",
            "2032-07-31",
            "2032-08-31"
        ])
    );
}

#[test]
fn a_calendar_has_the_notices_of_its_span_and_says_what_they_are() {
    let plan = parse(THERMOSTAT).expect("a plan");
    let calendar = Calendar::of(&plan, date(2032, 5, 30), date(2032, 6, 30));
    let phrases: Vec<_> = calendar.notices.iter().map(|one| one.phrase()).collect();
    let expected = [
        "owners of thermo-v2 are told: security updates end on 2032-06-30, in a month",
        "owners of thermo-v2 are told: security updates end today",
    ];
    assert_eq!(phrases, expected);
    let next = Calendar::of(&plan, date(2032, 7, 1), date(2032, 12, 31));
    assert_eq!(next.notices, []);
}

/// The Tuesday after Columbus Day would be the second one of the month.
#[test]
fn days_around_a_holiday_freeze_with_it_and_move_a_release() {
    let blackouts = [Blackout::UsFederalHolidays, Blackout::UsFederalEves];
    let moved = "2027-10-13, moved from 2027-10-12 because of the days after Columbus Day";
    assert_eq!(
        first(1, "month on the second Tuesday", "2027-10-01", &blackouts),
        [moved]
    );
    let names = [
        "the eve of Columbus Day",
        "Columbus Day",
        "the days after Columbus Day",
    ];
    let freeze = Freeze {
        from: day("2027-10-10"),
        to: day("2027-10-12"),
        names: names.map(str::to_owned).to_vec(),
    };
    assert_eq!(
        freezes(&blackouts, day("2027-10-01"), day("2027-10-31")),
        [freeze]
    );
}
