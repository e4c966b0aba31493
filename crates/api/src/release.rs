//! A release as the API shows it.

use jiff::Timestamp;
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A release and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseView {
    /// Its id, `thermo-v2@1.1.0`.
    pub id: String,
    /// The class it is for.
    pub class: String,
    /// The version that people read.
    pub version: String,
    /// Its place in its class's order.
    pub sequence: u64,
    /// The manifest's digest, hexadecimal: its identity.
    pub manifest: String,
    /// The image's digest, hexadecimal.
    pub image: String,
    /// The image's size in bytes.
    pub image_bytes: u64,
    /// The releases that devices may return to from it, by manifest digest.
    pub returns_to: Vec<String>,
    /// The track it runs on.
    pub track: String,
    /// The stage it stands in: "signed", "approved", "rolling" and so on.
    pub stage: String,
    /// Every stage it has reached, oldest first.
    pub history: Vec<StageView>,
}

/// One stage that a release has reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageView {
    /// The stage.
    pub stage: String,
    /// Who moved it there; none where the server did.
    pub by: Option<String>,
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// What else is to know, such as the plan revision of an approval or the reason of a halt.
    pub detail: Option<String>,
}
