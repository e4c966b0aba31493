//! The signed revocations, every one of them. Read [`Revocations`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;

use crate::StoreError;

/// The revocations.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Adds a document; the caller has verified it and that it follows the newest one.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this epoch and number.
    async fn add_revocations(&self, revocations: &StoredRevocations) -> Result<(), StoreError>;

    /// The newest document of an epoch.
    async fn newest_revocations(&self, epoch: u32)
    -> Result<Option<StoredRevocations>, StoreError>;
}

/// Signed revocations, as they were published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRevocations {
    /// The epoch of role revocation in which they were made.
    pub epoch: u32,
    /// Their number in it.
    pub seq: u64,
    /// SHA-256 of the payload, as a status names them.
    pub digest: [u8; 32],
    /// The signed document's bytes.
    pub signed: Vec<u8>,
    /// When this server took them.
    pub at: Timestamp,
    /// From whom.
    pub by: Email,
}
