//! The incidents. Most are opened by [`crate::Rollouts::save_step`]. Read [`Incidents`].

use async_trait::async_trait;
use mainstay_telemetry::{Incident, IncidentId};

use crate::StoreError;

/// The incidents.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// Opens an incident and numbers it; the number it came with is ignored.
    async fn open_incident(&self, incident: &Incident) -> Result<IncidentId, StoreError>;

    /// The incident of this number.
    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError>;

    /// Incidents, newest first, at most [`crate::LIST_MAX`].
    async fn incidents(&self) -> Result<Vec<Incident>, StoreError>;
}
