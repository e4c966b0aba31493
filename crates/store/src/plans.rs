//! The plans that were put into force; the newest one is in force. Read [`Plans`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;

use crate::StoreError;

/// The plans.
#[async_trait]
pub trait Plans: Send + Sync {
    /// Puts a plan into force; `digest` is SHA-256 of `text`. Earlier ones are kept, and the same
    /// text again is an activation of its own: who did it, and when, belongs to the record.
    async fn activate_plan(
        &self,
        text: &str,
        digest: [u8; 32],
        by: &Email,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Whether a plan whose text has this SHA-256 is in force, or was before.
    async fn was_in_force(&self, digest: [u8; 32]) -> Result<bool, StoreError>;

    /// The number of the newest activation that was made at this moment or before, by the clock.
    async fn revision_at(&self, at: Timestamp) -> Result<Option<i64>, StoreError>;

    /// The activation of this number, and those that came later, oldest first; of more than
    /// [`crate::LIST_MAX`] later ones, the newest.
    async fn activations_from(&self, revision: i64) -> Result<Vec<Activation>, StoreError>;

    /// The newest activation of the plan whose text has this SHA-256, if it ever was in force.
    async fn plan_with(&self, digest: [u8; 32]) -> Result<Option<StoredPlan>, StoreError>;

    /// The plan in force; none before the first.
    async fn active_plan(&self) -> Result<Option<StoredPlan>, StoreError>;

    /// The plan that was in force at an instant; none before the first.
    async fn plan_at(&self, at: Timestamp) -> Result<Option<StoredPlan>, StoreError>;
}

/// That a plan was put into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation {
    /// Counts the activations, from 1.
    pub revision: i64,
    /// SHA-256 of the plan's text.
    pub digest: [u8; 32],
}

/// A plan as it was put into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPlan {
    /// Counts the activations, from 1.
    pub revision: i64,
    /// Its text.
    pub text: String,
    /// SHA-256 of the text.
    pub digest: [u8; 32],
    /// When it was put into force.
    pub at: Timestamp,
    /// By whom.
    pub by: Email,
}
