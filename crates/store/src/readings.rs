//! What was read on devices that rollouts compare. Read [`Readings`].

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::DeviceId;
use mainstay_rollout::{RolloutId, SoftReading};

use crate::StoreError;

/// What was read on devices that rollouts compare. [`crate::Rollouts::fleet_view`] gives it back.
///
/// It is bounded by what is compared at one time: of each device, signal and rollout only the newest reading is kept, and with
/// the next one that is kept all those of rollouts that are over by then go.
#[async_trait]
pub trait Readings: Send + Sync {
    /// Keeps readings, in one transaction. Where one was taken already at or after the instant at which it was due, that is the
    /// one that counts, and nothing is changed; nor does an unknown device change anything.
    ///
    /// # Errors
    /// If a rollout isn't known.
    async fn keep_readings(&self, taken: &[TakenReading]) -> Result<(), StoreError>;

    /// Notes that a device was heard of at `now`, and adds the polls that it missed since it was heard of before to what these
    /// rollouts count: all in one transaction, so that a gap is neither lost when that fails, nor counted twice when the device's
    /// next try overtakes it. It was heard of before at `last`, or later than that if the store knows better.
    ///
    /// A rollout's count begins at nought when its `since` is another instant than before. An unknown device changes nothing.
    ///
    /// # Errors
    /// If a rollout isn't known.
    async fn count_missed_polls(
        &self,
        device: &DeviceId,
        last: Timestamp,
        now: Timestamp,
        counts: &[PollCount],
    ) -> Result<(), StoreError>;

    /// What is kept of the devices of a rollout: as much as it compares.
    ///
    /// # Errors
    /// If the store can't be read.
    async fn readings(&self, rollout: RolloutId) -> Result<Vec<SoftReading>, StoreError>;

    /// How many polls were counted for one rollout that a device missed since `since`.
    ///
    /// # Errors
    /// If the store can't be read.
    async fn missed_polls(
        &self,
        rollout: RolloutId,
        device: &DeviceId,
        since: Timestamp,
    ) -> Result<u32, StoreError>;
}

/// What one rollout counts of a device's missed polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollCount {
    /// The rollout.
    pub rollout: RolloutId,
    /// From when on.
    pub since: Timestamp,
    /// How often a poll is due.
    pub poll: SignedDuration,
}

/// A reading, and what it was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenReading {
    /// The rollout that compares the device.
    pub rollout: RolloutId,
    /// From when on it was due.
    pub due: Timestamp,
    /// What was read.
    pub reading: SoftReading,
}
