//! A rollout as the API shows it, and what people may tell it.

use jiff::Timestamp;
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::why::WHY_BYTES_MAX;

/// A rollout and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutView {
    /// Its number.
    pub id: i64,
    /// The release it carries, `thermo-v2@1.1.0`.
    pub release: String,
    /// The version that people read.
    pub version: String,
    /// "starting", "rolling", "awaits-human", "halted", "complete" or "withdrawn".
    pub phase: String,
    /// The newest open wave, from 0.
    pub wave: usize,
    /// When it started.
    #[schemars(with = "Moment")]
    pub started_at: Timestamp,
    /// When it was halted, completed or withdrawn; none before.
    #[schemars(with = "Option<Moment>")]
    pub ended_at: Option<Timestamp>,
    /// Why it was halted; none unless it was.
    pub halted_because: Option<String>,
    /// By whom it was withdrawn and why, before a wave opened; none unless it was. By the server, if it could not start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_because: Option<String>,
    /// By whom it was paused, how long ago, and why; none unless it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_because: Option<String>,
    /// When it was paused, in order: the newest ones, and one that is in force last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<PauseView>,
    /// The plan revision whose rules it follows.
    pub plan_revision: String,
    /// Its waves; none while it is starting, since its devices are still to be drawn.
    pub waves: Vec<WaveView>,
    /// Devices of all waves that run the release to which a halted rollout returns.
    pub returned: usize,
    /// Devices of all waves that still run a halted release.
    pub still_on_it: usize,
    /// Devices that never picked it up in time.
    pub unreached: usize,
    /// Devices whose other client says that it installed what the rollout told it to, and which haven't said yet that they run it.
    #[serde(default)]
    pub unverified: usize,
    /// As of when its devices were counted, if that wasn't just now: those of a large rollout are counted from time to time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Moment>")]
    pub counted_at: Option<Timestamp>,
}

/// A time for which people let a rollout stand still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PauseView {
    /// Since when.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// Who paused it.
    pub by: String,
    /// In their words.
    pub why: String,
    /// When it ended; none while it is in force, and of one during which the rollout was halted or withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Moment>")]
    pub until: Option<Timestamp>,
    /// Who let the rollout go on; none as of `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_by: Option<String>,
}

/// One wave and how its members do. The counts but `members` don't overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaveView {
    /// "canary", "10 %" and so on.
    pub name: String,
    /// When it opened; none before.
    #[schemars(with = "Option<Moment>")]
    pub opened_at: Option<Timestamp>,
    /// Devices in it.
    pub members: usize,
    /// Devices that run the release and said so from it.
    pub updated: usize,
    /// Devices on which it failed.
    pub failed: usize,
    /// Devices that are fetching it or trying it out.
    pub under_way: usize,
    /// Devices that began to install it, whatever came of it.
    pub began: usize,
    /// "continue", "accept" or "reject": what the evidence says so far.
    pub verdict: String,
}

/// A person pulls the brake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HaltRequest {
    /// Why, in a sentence; it stands in the incident.
    #[schemars(length(min = 1, max = WHY_BYTES_MAX))]
    pub why: String,
}

/// A person lets a rollout stand still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// Why, in a sentence; whoever asks about the rollout, or a device in it, is told.
    #[schemars(length(min = 1, max = WHY_BYTES_MAX))]
    pub why: String,
}

/// A person takes a rollout back before its first wave opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRequest {
    /// Why, in a sentence; whoever asks about the rollout is told.
    #[schemars(length(min = 1, max = WHY_BYTES_MAX))]
    pub why: String,
}

/// A person answers a rollout's question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// Whether the next wave may open.
    pub go_on: bool,
    /// Why, in a sentence; it stands beside the answer, or in the incident of a halt. Left out, the record only says that the answer came through the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = WHY_BYTES_MAX))]
    pub why: Option<String>,
}
