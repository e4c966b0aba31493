//! How long the server is left alone when it asks for that (`Retry-After`).
//!
//! | the device | leaves it alone |
//! |---|---|
//! | on trial | until the next look at its health is due, at most: it must be heard before its trial ends |
//! | otherwise | as long as the server wants, a day at most (`link.rs`) |

use std::time::Duration;

/// What the server asked for last. Instants are milliseconds of the agent's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet {
    since_ms: u64,
    until_ms: u64,
}

impl Quiet {
    /// From now on, for so long.
    #[must_use]
    pub fn begin(now_ms: u64, lasts: Duration) -> Self {
        let lasts_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        Self {
            since_ms: now_ms,
            until_ms: now_ms.saturating_add(lasts_ms),
        }
    }

    /// Until when nothing is sent at `now_ms`; none if something may be. `look_every_ms` is how often an image on trial
    /// is looked at; none if none is.
    #[must_use]
    pub fn until_ms(&self, now_ms: u64, look_every_ms: Option<u64>) -> Option<u64> {
        let most_ms =
            look_every_ms.map_or(u64::MAX, |every_ms| self.since_ms.saturating_add(every_ms));
        let until_ms = self.until_ms.min(most_ms);
        (now_ms < until_ms).then_some(until_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_on_trial_is_looked_at_and_heard_whatever_the_server_asks_for() {
        let day = Quiet::begin(1000, Duration::from_secs(86_400));
        let minute = Quiet::begin(1000, Duration::from_secs(60));
        let trial = Some(120_000);
        for (quiet, now_ms, look_every_ms, expected) in [
            (Quiet::default(), 0, None, None),
            (day, 1000, None, Some(86_401_000)),
            (day, 86_400_999, None, Some(86_401_000)),
            (day, 86_401_000, None, None),
            (day, 1000, trial, Some(121_000)),
            (day, 121_000, trial, None),
            // Asked for long before the trial began.
            (day, 80_000_000, trial, None),
            (minute, 1000, trial, Some(61_000)),
            (minute, 61_000, trial, None),
        ] {
            let until_ms = quiet.until_ms(now_ms, look_every_ms);
            assert_eq!(until_ms, expected, "{quiet:?} at {now_ms}");
        }
    }
}
