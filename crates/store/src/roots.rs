//! The signed roots, every version of them. Read [`Roots`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;

use crate::StoreError;

/// The roots. Devices climb them one by one, so none is ever forgotten.
#[async_trait]
pub trait Roots: Send + Sync {
    /// Adds a root; the caller has verified that it follows the newest one.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this version.
    async fn add_root(&self, root: &StoredRoot) -> Result<(), StoreError>;

    /// The root of this version.
    async fn root(&self, version: u32) -> Result<Option<StoredRoot>, StoreError>;

    /// All roots, by version.
    async fn roots(&self) -> Result<Vec<StoredRoot>, StoreError>;

    /// Counts every change of what the server's word to devices rests on: the roots, the
    /// revocations, the holds, the plan in force. Who knows them by this number knows them all.
    async fn standing_generation(&self) -> Result<i64, StoreError>;
}

/// A signed root, as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRoot {
    /// Its version.
    pub version: u32,
    /// The signed document's bytes.
    pub signed: Vec<u8>,
    /// When this server took it.
    pub at: Timestamp,
    /// From whom; none if an administrator put it into the folder.
    pub by: Option<Email>,
}
