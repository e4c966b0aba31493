//! The payloads: large, immutable, named by their digest. Read [`Blobs`]; [`FolderBlobs`] keeps
//! them as files, [`S3Blobs`] as objects of a bucket.

mod cached;
mod folder;
mod incoming;
mod mirrored;
mod room;
mod s3;

use std::io;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use mainstay_trust::Digest;

use crate::StoreError;

pub use folder::FolderBlobs;
pub use mirrored::MirrorHome;
pub use s3::{S3Blobs, S3Key, S3Place};

/// So much of a blob is in memory at a time for each that reads one, however slowly: five thousand downloads hold 320 MB.
pub const PIECE_BYTES: usize = 64 * 1024;

/// Bytes as they come. How they are cut into pieces means nothing; after an error nothing more comes.
pub type Pieces<'a> = BoxStream<'a, io::Result<Bytes>>;

/// Payloads by SHA-256 digest. A blob never changes: putting one again can only mend it.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Keeps these bytes under their digest, `bytes` of them. They are durable before this returns, and nobody sees them before
    /// they are whole. What is there under this digest, whole or damaged, is them afterwards.
    ///
    /// # Errors
    /// [`PutError::Source`] if the pieces broke off; [`StoreError::Damaged`] if they are more or fewer or don't have this digest,
    /// which is noticed before more than `bytes` and one piece were taken; [`StoreError::Full`], [`StoreError::ReadOnly`] or [`StoreError::Unreadable`] if they can't be written.
    /// Nothing is kept then.
    async fn put(&self, digest: &Digest, bytes: u64, pieces: Pieces<'_>) -> Result<(), PutError>;

    /// Writes as [`Blobs::put`] would, and keeps nothing of it.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::ReadOnly`] or [`StoreError::Unreadable`], if a payload couldn't be kept now.
    async fn probe(&self) -> Result<(), StoreError>;

    /// How many bytes are there under this digest; none if there is no such blob. They weren't read: a damaged blob may have any number.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if that can't be told.
    async fn size(&self, digest: &Digest) -> Result<Option<u64>, StoreError>;

    /// The bytes of `range`, in pieces of [`PIECE_BYTES`] at most; none if there is no such blob. An error of the stream means that
    /// there were fewer, or that they can't be read.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if it is there and can't be opened.
    async fn read(
        &self,
        digest: &Digest,
        range: Range<u64>,
    ) -> Result<Option<Pieces<'static>>, StoreError>;

    /// An address under which anybody may read this blob for a while, without any other key; none where the home gives none, as a folder. Whether the blob is
    /// there isn't asked. The address is a secret as long as it is good: it belongs into no log.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if what signs it isn't at hand.
    async fn link(&self, _digest: &Digest, _lasts: Duration) -> Result<Option<String>, StoreError> {
        Ok(None)
    }
}

/// Why a blob isn't kept.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Whoever sends the bytes stopped.
    #[error("the bytes broke off: {0}")]
    Source(#[source] io::Error),
    /// They aren't what was announced, or can't be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Bytes in memory as pieces.
pub fn pieces(bytes: Bytes) -> Pieces<'static> {
    let next = |mut left: Bytes| {
        let piece = left.split_to(left.len().min(PIECE_BYTES));
        std::future::ready((!piece.is_empty()).then_some((Ok(piece), left)))
    };
    Box::pin(stream::unfold(bytes, next))
}
