//! The plan in force.

use jiff::Timestamp;
use mainstay_access::Email;
use serde::{Deserialize, Serialize};

/// The plan that the server works by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// SHA-256 of its text, hexadecimal: the plan's revision.
    pub revision: String,
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Who put it into force.
    pub by: Email,
    /// When.
    pub at: Timestamp,
}
