//! The releases with their stages and envelopes. Read [`Releases`].

use async_trait::async_trait;
use mainstay_fleet::ReleaseDigest;
use mainstay_release::{Release, ReleaseId, StageName};

use crate::{LIST_MAX, StoreError};

/// The releases.
#[async_trait]
pub trait Releases: Send + Sync {
    /// Adds a release with its signed envelope.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of this name or with this manifest.
    async fn add_release(&self, release: &Release, envelope: &[u8]) -> Result<(), StoreError>;

    /// Saves a release that has moved on, and in the same transaction its new envelope, if it has
    /// one: an approval adds a signature.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the stored release isn't in the expected stage any more.
    async fn save_release(
        &self,
        change: StageChange<'_>,
        envelope: Option<&[u8]>,
    ) -> Result<(), StoreError>;

    /// The release of this name.
    async fn release(&self, id: &ReleaseId) -> Result<Option<Release>, StoreError>;

    /// The release with this manifest.
    async fn release_by_manifest(
        &self,
        manifest: &ReleaseDigest,
    ) -> Result<Option<Release>, StoreError>;

    /// Releases, newest first, at most [`crate::LIST_MAX`]: for lists that people look at.
    async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        self.releases_after(None, LIST_MAX).await
    }

    /// At most `most` releases, newest first: the newest ones, or those that follow `after` in that order. Nothing follows one that isn't there. Whatever must
    /// reach every release walks over them by this, page by page; what is added meanwhile is newer than all that follows.
    async fn releases_after(
        &self,
        after: Option<&ReleaseId>,
        most: u32,
    ) -> Result<Vec<Release>, StoreError>;

    /// The manifests of all releases that are revoked, the newest release first.
    async fn revoked_releases(&self) -> Result<Vec<ReleaseDigest>, StoreError>;

    /// The newest envelope of the release with this manifest.
    async fn envelope(&self, manifest: &ReleaseDigest) -> Result<Option<Vec<u8>>, StoreError>;
}

/// A release that has moved to another stage.
#[derive(Debug, Clone, Copy)]
pub struct StageChange<'a> {
    /// The release as it is now.
    pub release: &'a Release,
    /// The stage that it was in when the change was decided.
    pub expected: StageName,
}
