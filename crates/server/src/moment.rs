//! An instant in little room, for what is kept of each device of a fleet. Read [`Moment`].

use std::num::NonZeroI64;

use jiff::Timestamp;

/// An instant, to the microsecond, as stores keep it. Where there may be none it takes no more: 8 bytes, of which an optional [`Timestamp`]
/// would take 24.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(NonZeroI64);

/// No instant is so many microseconds from 1970: they all have four digits for the year. It stands for none.
const NONE: i64 = i64::MIN;

impl Moment {
    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0.get() ^ NONE
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(NonZeroI64::new(at.as_microsecond() ^ NONE).unwrap_or(NonZeroI64::MIN))
    }
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        // It was made of one: of the last second only, not each microsecond is one by itself.
        Self::from_microsecond(moment.micros()).unwrap_or(match moment.micros() {
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
            assert_eq!(Timestamp::from(Moment::from(at)), at);
            assert_eq!(Moment::from(at).micros(), at.as_microsecond());
        }
        // What is finer isn't kept.
        let kept = Timestamp::from(Moment::from(last));
        assert_eq!(kept.as_microsecond(), last.as_microsecond());
    }

    /// What is kept of each device has several.
    #[test]
    fn none_takes_no_room() {
        assert_eq!(size_of::<Option<Moment>>(), 8);
    }
}
