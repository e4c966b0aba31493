//! Payloads that may lie elsewhere, as the API tells those who keep a mirror.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A payload that devices may fetch, or may return to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PayloadView {
    /// Its SHA-256, hexadecimal: its name.
    pub digest: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The releases that it is the image of, as `thermo-v2@1.1.0`, the newest first.
    pub releases: Vec<String>,
}
