//! What an order is about, as its client sees it: one chunk with one file. Read [`Parcel`].
//!
//! The number of the "software module" that these clients fetch from is the order's own: nobody else's opens it, and what was
//! offered twice has two addresses.

use mainstay_api::ddi::artifact::ArtifactLinks;
use mainstay_api::ddi::{
    Artifact, ArtifactSize, Chunk, Deployment, Handling, Hashes, Links, change_hash,
};
use mainstay_artifact::file_name;
use mainstay_fleet::{ClientProfile, ReleaseDigest};
use mainstay_release::Release;
use mainstay_rollout::order::OrderNumber;
use mainstay_store::{StoreError, StoredPayload};

use super::login::Client;
use crate::App;
use crate::device_protocol::Validators;

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
    /// The id of the reason why no parcel can be made of a release: its payload hasn't been summed up yet.
    pub const NOT_MEASURED: &'static str = "ddi.not-measured";

    /// The parcel of a release; none while the release isn't here, or its payload hasn't been summed up.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of(app: &App, release: &ReleaseDigest) -> Result<Option<Self>, StoreError> {
        let Some(release) = app.store.release_by_manifest(release).await? else {
            return Ok(None);
        };
        let Some(payload) = app.store.payload_of(&release.facts.image).await? else {
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

    /// Why a client of this kind can't be told of the file under these links, if so; by the reason's stable id.
    pub fn unspeakable(&self, links: &Links, profile: ClientProfile) -> Option<&'static str> {
        // No number is longer.
        let longest = ArtifactLinks::of(links, u64::from(u32::MAX), &self.file);
        if ArtifactSize::try_from(self.payload.bytes).is_err() {
            return Some("ddi.too-large");
        }
        let path_chars = longest.download().path().len();
        (path_chars > profile.href_chars_max()).then_some("ddi.too-long")
    }

    /// The file as this client is told of it; none if it [can't](Self::unspeakable) be.
    pub fn artifact(&self, client: &Client, number: OrderNumber) -> Option<Artifact> {
        let size = ArtifactSize::try_from(self.payload.bytes).ok()?;
        if self.unspeakable(&client.links, client.profile).is_some() {
            return None;
        }
        let sums = &self.payload.checksums;
        Some(Artifact {
            filename: self.file.clone(),
            size,
            hashes: Hashes::of(&sums.sha1, &sums.md5, &self.payload.image.0),
            links: ArtifactLinks::of(&client.links, u64::from(number.get()), &self.file),
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

    /// By what a client knows the file again. It is what it is since its release was handed in.
    pub fn validators(&self) -> Validators {
        let since = self.release.stage.drafted().at;
        Validators::of(&self.payload.image).since(since)
    }

    /// Another number whenever what is said of it differs.
    pub fn change(&self) -> i32 {
        change_hash(AT_ONCE, AT_ONCE, None, &self.payload.image.to_string())
    }
}
