//! The plan in force.

use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The plan that the server works by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// What was found about it when it was put into force, for somebody to look at: only in the answer to that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<PlanWarning>,
}

/// What a rule of plans has to say of one that was put into force all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanWarning {
    /// The rule's id.
    pub rule: String,
    /// The table that it is about, as it stands in the file; empty for the file as a whole.
    pub section: String,
    /// The line in the file, from 1.
    pub line: u32,
    /// What was found, in one sentence.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}
