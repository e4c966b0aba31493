//! The payloads: large, immutable, named by their digest. Read [`Blobs`]; [`FolderBlobs`] keeps
//! them as files.

mod folder;

use async_trait::async_trait;
use mainstay_trust::Digest;
use tokio::fs::File;

use crate::StoreError;

pub use folder::FolderBlobs;

/// Payloads by SHA-256 digest. A blob never changes, so there is no way to overwrite one.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Keeps these bytes under their digest. They are durable before this returns; keeping them
    /// again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the bytes don't have this digest; [`StoreError::Full`],
    /// [`StoreError::ReadOnly`] or [`StoreError::Unreadable`] if they can't be written.
    async fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError>;

    /// Writes as [`Blobs::put`] would, and keeps nothing of it.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::ReadOnly`] or [`StoreError::Unreadable`], if a payload couldn't be kept now.
    async fn probe(&self) -> Result<(), StoreError>;

    /// The file that holds the bytes, at its start, and their count; none if there is no such blob.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if it is there and can't be opened.
    async fn open(&self, digest: &Digest) -> Result<Option<(File, u64)>, StoreError>;
}
