//! Rollouts on their way to their beginning: the devices that were drawn for them, kept until each is enrolled. Read [`Draws`].

use async_trait::async_trait;
use mainstay_fleet::DeviceId;
use mainstay_rollout::{Enrolment, Rollout};

use crate::StoreError;
use crate::values::{from_json, to_json};

/// What was drawn, in parts. Each of these is one transaction, and a short one: nobody else who writes waits for a whole fleet.
#[async_trait]
pub trait Draws: Send + Sync {
    /// Keeps who was drawn for a rollout that is starting, in parts that are to be enrolled one by one, and saves the rollout as it is from
    /// then on. Nobody is enrolled yet.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the stored rollout has another generation than expected, [`StoreError::NotFound`] for an unknown
    /// rollout; nothing is changed then.
    async fn keep_draw(
        &self,
        rollout: &Rollout,
        expected_generation: u64,
        parts: &[&[Enrolment]],
    ) -> Result<(), StoreError>;

    /// Enrols the devices of the first part that is left, as [`start_rollout`](crate::Rollouts::start_rollout) does, and forgets that part.
    /// Whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the stored rollout has another generation than this one, [`StoreError::NotFound`] for an unknown
    /// rollout or device; nothing is changed then.
    async fn enrol_part(&self, rollout: &Rollout) -> Result<bool, StoreError>;

    /// Saves a rollout that begins: all of its parts are enrolled.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the stored rollout has another generation than expected, a part is left (of a "draw", then), or the class
    /// has another rollout under way (of a "device class"); [`StoreError::NotFound`] for an unknown rollout. Nothing is changed then.
    async fn begin_rollout(
        &self,
        rollout: &Rollout,
        expected_generation: u64,
    ) -> Result<(), StoreError>;
}

/// A part as it is kept: each device with its wave.
pub(crate) fn part_to_json(part: &[Enrolment]) -> Result<String, StoreError> {
    let rows: Vec<_> = part.iter().map(|e| (&e.device, e.wave)).collect();
    to_json("draw", &rows)
}

/// A part as it was kept.
pub(crate) fn part_from_json(text: &str) -> Result<Vec<Enrolment>, StoreError> {
    let rows: Vec<(DeviceId, usize)> = from_json("draw", text)?;
    let enrolment = |(device, wave)| Enrolment { device, wave };
    Ok(rows.into_iter().map(enrolment).collect())
}

/// That a rollout of which a part is left can't begin.
pub(crate) fn part_left(rollout: &Rollout) -> StoreError {
    StoreError::Conflict {
        what: "draw",
        name: rollout.id.to_string(),
        because: "devices that were drawn aren't enrolled yet".to_owned(),
    }
}
