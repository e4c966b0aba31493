//! A hold as the API shows it, and how one is placed.

use jiff::Timestamp;
use mainstay_fleet::Moment;
use mainstay_release::hold::REASON_BYTES_MAX;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A person puts a release on hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// Why, in a sentence.
    #[schemars(length(min = 1, max = REASON_BYTES_MAX))]
    pub reason: String,
}

/// A hold, and which devices run the release all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldView {
    /// The release, `thermo-v2@1.1.0`.
    pub release: String,
    /// Its manifest's digest, hexadecimal.
    pub manifest: String,
    /// Who holds it.
    pub by: String,
    /// Since when.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// Why, in their words.
    pub reason: String,
    /// "in-force", "release-asked" or "released".
    pub state: String,
    /// Who asked to release it, if somebody has.
    pub asked_by: Option<String>,
    /// Who agreed, once it is released.
    pub released_by: Option<String>,
    /// The devices that run the release, by their own word: a hold stops installing, never running.
    pub running: Vec<String>,
}
