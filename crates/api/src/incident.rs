//! An incident as the API shows it, and how it is reviewed and taken up again.

use jiff::Timestamp;
use mainstay_fleet::Moment;
use mainstay_telemetry::review::WORDS_BYTES_MAX;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something went wrong, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentView {
    /// Its id, `INC-1`.
    pub id: String,
    /// When it opened itself, or was opened to take up an earlier one.
    #[schemars(with = "Moment")]
    pub opened_at: Timestamp,
    /// The version it is about.
    pub release: String,
    /// Its rollout.
    pub rollout: i64,
    /// What happened, in a sentence.
    pub title: String,
    /// "open" or "closed".
    pub state: String,
    /// What the failing devices have in common, if anything.
    pub suspected: Option<String>,
    /// What the failing devices share, a sentence each, most telling first.
    pub evidence: Vec<String>,
    /// What happened up to the halt, oldest first.
    pub timeline: Vec<MomentView>,
    /// Devices on which it failed.
    pub affected: Vec<String>,
    /// Devices that can't go back, each with the reason.
    pub cannot_return: Vec<String>,
    /// The review as it stands.
    pub review: ReviewView,
    /// The parts that an open one lacks: "root-cause", "test-gap", "plan-change".
    pub missing: Vec<String>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// When it was closed.
    #[schemars(with = "Option<Moment>")]
    pub closed_at: Option<Timestamp>,
    /// The closed incident that this one takes up again.
    pub reopens: Option<ReopensView>,
    /// The incident that takes this closed one up again.
    pub reopened_as: Option<String>,
    /// All that people did about it, oldest first; what was written over, too.
    pub log: Vec<DeedView>,
}

/// A moment of an incident's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MomentView {
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// What happened, as a clause.
    pub what: String,
}

/// The three parts of a review as they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewView {
    /// What made it fail; of kind "cause".
    pub root_cause: Option<WrittenView>,
    /// Which test would have caught it; of kind "test" or "no-test".
    pub test_gap: Option<WrittenView>,
    /// What the plan does better since; of kind "plan", with the plan's digest, or "no-change".
    pub plan_change: Option<WrittenView>,
}

/// One part of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrittenView {
    /// Of which kind.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
}

/// What an incident takes up again, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReopensView {
    /// The earlier incident's id.
    pub incident: String,
    /// Who took it up.
    pub by: String,
    /// Why, in their words.
    pub why: String,
}

/// Something that a person did about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeedView {
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// Who and what, as a clause.
    pub what: String,
    /// What was written; empty if nothing was.
    pub words: String,
}

/// A person writes parts of a review; what isn't given stays as it stands. At most one of `test`
/// and `no_test`, and of `plan` and `no_plan_change`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewRequest {
    /// What made it fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = WORDS_BYTES_MAX))]
    pub root_cause: Option<String>,
    /// The test that was missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = WORDS_BYTES_MAX))]
    pub test: Option<String>,
    /// Why no test could have caught it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = WORDS_BYTES_MAX))]
    pub no_test: Option<String>,
    /// The digest of a plan that was put into force since, 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9A-Fa-f]{64}$"))]
    pub plan: Option<String>,
    /// Why the plan stays as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = WORDS_BYTES_MAX))]
    pub no_plan_change: Option<String>,
}

/// A person takes a closed incident up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenRequest {
    /// Why, in a sentence.
    #[schemars(length(max = WORDS_BYTES_MAX))]
    pub why: String,
}
