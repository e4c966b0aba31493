//! The release: one signed manifest, and its stage.
//!
//! Read [`Release`].

use core::fmt;

use mainstay_plan::{ClassId, TrackName};
use mainstay_trust::Digest;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::stage::{Stage, StageName};

/// The name people use: class and version, such as `thermo-v2@1.1.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleaseId(String);

/// What a release is made of; it never changes after the draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The device class it is made for.
    pub class: ClassId,
    /// Its version.
    pub version: Version,
    /// The manifest's sequence number.
    pub sequence: u64,
    /// The manifest's digest: the release's identity for devices.
    pub manifest: Digest,
    /// The image's digest.
    pub image: Digest,
    /// The image's size.
    pub image_bytes: u64,
    /// The manifests it may be rolled back to, as signed; at most [`RETURNS_TO_MAX`].
    pub returns_to: Vec<Digest>,
    /// The track it is released on.
    pub track: TrackName,
}

/// A release and its stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its name.
    pub id: ReleaseId,
    /// What it is made of.
    #[serde(flatten)]
    pub facts: Facts,
    /// Where it stands, with who brought it there and when.
    pub stage: Stage,
}

/// A manifest holds this many digests to return to (`trust` bounds it to the same number).
pub const RETURNS_TO_MAX: usize = 4;

impl ReleaseId {
    /// The name of `version` for `class`.
    #[must_use]
    pub fn new(class: &ClassId, version: &Version) -> Self {
        Self(format!("{}@{version}", class.as_str()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Release {
    /// The refusal for a transition from `needs` to `becomes` that this stage doesn't allow.
    pub(crate) fn wrong_stage(&self, needs: StageName, becomes: StageName) -> Refusal {
        Refusal::WrongStage {
            release: self.id.clone(),
            is: self.stage.name(),
            needs,
            becomes,
        }
    }

    /// This release in another stage.
    pub(crate) fn into_stage(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }
}
