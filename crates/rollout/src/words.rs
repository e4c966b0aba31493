//! Spans, moments and shares as people say them. Only `why.rs` speaks; this holds its small words.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use mainstay_plan as plan;

/// `at` moved by `span`; the end of time if that overflows.
pub(crate) fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// A span in its two largest units: `6 h 12 min`, `3 d 4 h`, `45 s`. Rounded down.
pub(crate) fn span(span: SignedDuration) -> String {
    let s = span.as_secs().max(0);
    let pair = |large: i64, a: &str, small: i64, b: &str| match small {
        0 => format!("{large} {a}"),
        _ => format!("{large} {a} {small} {b}"),
    };
    match s {
        0..60 => format!("{s} s"),
        60..3600 => pair(s / 60, "min", s % 60, "s"),
        3600..86_400 => pair(s / 3600, "h", s % 3600 / 60, "min"),
        _ => pair(s / 86_400, "d", s % 86_400 / 3600, "h"),
    }
}

/// How far `at` is from `now`: `in 6 h 12 min`, `now`.
pub(crate) fn until(at: Timestamp, now: Timestamp) -> String {
    if at <= now {
        return "now".to_owned();
    }
    format!("in {}", span(at.duration_since(now)))
}

/// A moment in a zone, as seen from `now`: `tonight, 01:00 America/Denver`.
pub(crate) fn moment(at: Timestamp, zone: &str, now: Timestamp) -> String {
    let (tz, name) = match TimeZone::get(zone) {
        Ok(tz) => (tz, zone),
        Err(_) => (TimeZone::UTC, "UTC"),
    };
    let (at, now) = (
        ZonedDateTime::new(at, tz.clone()),
        ZonedDateTime::new(now, tz),
    );
    format!("{}, {} {name}", day(&at, &now), at.strftime("%H:%M"))
}

/// Nights are told by the evening they begin in: 01:00 of tomorrow is "tonight".
fn day(at: &ZonedDateTime, now: &ZonedDateTime) -> String {
    let tomorrow = now.date().tomorrow().unwrap_or(Date::MAX);
    let early = at.time() < Time::constant(6, 0, 0, 0);
    let late = at.time() >= Time::constant(18, 0, 0, 0);
    match at.date() {
        date if date == now.date() && (early || late) => "tonight".to_owned(),
        date if date == now.date() => "today".to_owned(),
        date if date == tomorrow && early => "tonight".to_owned(),
        date if date == tomorrow => "tomorrow".to_owned(),
        _ => at.strftime("%A %Y-%m-%d").to_string(),
    }
}

/// `part` of `whole` in whole percent, `0 %` of nothing.
pub(crate) fn percent(part: u32, whole: u32) -> String {
    let share = (u64::from(part) * 100 + u64::from(whole) / 2)
        .checked_div(u64::from(whole))
        .unwrap_or(0);
    format!("{share} %")
}

/// `1 device`, `2 devices`.
pub(crate) fn devices(count: u32) -> String {
    match count {
        1 => "1 device".to_owned(),
        n => format!("{n} devices"),
    }
}

/// What the plan calls a wave: `the canary`, `the 10 % wave`.
pub(crate) fn wave(waves: &[plan::Wave], index: usize) -> String {
    match waves.get(index) {
        Some(plan::Wave::Canary) => "the canary".to_owned(),
        Some(plan::Wave::Percent(share)) => format!("the {share} % wave"),
        None => format!("wave {}", index + 1),
    }
}

/// Why a window is closed, as the end of a sentence; nothing if it is only the hour.
pub(crate) fn closed(because: &plan::Closed) -> String {
    match because {
        plan::Closed::OutsideHours => String::new(),
        plan::Closed::Day => "; the days before aren't window days".to_owned(),
        plan::Closed::Blackout(name) => format!("; the days before are blacked out: {name}"),
        plan::Closed::ClockChange => "; the clocks jump over an earlier one".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a test's own time")
    }

    #[test]
    fn spans_are_said_in_two_units() {
        let cases = [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (6 * 3600 + 12 * 60 + 59, "6 h 12 min"),
            (3 * 86_400 + 4 * 3600, "3 d 4 h"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(span(SignedDuration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn moments_are_said_as_seen_from_the_device() {
        // 18:48 on a Tuesday in Denver, in summer: six hours behind Greenwich.
        let now = at("2026-07-15T00:48:00Z");
        let cases = [
            ("2026-07-15T07:00:00Z", "tonight, 01:00 America/Denver"),
            ("2026-07-15T03:00:00Z", "tonight, 21:00 America/Denver"),
            ("2026-07-15T15:00:00Z", "tomorrow, 09:00 America/Denver"),
            ("2026-07-14T16:00:00Z", "today, 10:00 America/Denver"),
            (
                "2026-07-17T07:00:00Z",
                "Friday 2026-07-17, 01:00 America/Denver",
            ),
        ];
        for (when, expected) in cases {
            assert_eq!(moment(at(when), "America/Denver", now), expected);
        }
    }

    #[test]
    fn shares_are_rounded_to_whole_percent() {
        let cases = [
            (0, 0, "0 %"),
            (1, 3, "33 %"),
            (2, 3, "67 %"),
            (12, 23, "52 %"),
        ];
        for (part, whole, expected) in cases {
            assert_eq!(percent(part, whole), expected);
        }
    }
}
