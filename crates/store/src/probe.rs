//! Whether the store takes writes now: what readiness asks. Read [`Probe`].

use async_trait::async_trait;

use crate::StoreError;

/// A try whether a write would be kept.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Writes as a device's report would, room for new rows included, and keeps nothing of it.
    ///
    /// # Errors
    /// What a report would fail with now: [`StoreError::Full`], [`StoreError::ReadOnly`],
    /// [`StoreError::Moved`], [`StoreError::Unreachable`], [`StoreError::Busy`] and so on.
    async fn probe(&self) -> Result<(), StoreError>;
}
