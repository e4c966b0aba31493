//! The two nights of 2027 on which U.S. clocks change, in zones that change and in zones that don't.
//!
//! All instants were worked out by hand from the zones' rules (15 USC 260a): clocks go forward on
//! 14 March at 02:00 standard time, and back on 7 November at 02:00 daylight time.
//!
//! | zone | until 14 March | then | until 7 November | then |
//! |---|---|---|---|---|
//! | America/New_York, America/Indiana/Indianapolis | -5 h | -4 h from 07:00 UTC | -4 h | -5 h from 06:00 UTC |
//! | America/Indiana/Knox | -6 h | -5 h from 08:00 UTC | -5 h | -6 h from 07:00 UTC |
//! | America/Phoenix | -7 h | -7 h | -7 h | -7 h |
//! | Pacific/Honolulu | -10 h | -10 h | -10 h | -10 h |
//! | Pacific/Guam | +10 h | +10 h | +10 h | +10 h |

use jiff::civil::{Date, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use mainstay_plan::{DaySet, DstGap, Window, WindowState};

use crate::window::window;

const SPRING: Date = date(2027, 3, 14);
const AUTUMN: Date = date(2027, 11, 7);

/// What is expected of one window: its hours, what it does in a gap, and "opens to closes", each as
/// day of the month and time in UTC.
type Case = (&'static str, Gap, &'static str);

/// What a window does when its start is jumped over; `Either` where that must not matter.
#[derive(Clone, Copy)]
enum Gap {
    Skip,
    Shift,
    Either,
}

use Gap::{Either, Shift, Skip};

impl Gap {
    fn each(self) -> &'static [DstGap] {
        match self {
            Self::Skip => &[DstGap::Skip],
            Self::Shift => &[DstGap::Shift],
            Self::Either => &[DstGap::Skip, DstGap::Shift],
        }
    }
}

/// When a window that starts on the weekday of `night` opens next, asked at noon the day before,
/// and until when it then stays open.
fn opening(hours: &str, gap: DstGap, zone: &TimeZone, night: Date) -> String {
    let days = format!("{:?}", night.weekday());
    let window = Window {
        days: DaySet::parse(&days).expect("a day"),
        ..window(hours, "daily", gap)
    };
    let noon = night.yesterday().expect("a day").at(12, 0, 0, 0);
    let asked = zone.to_timestamp(noon).expect("an instant");
    let WindowState::Opens { at, .. } = window.state(asked, zone, &[]) else {
        return "open at noon".to_owned();
    };
    let WindowState::Open { since, until } = window.state(at, zone, &[]) else {
        return format!("closed at {at}");
    };
    assert_eq!(since, at, "{hours}");
    format!(
        "{} to {}",
        at.strftime("%d %H:%M"),
        until.strftime("%d %H:%M")
    )
}

fn check(zones: &[&str], night: Date, cases: &[Case]) {
    for name in zones {
        let zone = TimeZoneDatabase::bundled()
            .get(name)
            .expect("the zone is bundled");
        for (hours, gap, expected) in cases {
            for gap in gap.each() {
                let found = opening(hours, *gap, &zone, night);
                assert_eq!(found, *expected, "{hours} {gap:?} in {name} on {night}");
            }
        }
    }
}

#[test]
fn eastern_clocks_jump_from_two_to_three() {
    let eastern = ["America/New_York", "America/Indiana/Indianapolis"];
    let cases = [
        ("00:00-01:00", Either, "14 05:00 to 14 06:00"),
        ("00:30-01:30", Either, "14 05:30 to 14 06:30"),
        // Over the gap: an hour shorter.
        ("00:00-04:00", Either, "14 05:00 to 14 08:00"),
        ("01:00-03:00", Either, "14 06:00 to 14 07:00"),
        ("01:00-04:00", Either, "14 06:00 to 14 08:00"),
        ("01:59-03:01", Either, "14 06:59 to 14 07:01"),
        // Up to it, and into it: 02:00 by the old clock is 03:00 by the new one.
        ("01:00-02:00", Either, "14 06:00 to 14 07:00"),
        ("01:30-02:30", Either, "14 06:30 to 14 07:00"),
        ("01:59-02:01", Either, "14 06:59 to 14 07:00"),
        // Out of it.
        ("02:00-04:00", Skip, "21 06:00 to 21 08:00"),
        ("02:00-04:00", Shift, "14 07:00 to 14 08:00"),
        ("02:59-03:01", Skip, "21 06:59 to 21 07:01"),
        ("02:59-03:01", Shift, "14 07:00 to 14 07:01"),
        // All of it, which leaves nothing to shift.
        ("02:00-03:00", Either, "21 06:00 to 21 07:00"),
        ("02:15-02:45", Either, "21 06:15 to 21 06:45"),
        // After it.
        ("03:00-04:00", Either, "14 07:00 to 14 08:00"),
    ];
    check(&eastern, SPRING, &cases);
}

#[test]
fn a_night_that_began_before_the_jump_is_cut_short_by_it() {
    let saturday = date(2027, 3, 13);
    let cases = [
        ("23:00-02:00", Either, "14 04:00 to 14 07:00"),
        ("23:00-02:30", Either, "14 04:00 to 14 07:00"),
        ("23:00-03:00", Either, "14 04:00 to 14 07:00"),
        ("23:00-04:00", Either, "14 04:00 to 14 08:00"),
    ];
    check(&["America/New_York"], saturday, &cases);
}

#[test]
fn eastern_clocks_go_from_two_back_to_one() {
    let eastern = ["America/New_York", "America/Indiana/Indianapolis"];
    let cases = [
        ("00:00-01:00", Either, "07 04:00 to 07 05:00"),
        // Into the hour that comes twice: its first coming ends the window.
        ("00:30-01:30", Either, "07 04:30 to 07 05:30"),
        // Over it: an hour longer.
        ("00:00-02:00", Either, "07 04:00 to 07 07:00"),
        ("00:30-03:00", Either, "07 04:30 to 07 08:00"),
        ("01:00-02:00", Either, "07 05:00 to 07 07:00"),
        ("01:00-03:00", Either, "07 05:00 to 07 08:00"),
        // Within it: once, the first time.
        ("01:00-01:30", Either, "07 05:00 to 07 05:30"),
        ("01:15-01:45", Either, "07 05:15 to 07 05:45"),
        // Out of it: the second time, for after the first clocks would go back to before the start.
        ("01:01-02:00", Either, "07 06:01 to 07 07:00"),
        ("01:30-02:00", Either, "07 06:30 to 07 07:00"),
        ("01:30-02:30", Either, "07 06:30 to 07 07:30"),
        ("01:30-03:00", Either, "07 06:30 to 07 08:00"),
        ("01:59-03:01", Either, "07 06:59 to 07 08:01"),
        // All around the clock.
        ("01:30-01:15", Either, "07 06:30 to 08 06:15"),
        // After it.
        ("02:00-03:00", Either, "07 07:00 to 07 08:00"),
        ("03:00-04:00", Either, "07 08:00 to 07 09:00"),
    ];
    check(&eastern, AUTUMN, &cases);
}

#[test]
fn a_night_that_began_before_clocks_went_back() {
    let saturday = date(2027, 11, 6);
    let cases = [
        ("23:00-01:00", Either, "07 03:00 to 07 05:00"),
        ("23:00-01:30", Either, "07 03:00 to 07 05:30"),
        ("23:00-02:00", Either, "07 03:00 to 07 07:00"),
        ("23:00-03:00", Either, "07 03:00 to 07 08:00"),
    ];
    check(&["America/New_York"], saturday, &cases);
}

#[test]
fn knox_in_indiana_changes_an_hour_after_indianapolis() {
    let spring = [
        ("01:00-03:00", Either, "14 07:00 to 14 08:00"),
        ("02:00-03:00", Either, "21 07:00 to 21 08:00"),
        ("02:30-04:00", Skip, "21 07:30 to 21 09:00"),
        ("02:30-04:00", Shift, "14 08:00 to 14 09:00"),
    ];
    let autumn = [
        ("01:00-03:00", Either, "07 06:00 to 07 09:00"),
        ("01:30-03:00", Either, "07 07:30 to 07 09:00"),
        ("02:00-03:00", Either, "07 08:00 to 07 09:00"),
    ];
    check(&["America/Indiana/Knox"], SPRING, &spring);
    check(&["America/Indiana/Knox"], AUTUMN, &autumn);
}

#[test]
fn arizona_keeps_its_clocks() {
    let spring = [
        ("01:00-03:00", Either, "14 08:00 to 14 10:00"),
        ("01:30-02:30", Either, "14 08:30 to 14 09:30"),
        ("02:00-03:00", Either, "14 09:00 to 14 10:00"),
        ("02:30-04:00", Either, "14 09:30 to 14 11:00"),
    ];
    let autumn = [
        ("01:00-03:00", Either, "07 08:00 to 07 10:00"),
        ("01:15-01:45", Either, "07 08:15 to 07 08:45"),
        ("01:30-03:00", Either, "07 08:30 to 07 10:00"),
        ("02:00-03:00", Either, "07 09:00 to 07 10:00"),
    ];
    check(&["America/Phoenix"], SPRING, &spring);
    check(&["America/Phoenix"], AUTUMN, &autumn);
}

#[test]
fn hawaii_keeps_its_clocks() {
    let spring = [
        ("01:00-03:00", Either, "14 11:00 to 14 13:00"),
        ("01:30-02:30", Either, "14 11:30 to 14 12:30"),
        ("02:00-03:00", Either, "14 12:00 to 14 13:00"),
        ("02:30-04:00", Either, "14 12:30 to 14 14:00"),
    ];
    let autumn = [
        ("01:00-03:00", Either, "07 11:00 to 07 13:00"),
        ("01:15-01:45", Either, "07 11:15 to 07 11:45"),
        ("01:30-03:00", Either, "07 11:30 to 07 13:00"),
        ("02:00-03:00", Either, "07 12:00 to 07 13:00"),
    ];
    check(&["Pacific/Honolulu"], SPRING, &spring);
    check(&["Pacific/Honolulu"], AUTUMN, &autumn);
}

#[test]
fn guam_keeps_its_clocks_and_its_nights_are_afternoons_of_the_day_before_in_utc() {
    let spring = [
        ("01:00-03:00", Either, "13 15:00 to 13 17:00"),
        ("01:30-02:30", Either, "13 15:30 to 13 16:30"),
        ("02:00-03:00", Either, "13 16:00 to 13 17:00"),
        ("02:30-04:00", Either, "13 16:30 to 13 18:00"),
    ];
    let autumn = [
        ("01:00-03:00", Either, "06 15:00 to 06 17:00"),
        ("01:15-01:45", Either, "06 15:15 to 06 15:45"),
        ("01:30-03:00", Either, "06 15:30 to 06 17:00"),
        ("02:00-03:00", Either, "06 16:00 to 06 17:00"),
    ];
    check(&["Pacific/Guam"], SPRING, &spring);
    check(&["Pacific/Guam"], AUTUMN, &autumn);
}

/// Newfoundland's clocks once changed a minute after midnight: on 7 November 2010 from 00:01 (-2:30 h)
/// back to 23:01 (-3:30 h), so that midnight came twice, at 02:30 and at 03:30 UTC.
#[test]
fn a_window_that_is_always_open_is_open_between_two_midnights() {
    let zone = TimeZoneDatabase::bundled()
        .get("America/St_Johns")
        .expect("the zone is bundled");
    let always = window("00:00-24:00", "daily", DstGap::Skip);
    let between = "2010-11-07T02:45:00Z".parse().expect("an instant");
    let until = "2010-11-08T03:30:00Z".parse().expect("an instant");
    let found = always.state(between, &zone, &[]);
    let since = "2010-11-07T02:30:00Z".parse().expect("an instant");
    assert_eq!(found, WindowState::Open { since, until });
}
