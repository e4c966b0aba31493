//! Why something isn't moving.

use serde::{Deserialize, Serialize};

/// The same sentences that the pages and the report show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// What is asked about: a device, a release or a rollout.
    pub subject: String,
    /// Why it isn't moving, or that it is.
    pub sentence: String,
    /// What to do next; none if there is nothing to do.
    pub next: Option<String>,
}
