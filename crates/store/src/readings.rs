//! What was read on devices that rollouts compare. Read [`Readings`].

use async_trait::async_trait;
use jiff::Timestamp;
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

    /// Adds so many to the polls that a device missed since `since`, for one rollout, and returns how many there are now. It counts
    /// from nought when `since` is another instant than before; for an unknown device it is always nought.
    ///
    /// # Errors
    /// If the rollout isn't known.
    async fn miss_polls(
        &self,
        rollout: RolloutId,
        device: &DeviceId,
        since: Timestamp,
        polls: u32,
    ) -> Result<u32, StoreError>;
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
