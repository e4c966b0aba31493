//! The signed schedules. Read [`Schedules`].

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_fleet::ReleaseDigest;

use crate::StoreError;

/// The schedules. The newest of a release counts; the earlier ones are kept for the record.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Adds a schedule; the caller has verified it.
    async fn add_schedule(&self, schedule: &StoredSchedule) -> Result<(), StoreError>;

    /// The newest schedule of the release with this manifest, for a class.
    async fn schedule(
        &self,
        release: &ReleaseDigest,
        class: &[u8; 16],
    ) -> Result<Option<StoredSchedule>, StoreError>;
}

/// A signed schedule, as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSchedule {
    /// The release, by its manifest.
    pub release: ReleaseDigest,
    /// The class id, as in the manifest.
    pub class: [u8; 16],
    /// The signed document's bytes.
    pub signed: Vec<u8>,
    /// When this server took it.
    pub at: Timestamp,
    /// From whom.
    pub by: Email,
}
