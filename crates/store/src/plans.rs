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

    /// The plan in force; none before the first.
    async fn active_plan(&self) -> Result<Option<StoredPlan>, StoreError>;

    /// The plan that was in force at an instant; none before the first.
    async fn plan_at(&self, at: Timestamp) -> Result<Option<StoredPlan>, StoreError>;
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
