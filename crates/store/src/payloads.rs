//! What is known of each payload beside its digest: what clients compare, and what its file is called. Read [`Payloads`].

use async_trait::async_trait;
use mainstay_artifact::{Checksums, Ending, Summed};
use mainstay_trust::Digest;

use crate::StoreError;

/// The facts of payloads, by the SHA-256 that names them. The bytes are in [`crate::Blobs`].
#[async_trait]
pub trait Payloads: Send + Sync {
    /// Notes what one reading of a payload told. A payload never changes: noting it again changes nothing.
    async fn note_payload(&self, payload: &StoredPayload) -> Result<(), StoreError>;

    /// What was noted of the payload with this digest; none as long as nobody has read it for that.
    async fn payload_of(&self, image: &Digest) -> Result<Option<StoredPayload>, StoreError>;

    /// The payload of every release, each once, that of the newest release first: what is to be there whole.
    async fn payloads_of_releases(&self) -> Result<Vec<ReleasePayload>, StoreError>;
}

/// What one reading of a payload told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredPayload {
    /// Its SHA-256, which is its name.
    pub image: Digest,
    /// Its size.
    pub bytes: u64,
    /// For clients to compare; never to be trusted.
    pub checksums: Checksums,
    /// What its file's name ends with.
    pub ending: Ending,
}

impl From<Summed> for StoredPayload {
    fn from(summed: Summed) -> Self {
        Self {
            image: summed.image.digest,
            bytes: summed.image.bytes,
            checksums: summed.checksums,
            ending: summed.ending,
        }
    }
}

/// A payload by its release's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleasePayload {
    /// Its SHA-256.
    pub image: Digest,
    /// Its size.
    pub bytes: u64,
}

/// A noted payload's columns: its size, SHA-1, MD5, ending.
pub(crate) type PayloadRow = (i64, Vec<u8>, Vec<u8>, String);

/// The noted payload in a row.
pub(crate) fn stored(
    image: Digest,
    (bytes, sha1, md5, ending): PayloadRow,
) -> Result<StoredPayload, StoreError> {
    let damaged = |what: &str| StoreError::damaged("payload", format_args!("its {what} isn't one"));
    let sha1 = sha1.try_into().map_err(|_| damaged("SHA-1"))?;
    let md5 = md5.try_into().map_err(|_| damaged("MD5"))?;
    Ok(StoredPayload {
        image,
        bytes: size(bytes)?,
        checksums: Checksums { sha1, md5 },
        ending: Ending::parse(&ending).ok_or_else(|| damaged("ending"))?,
    })
}

/// A size of a column.
pub(crate) fn size(bytes: i64) -> Result<u64, StoreError> {
    u64::try_from(bytes).map_err(|error| StoreError::damaged("payload", error))
}

/// A size for a column. Databases have no unsigned numbers; no payload gets near the bound.
pub(crate) fn size_column(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
