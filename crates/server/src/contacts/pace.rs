//! How much is written at once while nobody waits for it. Read [`Pace`].
//!
//! Where one processor writes and answers devices, an answer waits for a batch that is under way: so batches are small, and a round of them takes
//! its time.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::WRITTEN_AT_ONCE;

/// Between two batches, devices are answered for so long.
const BREATH: Duration = Duration::from_millis(2);

/// A round takes so long. Together with [`WRITTEN_EVERY`](crate::jobs::write_last_seen::WRITTEN_EVERY), that is what a crash loses: it may lose ten seconds.
const SPREAD: Duration = Duration::from_secs(3);

/// Fewer aren't worth a flush of the disk.
pub(super) const BATCH_MIN: usize = 50;

/// A round of writing.
pub(super) struct Pace {
    ends: Instant,
    /// When the batch began that is under way.
    began: Instant,
    /// How long the last one took, its breath included: the next ones will take as long.
    lap: Duration,
}

impl Pace {
    /// A round that begins at `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            ends: now + SPREAD,
            began: now,
            lap: 2 * BREATH,
        }
    }

    /// How many of the `left` ones are in the batch that begins at `now`: as many as in each of those that follow, if the round is to end in time. When
    /// it is too late for that, the batches are the largest.
    pub fn batch(&mut self, left: usize, now: Instant) -> usize {
        self.began = now;
        let laps = self.ends.duration_since(now).as_micros() / self.lap.as_micros();
        let even = usize::try_from(laps).map_or(0, |laps| left / laps.max(1));
        even.clamp(BATCH_MIN, WRITTEN_AT_ONCE)
    }

    /// Waits between two batches; not if it is late.
    pub async fn breathe(&mut self) {
        if Instant::now() < self.ends {
            sleep(BREATH).await;
        }
        self.lap = self.began.elapsed().max(BREATH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written in each batch of a round over so many, if a batch and its flush take so long.
    async fn round(mut left: usize, writing: Duration) -> (Vec<usize>, Duration) {
        let begun = Instant::now();
        let mut pace = Pace::new(begun);
        let mut batches = Vec::new();
        while left > 0 {
            let batch = pace.batch(left, Instant::now()).min(left);
            batches.push(batch);
            left -= batch;
            sleep(writing).await;
            if left > 0 {
                pace.breathe().await;
            }
        }
        (batches, begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_has_even_batches_and_ends_in_time() {
        for (left, writing_ms, largest) in [(100_000, 1, 140), (100_000, 20, 800), (20_000, 1, 50)]
        {
            let (batches, took) = round(left, Duration::from_millis(writing_ms)).await;
            let most = batches.iter().max().copied().unwrap_or_default();
            assert!(most <= largest, "{left}, {writing_ms} ms: {most} at once");
            assert!(took <= SPREAD, "{left}, {writing_ms} ms: {took:?}");
        }
    }

    /// A fleet or a disk for which the time isn't enough: in the largest batches, from when that is seen, and without a breath when it is late.
    #[tokio::test(start_paused = true)]
    async fn who_is_late_hurries() {
        let (batches, took) = round(1_000_000, Duration::from_millis(5)).await;
        assert!(batches.iter().skip(1).all(|some| *some == WRITTEN_AT_ONCE));
        assert!(took < Duration::from_secs(7), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn few_are_written_at_once() {
        let (batches, _) = round(BATCH_MIN, Duration::from_millis(1)).await;
        assert_eq!(batches, [BATCH_MIN]);
    }
}
