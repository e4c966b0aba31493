//! A hold as the API shows it, and how one is placed.

use jiff::Timestamp;
use mainstay_fleet::Moment;
use mainstay_release::hold::REASON_BYTES_MAX;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// So many devices that run a release are named with it: what people read through; a fleet fits into no answer.
pub const RUNNING_NAMED_MAX: usize = 1000;

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
    /// Devices that run the release, by their own word: a hold stops installing, never running. At most [`RUNNING_NAMED_MAX`], the first by
    /// name; `/releases/{id}/devices` lists all.
    #[schemars(length(max = RUNNING_NAMED_MAX))]
    pub running: Vec<String>,
}
