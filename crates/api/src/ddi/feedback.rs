//! What a device reports of an order. Read [`ActionFeedback`] first.

use serde::Deserialize;

use super::Details;
use super::texts::number;

pub mod salvage;

/// What a device reports of an order, or of its cancelling. The number that its body may repeat, as a text or a number, isn't read: the path
/// says it. Neither is `time`, which comes in many shapes and is local time in some.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActionFeedback {
    /// When it happened by the device's own clock, in milliseconds since 1970; nothing is decided by it.
    #[serde(default, deserialize_with = "number")]
    pub timestamp: Option<i64>,
    /// What happened.
    pub status: Status,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// How far the work is, such as `proceeding` or `closed`. Any text: what it means is decided, and refused, where orders are.
    pub execution: String,
    /// A number of the client's own.
    #[serde(default, deserialize_with = "number")]
    pub code: Option<i64>,
    /// How it ended, if it did.
    pub result: Outcome,
    /// In words.
    #[serde(default)]
    pub details: Details,
}

/// How work ended. How far it is in numbers (`progress`) isn't read: clients send what they like there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Outcome {
    /// `none`, `success` or `failure`.
    pub finished: String,
}
