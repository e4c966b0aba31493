//! The releases on hold, and those that were. Read [`Holds`].

use async_trait::async_trait;
use mainstay_fleet::ReleaseDigest;
use mainstay_release::Hold;

use crate::StoreError;

/// The holds. A release has at most one in force; those that are over are kept for the record.
#[async_trait]
pub trait Holds: Send + Sync {
    /// Adds a hold. From here on nothing of this release can be promised.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the release is on hold, [`StoreError::Conflict`] if by now
    /// another number than `others` are in force.
    async fn add_hold(&self, hold: &Hold, others: usize) -> Result<(), StoreError>;

    /// Saves a hold in force that has moved on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it isn't as it was `before` any more.
    async fn save_hold(&self, before: &Hold, after: &Hold) -> Result<(), StoreError>;

    /// The hold in force on the release with this manifest.
    async fn hold(&self, manifest: &ReleaseDigest) -> Result<Option<Hold>, StoreError>;

    /// The holds in force, newest first.
    async fn holds(&self) -> Result<Vec<Hold>, StoreError>;
}
