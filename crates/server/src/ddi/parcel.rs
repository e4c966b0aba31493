//! What an order is about, as its client sees it: one chunk with one file. Read [`Parcel`].
//!
//! The number of the "software module" that these clients fetch from is the order's own: nobody else's opens it, and what was
//! offered twice has two addresses.

use mainstay_api::ddi::artifact::ArtifactLinks;
use mainstay_api::ddi::{Artifact, ArtifactSize, Chunk, Deployment, Handling, Hashes, change_hash};
use mainstay_artifact::file_name;
use mainstay_fleet::ReleaseDigest;
use mainstay_release::Release;
use mainstay_rollout::order::OrderNumber;
use mainstay_store::{StoreError, StoredPayload};

use super::login::Client;
use crate::App;

/// How a client handles an order: at once. Whether it is time is decided before an order is shown, since not all of them can be told to wait.
const AT_ONCE: Handling = Handling::Forced;

/// A release as the file that clients fetch.
#[derive(Debug)]
pub(super) struct Parcel {
    /// The release.
    pub release: Release,
    /// Its payload.
    pub payload: StoredPayload,
    /// What its file is called.
    pub file: String,
}

impl Parcel {
    /// The parcel of a release; none while the release isn't here, or its payload hasn't been summed up.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of(app: &App, release: &ReleaseDigest) -> Result<Option<Self>, StoreError> {
        let Some(release) = app.store.release_by_manifest(release).await? else {
            return Ok(None);
        };
        let Some(payload) = app.store.payload_of(&release.facts.image).await? else {
            tracing::warn!(release = %release.id, "its payload isn't summed up yet, so that no client of others is offered it");
            return Ok(None);
        };
        let facts = &release.facts;
        let file = file_name(
            facts.class.as_str(),
            &facts.version.to_string(),
            payload.ending,
        );
        Ok(Some(Self {
            release,
            payload,
            file,
        }))
    }

    /// The file as this client is told of it; none if it can't be: it is too large, or its address too long for it.
    pub fn artifact(&self, client: &Client, number: OrderNumber) -> Option<Artifact> {
        let links = ArtifactLinks::of(&client.links, u64::from(number.get()), &self.file);
        let path_chars = links.download().path().len();
        let size = ArtifactSize::try_from(self.payload.bytes);
        let fits = path_chars <= client.profile.href_chars_max();
        let Some(size) = size.ok().filter(|_| fits) else {
            let bytes = self.payload.bytes;
            tracing::warn!(device = %client.device.id, client = %client.profile, path_chars, bytes, "its client can't be told of the file");
            return None;
        };
        let sums = &self.payload.checksums;
        Some(Artifact {
            filename: self.file.clone(),
            size,
            hashes: Hashes::of(&sums.sha1, &sums.md5, &self.payload.image.0),
            links,
        })
    }

    /// The whole of it.
    pub fn deployment(&self, client: &Client, number: OrderNumber) -> Option<Deployment> {
        let facts = &self.release.facts;
        let chunk = Chunk {
            part: client.profile.part().to_owned(),
            name: facts.class.to_string(),
            version: facts.version.to_string(),
            artifacts: vec![self.artifact(client, number)?],
            metadata: Vec::new(),
        };
        Some(Deployment {
            download: AT_ONCE,
            update: AT_ONCE,
            maintenance_window: None,
            chunks: vec![chunk],
        })
    }

    /// Another number whenever what is said of it differs.
    pub fn change(&self) -> i32 {
        change_hash(AT_ONCE, AT_ONCE, None, &self.payload.image.to_string())
    }
}
