//! Why something isn't moving.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest reason that a person may give for a deed, in bytes: it stands in a headline.
pub const WHY_BYTES_MAX: usize = 500;

/// The same sentences that the pages and the report show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// What is asked about: a device, a release or a rollout.
    pub subject: String,
    /// Why it isn't moving, or that it is.
    pub sentence: String,
    /// What to do next; none if there is nothing to do.
    pub next: Option<String>,
}
