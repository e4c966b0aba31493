//! A hold as the API shows it, and how one is placed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A person puts a release on hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// Why, in a sentence.
    pub reason: String,
}

/// A hold, and which devices run the release all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// The release, `thermo-v2@1.1.0`.
    pub release: String,
    /// Its manifest's digest, hexadecimal.
    pub manifest: String,
    /// Who holds it.
    pub by: String,
    /// Since when.
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
