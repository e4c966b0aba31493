//! The incidents. Most are opened by [`crate::Rollouts::save_step`]. Read [`Incidents`].
//!
//! What people do about an incident only adds to its log, so the log's length tells its states apart.

use async_trait::async_trait;
use mainstay_telemetry::{Incident, IncidentId};

use crate::StoreError;

/// The incidents.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// Opens an incident and numbers it; the number it came with is ignored. The number of the plan
    /// in force is added to its plans.
    async fn open_incident(&self, incident: &Incident) -> Result<IncidentId, StoreError>;

    /// The incident of this number.
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// Saves an incident about which somebody has done something. Where the plans had a say in
    /// whether they may, `newest_plan` is the number of the last one that was looked at.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if its log isn't as long as that of `before` any more, or another
    /// plan was put into force; [`StoreError::NotFound`] if there is none of this number.
    async fn save_incident(
        &self,
        before: &Incident,
        after: &Incident,
        newest_plan: Option<i64>,
    ) -> Result<(), StoreError>;

    /// Opens `next`, which takes the incident `closed` up again, and marks that one by its number:
    /// both or neither.
    ///
    /// # Errors
    /// As [`Incidents::save_incident`] for `closed`; [`StoreError::Damaged`] if `next` doesn't take
    /// it up.
    async fn reopen_incident(
        &self,
        closed: &Incident,
        next: &Incident,
    ) -> Result<IncidentId, StoreError>;

    /// Incidents, newest first, at most [`crate::LIST_MAX`].
    async fn incidents(&self) -> Result<Vec<Incident>, StoreError>;

    /// At most `most` incidents, newest first: the newest ones, or those with a lower number than `after`.
    async fn incidents_after(
        &self,
        after: Option<IncidentId>,
        most: u32,
    ) -> Result<Vec<Incident>, StoreError>;
}
