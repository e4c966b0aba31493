//! How often something may happen: so many times a second, and some at once after a while of rest. Read [`Rate`], then [`Bucket`].
//!
//! A bucket is one number: the instant at which it will be full again. Each time that something happens, that moves on by the time between two; where it
//! lies further ahead than all that may happen at once takes, it is too early. (ATM's generic cell rate algorithm, ITU-T I.371, annex A.)

use std::time::Duration;

const SECOND_NS: u64 = 1_000_000_000;

/// The most that a rate may say: one in a microsecond, which nothing comes near to.
pub const PER_SECOND_MAX: u32 = 1_000_000;

/// So many seconds' worth may happen at once: a device that comes back after days sends what it kept, and fetches a payload in pieces.
const SAVED_UP_S: u64 = 20;

/// So often a second, in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    between_ns: u64,
}

impl Rate {
    /// As often as that, once a second at least and [`PER_SECOND_MAX`] times at most.
    #[must_use]
    pub fn per_second(times: u32) -> Self {
        let times = times.clamp(1, PER_SECOND_MAX);
        Self {
            between_ns: SECOND_NS / u64::from(times),
        }
    }

    /// How far ahead of now a bucket may be full again, in nanoseconds, before it is too early.
    fn ahead_ns() -> u64 {
        SECOND_NS * SAVED_UP_S
    }
}

/// One bucket. Instants are nanoseconds since the server began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bucket {
    full_at: u64,
}

impl Bucket {
    /// How long it is until it may happen once more; none if it may now.
    pub fn wait(self, rate: Rate, now: u64) -> Option<Duration> {
        let full_at = self.full_at.max(now).saturating_add(rate.between_ns);
        let early = full_at.saturating_sub(now.saturating_add(Rate::ahead_ns()));
        (early > 0).then_some(Duration::from_nanos(early))
    }

    /// It happens now, if it may.
    ///
    /// # Errors
    /// How long it is until it may.
    pub fn take(&mut self, rate: Rate, now: u64) -> Result<(), Duration> {
        match self.wait(rate, now) {
            Some(wait) => Err(wait),
            None => {
                self.full_at = self.full_at.max(now).saturating_add(rate.between_ns);
                Ok(())
            }
        }
    }

    /// It is full now at the earliest: somebody was here to whom nothing happens.
    pub fn touch(&mut self, now: u64) {
        self.full_at = self.full_at.max(now);
    }

    /// Whether it was full before this instant.
    pub fn was_full_before(self, instant: u64) -> bool {
        self.full_at < instant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// How many of `times`, one each `every_ms` from `from_ms` on, were taken.
    fn taken(bucket: &mut Bucket, rate: Rate, from_ms: u64, every_ms: u64, times: u64) -> usize {
        let instants = (0..times).map(|nth| (from_ms + nth * every_ms) * MS);
        instants
            .filter(|now| bucket.take(rate, *now).is_ok())
            .count()
    }

    #[test]
    fn twenty_seconds_worth_at_once_and_then_the_rate() {
        for (per_second, at_once) in [(1, 20), (50, 1000)] {
            let (rate, mut bucket) = (Rate::per_second(per_second), Bucket::default());
            assert_eq!(
                taken(&mut bucket, rate, 0, 0, 5000),
                at_once,
                "{per_second}"
            );
            // In the ten seconds after it, ten seconds' worth.
            let later = taken(&mut bucket, rate, 1, 1, 10_000);
            assert_eq!(later, at_once / 2, "{per_second}");
            // After a while of rest, all of it again, and no more.
            assert_eq!(taken(&mut bucket, rate, 10_000_000, 0, 5000), at_once);
        }
    }

    #[test]
    fn who_comes_as_often_as_it_may_never_waits() {
        let (rate, mut bucket) = (Rate::per_second(10), Bucket::default());
        assert_eq!(taken(&mut bucket, rate, 0, 100, 10_000), 10_000);
    }

    #[test]
    fn it_says_how_long() {
        let (rate, mut bucket) = (Rate::per_second(2), Bucket::default());
        assert_eq!(taken(&mut bucket, rate, 0, 0, 100), 40);
        for (now_ms, wait_ms) in [
            (0, Some(500)),
            (200, Some(300)),
            (499, Some(1)),
            (500, None),
        ] {
            let wait = bucket.wait(rate, now_ms * MS);
            assert_eq!(wait, wait_ms.map(Duration::from_millis), "{now_ms}");
        }
    }

    #[test]
    fn no_number_is_too_large_or_too_small() {
        assert_eq!(Rate::per_second(0), Rate::per_second(1));
        assert_eq!(Rate::per_second(u32::MAX), Rate::per_second(PER_SECOND_MAX));
        let (rate, mut bucket) = (Rate::per_second(1), Bucket::default());
        assert_eq!(bucket.take(rate, u64::MAX), Ok(()));
        assert!(!bucket.was_full_before(u64::MAX));
        // A clock that goes back finds a bucket that is full later, and no overflow.
        assert!(bucket.wait(rate, 0).is_some());
    }
}
