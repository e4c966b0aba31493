//! An incident as the API shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something went wrong, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentView {
    /// Its id, `INC-1`.
    pub id: String,
    /// When it opened itself.
    pub opened_at: Timestamp,
    /// The release it is about.
    pub release: String,
    /// What happened, in a sentence.
    pub title: String,
    /// What the failing devices have in common, if anything.
    pub suspected: Option<String>,
    /// The evidence, a sentence each.
    pub evidence: Vec<String>,
    /// Devices on which it failed.
    pub affected: Vec<String>,
    /// Devices that can't go back, each with the reason.
    pub cannot_return: Vec<String>,
}
