//! How often a code of the second factor may be wrong.
//!
//! A code is only ever asked of somebody who showed the password, so counting by account keeps nobody out who doesn't hold it;
//! whence they come counts for nothing, since addresses are cheap. Read [`CodeTries`].

use jiff::{SignedDuration, Timestamp};

use crate::totp::CodeRefusal;

/// Wrong codes after which a session ends: the next guess costs the password once more.
pub const WRONG_IN_SESSION_MAX: u32 = 5;
/// Wrong codes in a row, over all sessions of an account, after which the next one has to wait.
pub const WRONG_FREE: u32 = 20;
/// Wrong codes in a row after which none is taken until there are new credentials (NIST SP 800-63B, section 3.2.2). Three steps
/// are good at one moment, so a guesser with the password gets through with 3 in 10,000.
pub const WRONG_MAX: u32 = 100;
/// The longest wait between two codes.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Codes that were wrong. The store counts one in the transaction that compares it, before anybody hears what came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CodeTries {
    /// In this session.
    pub in_session: u32,
    /// At this account since the last right one, from wherever.
    pub in_a_row: u32,
    /// When the last of those in a row was shown.
    pub last: Option<Timestamp>,
}

impl CodeTries {
    /// Whether a code is compared now; one that isn't doesn't count. A clock that was set back makes nobody wait.
    ///
    /// # Errors
    /// [`CodeRefusal::TooEarly`] or [`CodeRefusal::NoMore`].
    pub fn may(&self, now: Timestamp) -> Result<(), CodeRefusal> {
        if self.in_a_row >= WRONG_MAX {
            return Err(CodeRefusal::NoMore);
        }
        let Some(last) = self.last else { return Ok(()) };
        let until = last + wait(self.in_a_row);
        if last <= now && now < until {
            return Err(CodeRefusal::TooEarly { until });
        }
        Ok(())
    }

    /// One more, which is wrong until it is found to be right.
    #[must_use]
    pub fn counted(self, now: Timestamp) -> Self {
        Self {
            in_session: self.in_session.saturating_add(1),
            in_a_row: self.in_a_row.saturating_add(1),
            last: Some(now),
        }
    }

    /// Whether the session is over with this.
    #[must_use]
    pub fn end_the_session(&self) -> bool {
        self.in_session >= WRONG_IN_SESSION_MAX
    }
}

/// Nothing for those that are free, then a minute, two, four, up to the longest.
fn wait(in_a_row: u32) -> SignedDuration {
    match in_a_row.checked_sub(WRONG_FREE) {
        None => SignedDuration::ZERO,
        Some(doublings) => SignedDuration::from_mins(1 << doublings.min(6)).min(WAIT_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn twenty_are_free_then_the_wait_doubles_and_a_hundred_are_the_end() {
        let mut tries = CodeTries::default();
        let mut taken = Vec::new();
        for minute in 0..6_000 {
            while tries.may(at(minute)).is_ok() {
                tries = tries.counted(at(minute));
                taken.push(minute);
            }
        }
        assert_eq!(taken[..20], [0; 20]);
        assert_eq!(taken[20..28], [1, 3, 7, 15, 31, 63, 123, 183]);
        assert_eq!(taken.len(), WRONG_MAX as usize);
        assert_eq!(tries.may(at(600_000)), Err(CodeRefusal::NoMore));
    }

    #[test]
    fn the_fifth_in_one_session_ends_it() {
        let mut tries = CodeTries {
            in_a_row: 7,
            ..CodeTries::default()
        };
        let ended: Vec<bool> = (0..5)
            .map(|_| {
                tries = tries.counted(at(0));
                tries.end_the_session()
            })
            .collect();
        assert_eq!(ended, [false, false, false, false, true]);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait() {
        let tries = CodeTries {
            in_a_row: 50,
            last: Some(at(500)),
            ..CodeTries::default()
        };
        assert_eq!(tries.may(at(499)), Ok(()));
        let until = at(560);
        assert_eq!(tries.may(at(559)), Err(CodeRefusal::TooEarly { until }));
        assert_eq!(tries.may(until), Ok(()));
    }
}
