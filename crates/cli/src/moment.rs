//! Moments and spans of time, as people write and read them. All others are Unix seconds.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a document is dated by the clock of who makes it"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Now, in Unix seconds.
pub fn now_s() -> u64 {
    unix_s(now())
}

/// The day that it is at `moment` in UTC.
pub fn day(moment: Timestamp) -> Date {
    moment.to_zoned_datetime(TimeZone::UTC).date()
}

/// A moment in Unix seconds; one before 1970 counts as its first.
pub fn unix_s(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_second()).unwrap_or(0)
}

/// The moment as people read it, in UTC.
pub fn text(unix_s: u64) -> String {
    let moment = i64::try_from(unix_s).ok();
    let moment = moment.and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map_or_else(
        || format!("{unix_s} (Unix seconds)"),
        |moment| moment.to_string(),
    )
}

/// A span of whole days or hours, written `90d` or `12h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How many seconds it lasts.
    pub seconds: u64,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = |letter, seconds: u64| text.strip_suffix(letter).map(|count| (count, seconds));
        let parsed = unit('d', 86_400).or_else(|| unit('h', 3_600));
        let seconds =
            parsed.and_then(|(count, unit)| count.parse::<u32>().ok().map(|n| u64::from(n) * unit));
        match seconds {
            Some(seconds @ 1..) => Ok(Self { seconds }),
            _ => Err("write a number of days or hours, such as 90d or 12h".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_whole_days_or_hours() {
        let seconds = |text: &str| text.parse::<Span>().ok().map(|span| span.seconds);
        for (text, expected) in [
            ("1d", Some(86_400)),
            ("90d", Some(90 * 86_400)),
            ("12h", Some(43_200)),
            ("0d", None),
            ("d", None),
            ("90", None),
            ("-1d", None),
            ("1.5d", None),
            ("1w", None),
            ("99999999999d", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn moments_read_as_utc() {
        assert_eq!(text(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(text(u64::MAX), format!("{} (Unix seconds)", u64::MAX));
    }
}
