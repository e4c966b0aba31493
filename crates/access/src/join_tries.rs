//! How often a wrong join code may be tried from one place. Read [`JoinTries`].
//!
//! Nobody guesses 256 bits; what is bounded is what trying costs the store. Behind one address may be a factory, or all devices of a mobile network: one
//! of them that has a wrong code, or means harm, mustn't keep the others out. So a right code is never told to wait; it is only looked at behind
//! others. All of it is memory of one process, bounded, and gone after an hour of silence.

use jiff::{SignedDuration, Timestamp};

use crate::sign_in_attempts::tally::{Pace, Tally};
use crate::sign_in_attempts::{Origin, TryLater};

/// Twenty slips are free. Then the wait doubles from a second to a quarter of an hour.
const FROM_ONE_PLACE: Pace = Pace {
    free: 20,
    wait_max: SignedDuration::from_mins(15),
};

/// The wrong codes of the last hour.
#[derive(Debug, Default)]
pub struct JoinTries(Tally<Origin>);

impl JoinTries {
    /// Until when codes from there are looked at only one after the other, and wrong ones aren't counted; none if they needn't wait.
    #[must_use]
    pub fn slow_until(&self, from: Origin, now: Timestamp) -> Option<Timestamp> {
        self.0.not_before(&from, now)
    }

    /// Counts a wrong code from there.
    ///
    /// # Errors
    /// If it came too early. Coming too early costs nothing.
    pub fn failed(&mut self, from: Origin, now: Timestamp) -> Result<(), TryLater> {
        if let Some(until) = self.slow_until(from, now) {
            return Err(TryLater { until });
        }
        self.0.count(from, now, Some(&FROM_ONE_PLACE));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn wrong_codes_wait_longer_and_longer_wherever_they_come_from() {
        let (here, there) = (
            Origin::of(IpAddr::from([192, 0, 2, 1])),
            Origin::of(IpAddr::from([192, 0, 2, 2])),
        );
        let mut now = Timestamp::from_second(1_800_000_000).expect("a constant");
        let mut tries = JoinTries::default();
        assert_eq!(tries.slow_until(here, now), None);
        let mut counted = 0;
        for _ in 0..3600 {
            counted += u32::from(tries.failed(here, now).is_ok());
            now += SignedDuration::from_secs(1);
        }
        assert!((20..40).contains(&counted), "{counted}");
        let until = tries.slow_until(here, now).expect("it waits");
        assert_eq!(tries.failed(here, now), Err(TryLater { until }));
        assert_eq!(tries.failed(there, now), Ok(()), "others don't wait");
    }
}
