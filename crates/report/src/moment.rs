//! Times as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2026-11-24 03:04 UTC`.
pub(crate) fn utc(at: Timestamp) -> String {
    at.to_zoned_datetime(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}

/// `2026-11-23 20:04 MST` in the IANA zone `zone`; none if there is no such zone.
pub(crate) fn local(at: Timestamp, zone: &str) -> Option<String> {
    let zone = TimeZone::get(zone).ok()?;
    let local = at.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M %Z");
    Some(local.to_string())
}

/// `6 min`, `3 h`, `2 days` between two instants, rounded down; `just now` below a minute.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(then).as_mins();
    match minutes {
        ..1 => "just now".to_owned(),
        1..120 => format!("{minutes} min ago"),
        120..2880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn times_are_told_in_utc_and_in_the_devices_zone() {
        let noon = at("2026-07-01T12:00:30Z");
        assert_eq!(utc(noon), "2026-07-01 12:00 UTC");
        let denver = local(noon, "America/Denver");
        assert_eq!(denver.as_deref(), Some("2026-07-01 06:00 MDT"));
        assert_eq!(local(noon, "Mars/Olympus"), None);
    }

    #[test]
    fn spans_are_rounded_down_to_a_unit_people_use() {
        let now = at("2026-07-10T00:00:00Z");
        for (then, expected) in [
            ("2026-07-09T23:59:01Z", "just now"),
            ("2026-07-11T00:00:00Z", "just now"),
            ("2026-07-09T23:58:59Z", "1 min ago"),
            ("2026-07-09T21:01:00Z", "2 h ago"),
            ("2026-07-07T23:00:00Z", "2 days ago"),
        ] {
            assert_eq!(ago(at(then), now), expected, "{then}");
        }
    }
}
