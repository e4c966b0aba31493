//! Where devices are taken to stand: on every clock of the United States, and between the first and the last of the Earth.

use jiff::tz::{self, TimeZone};
use jiff::{SignedDuration, Timestamp};
use mainstay_plan::emergency::{ZONES_ELSEWHERE, ZONES_US};

/// The zones of the United States and its territories by the list of the IANA (`zone.tab`: US, AS, GU, MP, PR, UM, VI).
const CANONICAL_US: &[&str] = &[
    "America/Adak",
    "America/Anchorage",
    "America/Boise",
    "America/Chicago",
    "America/Denver",
    "America/Detroit",
    "America/Indiana/Indianapolis",
    "America/Indiana/Knox",
    "America/Indiana/Marengo",
    "America/Indiana/Petersburg",
    "America/Indiana/Tell_City",
    "America/Indiana/Vevay",
    "America/Indiana/Vincennes",
    "America/Indiana/Winamac",
    "America/Juneau",
    "America/Kentucky/Louisville",
    "America/Kentucky/Monticello",
    "America/Los_Angeles",
    "America/Menominee",
    "America/Metlakatla",
    "America/New_York",
    "America/Nome",
    "America/North_Dakota/Beulah",
    "America/North_Dakota/Center",
    "America/North_Dakota/New_Salem",
    "America/Phoenix",
    "America/Puerto_Rico",
    "America/Sitka",
    "America/St_Thomas",
    "America/Yakutat",
    "Pacific/Guam",
    "Pacific/Honolulu",
    "Pacific/Midway",
    "Pacific/Pago_Pago",
    "Pacific/Saipan",
    "Pacific/Wake",
];

/// How far a zone's clock is ahead, in seconds, each six hours of two years.
fn clock(zone: &str) -> Vec<i32> {
    let clock = TimeZone::get(zone).expect("a zone");
    let from: Timestamp = "2027-01-01T00:00:00Z".parse().expect("an instant");
    let each = |quarter| from + SignedDuration::from_hours(quarter * 6);
    let ahead = |quarter| clock.to_offset(each(quarter)).seconds();
    (0..2_i64 * 365 * 4).map(ahead).collect()
}

/// Devices on the same clock wait for the same: so no zone of the United States makes a path longer than those that are tried.
#[test]
fn no_zone_of_the_united_states_has_a_clock_of_its_own() {
    let tried: Vec<_> = ZONES_US.iter().map(|zone| clock(zone)).collect();
    for zone in CANONICAL_US {
        assert!(tried.contains(&clock(zone)), "{zone}");
    }
    for zone in ZONES_US {
        assert!(CANONICAL_US.contains(&zone), "{zone}");
    }
}

/// A market may be any country.
#[test]
fn no_clock_of_the_earth_is_ahead_of_those_tried_nor_behind() {
    let span = |zone: &str| {
        let clock = clock(zone);
        (clock.iter().min().copied(), clock.iter().max().copied())
    };
    let spans = ZONES_ELSEWHERE.map(span);
    let first = spans.iter().map(|span| span.1).max().expect("a zone");
    let last = spans.iter().map(|span| span.0).min().expect("a zone");
    let all = tz::db().available();
    // `Etc` holds no places, and nobody lives on the two islands that are twelve hours behind.
    let places =
        all.filter(|zone| zone.as_str().contains('/') && !zone.as_str().starts_with("Etc/"));
    let mut seen = 0;
    for zone in places {
        let (least, most) = span(zone.as_str());
        assert!(last <= least && most <= first, "{zone}: {least:?} {most:?}");
        seen += 1;
    }
    assert!(seen > 300, "{seen}");
}
