//! How often a device is given a certificate. Read [`may_be_given_one`].

use jiff::{SignedDuration, Timestamp};

/// The most certificates that one device is given in a day. It needs one in weeks; one that loses what it was given, again and again, has some tries, and
/// whoever stole what lets it in fills neither the store nor a token with signatures.
pub const ISSUED_A_DAY_MAX: usize = 10;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A device was given as many certificates as it may have in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the device was given {ISSUED_A_DAY_MAX} certificates within a day; it is given the next one from {until} on"
)]
pub struct TooManyCertificates {
    /// From when on it is given the next one.
    pub until: Timestamp,
}

impl TooManyCertificates {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        "certificate.too-many"
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        "find out why the device keeps none of them, or who asks in its place; it may ask again later"
    }
}

/// Whether a device may be given a certificate now that was given others at these instants, in whichever order.
///
/// # Errors
/// If it was given too many within a day.
pub fn may_be_given_one(given: &[Timestamp], now: Timestamp) -> Result<(), TooManyCertificates> {
    let mut of_today: Vec<_> = given
        .iter()
        .filter(|at| now.duration_since(**at) < DAY)
        .collect();
    of_today.sort_by(|one, other| other.cmp(one));
    match of_today.get(ISSUED_A_DAY_MAX - 1) {
        None => Ok(()),
        Some(at) => Err(TooManyCertificates {
            until: at.checked_add(DAY).unwrap_or(Timestamp::MAX),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minutes).expect("a constant")
    }

    #[test]
    fn ten_within_a_day_are_enough_in_whichever_order() {
        let mut given: Vec<_> = (0..9).map(at).collect();
        given.push(at(-24 * 60));
        assert_eq!(may_be_given_one(&given, at(0)), Ok(()), "one is a day old");
        given.push(at(-7));
        for _ in 0..2 {
            let until = at(24 * 60 - 7);
            let refused = may_be_given_one(&given, at(30));
            assert_eq!(refused, Err(TooManyCertificates { until }));
            assert_eq!(may_be_given_one(&given, until), Ok(()));
            given.reverse();
        }
        assert_eq!(may_be_given_one(&[], at(0)), Ok(()));
    }
}
