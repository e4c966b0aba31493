//! What is counted of many devices for those who look: people's pages, their programs, monitors.
//!
//! Nobody's look has a whole fleet in memory: it is walked over a page at a time, and what is kept is what is told. Of a large fleet that takes
//! seconds, so what was counted is told for a while ([`Recent`]); of a small one it is counted anew each time, since whoever has just done
//! something wants to see it. Nothing here decides: steps and offers look at devices themselves. Read [`Figures`].

mod recent;
pub(crate) mod rollout;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mainstay_rollout::RolloutId;
use mainstay_telemetry::ServiceLevels;

use self::rollout::Standing;
use crate::aside::Aside;
use crate::pages::fill::Picture;
use crate::pages::{Counted, Total};
use crate::problem::Refused;
pub(crate) use recent::{Figure, Recent, Walk};

/// So many devices are counted anew whenever somebody looks: a tenth of a second's work.
pub(crate) const COUNTED_ANEW: u32 = 5000;

/// What was counted is told for so many times as long as that took: however often somebody looks, it takes a twentieth of one processor.
const TOLD_FACTOR: i32 = 20;
/// But no longer than that: a clock that jumps while it is counted must not freeze the figures.
const TOLD_MAX: SignedDuration = SignedDuration::from_hours(1);

/// What was counted so long ago is told with the time of then.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(2);

/// So many rollouts have room for what was counted of them: the newest, and what people look up. Each is some hundred kilobytes at most.
const ROLLOUTS_MAX: usize = 64;

/// What was counted last.
#[derive(Default)]
pub(crate) struct Figures {
    /// How releases stand against the goals of a plan, by its revision.
    pub levels: Arc<Recent<String, ServiceLevels>>,
    /// The fleet by version, by the time within which a device is reachable.
    pub fleet: Arc<Recent<Option<SignedDuration>, Counted>>,
    /// How many devices there are.
    pub total: Arc<Recent<(), Total>>,
    rollouts: Mutex<BTreeMap<RolloutId, Arc<Recent<Standing, Picture>>>>,
    /// Long walks for which nobody waits are taken one at a time, whatever they count: devices are served meanwhile.
    long_walk: Arc<tokio::sync::Mutex<()>>,
    /// When it failed to count what the home page tells, if it did the last time.
    failed_at: Mutex<Option<Timestamp>>,
    /// Where it is counted once a server runs: whoever looks at something else isn't in that row.
    pub threads: Aside,
}

impl Figures {
    /// Notes how counting for the home page ended: whoever looks waits a second, and wouldn't be told of what fails after that.
    pub fn note_failure(&self, counted: &Result<(), Refused>, now: Timestamp) {
        if let Err(refused) = counted {
            tracing::warn!(id = refused.id(), "the home page's figures aren't counted");
        }
        // An assignment; a panic elsewhere can't leave it half made.
        let mut failed_at = self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *failed_at = counted.is_err().then_some(now);
    }

    /// When counting for the home page failed, if it did the last time.
    pub fn failed_at(&self) -> Option<Timestamp> {
        *self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What was counted of a rollout's devices.
    fn of_rollout(&self, id: RolloutId) -> Arc<Recent<Standing, Picture>> {
        // Each change is one insertion or removal; a panic elsewhere can't leave it half made.
        let mut rollouts = self.rollouts.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = rollouts.entry(id).or_default().clone();
        // The oldest one makes room, and not the one that is asked for: all who look at it now are told of one count.
        while rollouts.len() > ROLLOUTS_MAX
            && let Some(oldest) = rollouts.keys().find(|known| **known != id).copied()
        {
            rollouts.remove(&oldest);
        }
        recent
    }
}

/// As of when something is told that was counted then; nothing if that was just now, as of all but large fleets.
pub(crate) fn not_just_now(counted_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (now.duration_since(counted_at) > JUST_NOW).then_some(counted_at)
}

/// For how long something is told that took so long to count.
pub(crate) fn in_proportion(took: SignedDuration) -> SignedDuration {
    took.saturating_mul(TOLD_FACTOR)
        .clamp(SignedDuration::ZERO, TOLD_MAX)
}

/// The same of so many devices: of few it is counted anew.
pub(crate) fn if_many(devices: u32, took: SignedDuration) -> SignedDuration {
    match devices > COUNTED_ANEW {
        true => in_proportion(took),
        false => SignedDuration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_long_is_told_for_long_but_of_few_devices_not_at_all() {
        let (secs, mins) = (SignedDuration::from_secs, SignedDuration::from_mins);
        for (took, told) in [
            (secs(0), secs(0)),
            (secs(1), secs(20)),
            (secs(60), mins(20)),
            // The clock was set forward by a day meanwhile, or back.
            (secs(86_400), mins(60)),
            (secs(-60), secs(0)),
        ] {
            assert_eq!(in_proportion(took), told, "{took:?}");
            assert_eq!(if_many(COUNTED_ANEW + 1, took), told, "{took:?}");
            assert_eq!(if_many(COUNTED_ANEW, took), secs(0), "{took:?}");
        }
    }

    #[test]
    fn a_failed_count_is_told_until_one_succeeds() {
        let figures = Figures::default();
        assert_eq!(figures.failed_at(), None);
        let now = Timestamp::UNIX_EPOCH;
        figures.note_failure(&Err(Refused::not_found("device", "th-1")), now);
        assert_eq!(figures.failed_at(), Some(now));
        figures.note_failure(&Ok(()), now);
        assert_eq!(figures.failed_at(), None);
    }

    #[test]
    fn the_newest_rollouts_have_room() {
        let figures = Figures::default();
        let newest = i64::try_from(ROLLOUTS_MAX).expect("few") + 5;
        let first = figures.of_rollout(RolloutId(newest));
        for id in 1..newest {
            figures.of_rollout(RolloutId(id));
        }
        assert!(Arc::ptr_eq(&first, &figures.of_rollout(RolloutId(newest))));
        // Whoever else looks at an old one shares its count.
        let old = figures.of_rollout(RolloutId(1));
        assert!(Arc::ptr_eq(&old, &figures.of_rollout(RolloutId(1))));
        let rollouts = figures.rollouts.lock().expect("nobody panicked");
        assert_eq!(rollouts.len(), ROLLOUTS_MAX);
    }
}
