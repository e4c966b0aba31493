//! The values that a query compares with. Read [`Value`].

use core::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use semver::Version;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text, or for `~` a pattern.
    Text(String),
    /// Compared by the precedence of Semantic Versioning 2.0.0, section 11; without build metadata,
    /// which has none.
    Version(Version),
    Flag(bool),
    Moment(Moment),
}

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// This one.
    At(Timestamp),
    /// So long before now.
    Ago(Span),
}

/// A span of time, as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    count: u32,
    unit: char,
}

/// Units of spans, in seconds.
const UNITS: [(char, i64); 4] = [('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];
/// Most of a unit: with more digits, somebody leant on the keyboard.
const COUNT_MAX: u32 = 99_999;

impl Span {
    /// Reads a span such as `7d`.
    pub fn parse(word: &str) -> Option<Self> {
        let unit = word.chars().next_back()?;
        UNITS.iter().find(|(known, _)| *known == unit)?;
        let digits = word.strip_suffix(unit)?;
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let count = all_digits.then(|| digits.parse().ok())??;
        (count <= COUNT_MAX).then_some(Self { count, unit })
    }

    fn seconds(self) -> i64 {
        let unit = UNITS.iter().find(|(known, _)| *known == self.unit);
        unit.map_or(0, |(_, seconds)| i64::from(self.count) * seconds)
    }
}

impl Moment {
    /// Reads an instant (RFC 3339), or a day, which begins at midnight UTC.
    pub fn parse(word: &str) -> Option<Self> {
        if let Ok(day) = word.parse::<Date>()
            && word.len() == "2026-11-01".len()
        {
            let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
            return Some(Self::At(midnight));
        }
        word.parse().ok().map(Self::At)
    }

    /// Which moment it is at `now`.
    pub fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(span) => now
                .checked_sub(SignedDuration::from_secs(span.seconds()))
                .unwrap_or(Timestamp::MIN),
        }
    }
}

/// Reads a version without build metadata.
pub(super) fn version(word: &str) -> Option<Version> {
    let version = word.parse::<Version>().ok()?;
    version.build.is_empty().then_some(version)
}

/// Whether `text` fits a pattern in which `*` stands for any signs, also none, and `?` for one.
/// After a `*` only the newest one is tried again, so that the work is at most a product of lengths.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut again = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                again = Some((p + 1, t));
                p += 1;
            }
            Some(sign) if *sign == '?' || *sign == text[t] => (p, t) = (p + 1, t + 1),
            _ => match again {
                Some((after, from)) => {
                    again = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|sign| *sign == '*')
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{}\"", escaped(text)),
            Self::Version(version) => write!(f, "{version}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Moment(Moment::At(moment)) => write!(f, "{moment}"),
            Self::Moment(Moment::Ago(Span { count, unit })) => write!(f, "{count}{unit} ago"),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("store-*", "store-7", true),
            ("store-*", "store-", true),
            ("store-*", "shop-7", false),
            ("*-7", "store-7", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("th-???", "th-001", true),
            ("th-???", "th-01", false),
            ("?", "ü", true),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("A", "a", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    /// A pattern that drives naive matchers to exponential time.
    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = "*a".repeat(900);
        assert!(!fits(&pattern, &"a".repeat(899)));
        assert!(fits(&pattern, &"a".repeat(900)));
    }

    #[test]
    fn moments() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().expect("an instant");
        let ago = |word| Span::parse(word).map(|span| Moment::Ago(span).instant(now).to_string());
        assert_eq!(ago("7d").as_deref(), Some("2026-11-19T12:00:00Z"));
        assert_eq!(ago("90m").as_deref(), Some("2026-11-26T10:30:00Z"));
        for bad in ["d", "7", "7y", "-7d", "+7d", "100000d", "7dd", "", "1.5d"] {
            assert_eq!(Span::parse(bad), None, "{bad}");
        }
        let at = |word| Moment::parse(word).map(|moment| moment.instant(now).to_string());
        assert_eq!(at("2026-11-01").as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(
            at("2026-11-01T02:00:00+02:00").as_deref(),
            Some("2026-11-01T00:00:00Z")
        );
        for bad in ["2026-13-01", "2026-11", "today", ""] {
            assert_eq!(Moment::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_longest_span_is_long_before_every_record() {
        let span = Span::parse("99999w").expect("within the bound");
        let early = Moment::Ago(span).instant(Timestamp::UNIX_EPOCH);
        assert!(early < Timestamp::UNIX_EPOCH);
        assert_eq!(Moment::Ago(span).instant(Timestamp::MIN), Timestamp::MIN);
    }
}
