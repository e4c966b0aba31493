//! An instant in little room, for what is kept of each device of a fleet. Read [`KeptInstant`].

use std::num::NonZeroI64;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An instant, to the microsecond, as stores keep it. Where there may be none it takes no more: 8 bytes, of which an optional [`Timestamp`]
/// would take 24. It is written and read as a [`Timestamp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
pub struct KeptInstant(NonZeroI64);

/// No instant is so many microseconds from 1970: they all have four digits for the year. It stands for none.
const NONE: i64 = i64::MIN;

impl KeptInstant {
    /// Microseconds since 1970.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0.get() ^ NONE
    }
}

impl From<Timestamp> for KeptInstant {
    fn from(at: Timestamp) -> Self {
        Self(NonZeroI64::new(at.as_microsecond() ^ NONE).unwrap_or(NonZeroI64::MIN))
    }
}

impl From<KeptInstant> for Timestamp {
    fn from(kept: KeptInstant) -> Self {
        // It was made of one: of the last second only, not each microsecond is one by itself.
        Self::from_microsecond(kept.micros()).unwrap_or(match kept.micros() {
            ..0 => Self::MIN,
            0.. => Self::MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_instant_that_it_was_made_of() {
        let now: Timestamp = "2026-12-01T12:00:00.123456Z".parse().expect("a constant");
        let before: Timestamp = "1969-12-31T23:59:59Z".parse().expect("a constant");
        let (first, last) = (Timestamp::MIN, Timestamp::MAX);
        for at in [now, before, Timestamp::UNIX_EPOCH, first] {
            assert_eq!(Timestamp::from(KeptInstant::from(at)), at);
            assert_eq!(KeptInstant::from(at).micros(), at.as_microsecond());
        }
        // What is finer isn't kept.
        let kept = Timestamp::from(KeptInstant::from(last));
        assert_eq!(kept.as_microsecond(), last.as_microsecond());
    }

    /// What is kept of each device has several.
    #[test]
    fn none_takes_no_room() {
        assert_eq!(size_of::<Option<KeptInstant>>(), 8);
    }
}
