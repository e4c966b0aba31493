//! Windows on ordinary nights, on the two odd nights of the year, and on any night at all.

use jiff::civil::{Date, Time, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use mainstay_plan::{Blackout, DaySet, DstGap, Window, WindowState};
use proptest::prelude::*;

/// The six zones that most U.S. devices live in, and Arizona, which keeps its clocks.
const ZONES: [&str; 7] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Phoenix",
];

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled()
        .get(name)
        .expect("the zone is bundled")
}

/// `22:00-02:00`; `24:00` is midnight.
pub(crate) fn window(hours: &str, days: &str, dst_gap: DstGap) -> Window {
    let time = |text: &str| {
        text.replace("24:00", "00:00")
            .parse::<Time>()
            .expect("a time")
    };
    let (from, until) = hours.split_once('-').expect("two times");
    let days = DaySet::parse(days).expect("days");
    Window {
        from: time(from),
        until: time(until),
        days,
        dst_gap,
    }
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// What a New York device is told at `now`: "open until ..." or "opens ..., because ...".
fn said(window: &Window, now: &str, blackouts: &[Blackout]) -> String {
    match window.state(instant(now), &zone("America/New_York"), blackouts) {
        WindowState::Open { until, .. } => format!("open until {until}"),
        WindowState::Opens { at, because } => format!("opens {at}, {because:?}"),
    }
}

fn check(window: &Window, cases: &[(&str, &str)]) {
    for (now, expected) in cases {
        assert_eq!(said(window, now, &[]), *expected, "at {now}");
    }
}

#[test]
fn an_ordinary_night() {
    let night = window("01:00-04:00", "daily", DstGap::Skip);
    check(
        &night,
        &[
            (
                "2026-06-10T04:59:59Z",
                "opens 2026-06-10T05:00:00Z, OutsideHours",
            ),
            ("2026-06-10T05:00:00Z", "open until 2026-06-10T08:00:00Z"),
            ("2026-06-10T07:59:59Z", "open until 2026-06-10T08:00:00Z"),
            (
                "2026-06-10T08:00:00Z",
                "opens 2026-06-11T05:00:00Z, OutsideHours",
            ),
        ],
    );
}

#[test]
fn a_night_belongs_to_the_day_it_starts_on() {
    // Thursday is the 11th.
    let late = window("22:00-02:00", "Thu", DstGap::Skip);
    check(
        &late,
        &[
            ("2026-06-11T05:00:00Z", "opens 2026-06-12T02:00:00Z, Day"),
            ("2026-06-12T05:59:59Z", "open until 2026-06-12T06:00:00Z"),
            ("2026-06-12T06:00:00Z", "opens 2026-06-19T02:00:00Z, Day"),
        ],
    );
}

#[test]
fn a_whole_day_is_always_open_even_when_clocks_change() {
    let always = window("00:00-24:00", "daily", DstGap::Skip);
    check(
        &always,
        &[
            ("2026-03-08T06:59:59Z", "open until 2026-03-09T04:00:00Z"),
            ("2026-03-08T07:00:00Z", "open until 2026-03-09T04:00:00Z"),
            ("2026-11-01T06:30:00Z", "open until 2026-11-02T05:00:00Z"),
        ],
    );
}

#[test]
fn clocks_that_jump_over_the_start() {
    // On 8 March 2026 New York goes from 02:00 to 03:00 at 07:00 UTC.
    let skip = window("02:00-04:00", "daily", DstGap::Skip);
    let shift = window("02:30-04:00", "daily", DstGap::Shift);
    check(
        &skip,
        &[(
            "2026-03-08T06:30:00Z",
            "opens 2026-03-09T06:00:00Z, ClockChange",
        )],
    );
    check(
        &shift,
        &[
            (
                "2026-03-08T06:59:59Z",
                "opens 2026-03-08T07:00:00Z, OutsideHours",
            ),
            ("2026-03-08T07:00:00Z", "open until 2026-03-08T08:00:00Z"),
        ],
    );
    let swallowed = window("02:00-02:30", "daily", DstGap::Shift);
    check(
        &swallowed,
        &[(
            "2026-03-08T06:30:00Z",
            "opens 2026-03-09T06:00:00Z, ClockChange",
        )],
    );
}

#[test]
fn clocks_that_jump_over_the_end_close_the_window_there() {
    let early = window("01:00-02:30", "daily", DstGap::Skip);
    check(
        &early,
        &[("2026-03-08T06:30:00Z", "open until 2026-03-08T07:00:00Z")],
    );
}

#[test]
fn an_hour_that_comes_twice_opens_the_window_once() {
    // On 1 November 2026 New York goes from 02:00 back to 01:00 at 06:00 UTC.
    let inside = window("01:15-01:45", "daily", DstGap::Skip);
    check(
        &inside,
        &[
            ("2026-11-01T05:15:00Z", "open until 2026-11-01T05:45:00Z"),
            (
                "2026-11-01T06:20:00Z",
                "opens 2026-11-02T06:15:00Z, OutsideHours",
            ),
        ],
    );
    let across = window("01:00-04:00", "daily", DstGap::Skip);
    check(
        &across,
        &[("2026-11-01T06:30:00Z", "open until 2026-11-01T09:00:00Z")],
    );
}

#[test]
fn blackouts_take_whole_local_days() {
    // Thanksgiving is the 26th; New York is five hours behind UTC. The night that would start on it
    // stays closed to its end, half past midnight on the 27th included.
    let holidays = [Blackout::UsFederalHolidays];
    let late = window("22:00-02:00", "daily", DstGap::Skip);
    let cases = [
        ("2026-11-26T04:00:00Z", "open until 2026-11-26T05:00:00Z"),
        (
            "2026-11-26T05:30:00Z",
            "opens 2026-11-28T03:00:00Z, Blackout(\"Thanksgiving Day\")",
        ),
        (
            "2026-11-27T05:30:00Z",
            "opens 2026-11-28T03:00:00Z, Blackout(\"Thanksgiving Day\")",
        ),
    ];
    for (now, expected) in cases {
        assert_eq!(said(&late, now, &holidays), expected, "at {now}");
    }
    let freeze = [Blackout::Dates {
        from: date(2026, 6, 1),
        to: date(2026, 6, 30),
    }];
    let night = window("01:00-04:00", "daily", DstGap::Skip);
    let told = said(&night, "2026-06-10T05:30:00Z", &freeze);
    assert_eq!(
        told,
        "opens 2026-07-01T05:00:00Z, Blackout(\"2026-06-01..2026-06-30\")"
    );
}

#[test]
fn a_blackout_without_an_end_is_asked_about_again_later() {
    let forever = [Blackout::Dates {
        from: date(2020, 1, 1),
        to: date(9999, 12, 31),
    }];
    let night = window("01:00-04:00", "daily", DstGap::Skip);
    let now = instant("2026-06-10T05:30:00Z");
    let WindowState::Opens { at, .. } = night.state(now, &zone("America/New_York"), &forever)
    else {
        panic!("it is blacked out");
    };
    assert!(at > now);
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    let night = window("22:00-02:00", "daily", DstGap::Skip);
    for now in [Timestamp::MIN, Timestamp::MAX] {
        for name in ZONES {
            let _ = night.state(now, &zone(name), &[]);
        }
    }
}

/// Whether the clock on the wall is within the window's hours.
fn clock_is_within(window: &Window, local: Time) -> bool {
    match window.from < window.until {
        true => window.from <= local && local < window.until,
        false => window.from <= local || local < window.until,
    }
}

/// The date on which the night that `local` belongs to started.
fn night_of(window: &Window, day: Date, local: Time) -> Date {
    if local >= window.from {
        day
    } else {
        day.yesterday().expect("not the first day")
    }
}

fn any_window() -> impl Strategy<Value = Window> {
    let any = (0..24 * 4i8, 0..24 * 4i8);
    let about_the_change = (0..4 * 4i8, 0..4 * 4i8);
    let times = prop_oneof![any, about_the_change].prop_filter("no empty hours", |(a, b)| a != b);
    let days = prop::sample::select(vec!["daily", "Mon-Thu", "Sat,Sun", "Wed"]);
    let gap = prop::sample::select(vec![DstGap::Skip, DstGap::Shift]);
    (times, days, gap).prop_map(|((from, until), days, dst_gap)| {
        let time = |quarter: i8| Time::constant(quarter / 4, quarter % 4 * 15, 0, 0);
        let days = DaySet::parse(days).expect("days");
        Window {
            from: time(from),
            until: time(until),
            days,
            dst_gap,
        }
    })
}

/// An instant in 2026 or 2027; a third of them within two days of a change of clocks, and a third in
/// the hours in which clocks change from New York to Alaska.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let start = instant("2026-01-01T00:00:00Z").as_second();
    let changes = ["2026-03-08", "2026-11-01", "2027-03-14", "2027-11-07"];
    let noon = |day: &str| instant(&format!("{day}T12:00:00Z")).as_second();
    let noons = changes.map(noon).to_vec();
    let around = |from: i64, to: i64| {
        (prop::sample::select(noons.clone()), from..to).prop_map(|(noon, off)| noon + off)
    };
    let (near, there) = (around(-172_800, 172_800), around(-8 * 3600, 0));
    prop_oneof![start..start + 2 * 365 * 86_400, near, there]
        .prop_map(|second| Timestamp::from_second(second).expect("an instant"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_window_is_open_only_in_its_hours_and_when_it_says(
        window in any_window(),
        now in any_instant(),
        name in prop::sample::select(ZONES.to_vec()),
        holidays in any::<bool>(),
    ) {
        let zone = zone(name);
        let blackouts = if holidays { vec![Blackout::UsFederalHolidays] } else { Vec::new() };
        let local = zone.to_datetime(now);
        let night = night_of(&window, local.date(), local.time());
        let black = |date| blackouts.iter().any(|blackout| blackout.covers(date).is_some());
        let allowed = window.days.contains(night.weekday()) && !black(night) && !black(local.date());
        match window.state(now, &zone, &blackouts) {
            WindowState::Open { since, until } => {
                prop_assert!(since <= now);
                prop_assert_eq!(
                    window.state(since, &zone, &blackouts), WindowState::Open { since, until }
                );
                let before = window.state(since - SignedDuration::from_nanos(1), &zone, &blackouts);
                prop_assert_ne!(before, WindowState::Open { since, until });
                prop_assert!(clock_is_within(&window, local.time()), "open at {local}");
                prop_assert!(allowed, "open on a closed day, {local}");
                prop_assert!(until > now);
                let last = until - SignedDuration::from_nanos(1);
                prop_assert_eq!(
                    window.state(last, &zone, &blackouts), WindowState::Open { since, until }
                );
                let after = window.state(until, &zone, &blackouts);
                prop_assert_ne!(after, WindowState::Open { since, until });
            }
            WindowState::Opens { at, .. } => {
                prop_assert!(at > now);
                let then = window.state(at, &zone, &blackouts);
                prop_assert!(matches!(then, WindowState::Open { .. }), "closed at {at}");
                let before = window.state(at - SignedDuration::from_nanos(1), &zone, &blackouts);
                prop_assert!(matches!(before, WindowState::Opens { .. }), "open before {at}");
                let quiet = clocks_keep_still(&zone, now);
                let due = allowed && clock_is_within(&window, local.time());
                prop_assert!(!(quiet && due), "closed at {local}");
            }
        }
    }
}

/// Whether no clock changes within a day and a half of `now`.
fn clocks_keep_still(zone: &TimeZone, now: Timestamp) -> bool {
    let margin = SignedDuration::from_hours(36);
    zone.to_offset(now - margin) == zone.to_offset(now + margin)
}
