//! What a plan asks of its gates, and what it lets pass without one. Read [`GateRule`], then
//! [`Waiver`].

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::names::{Email, GateName};
use crate::track::TrackName;

/// The gate whose evidence comes from real hardware.
pub const HIL: &str = "hil";
/// The gate whose evidence is a share of lines.
pub const COVERAGE: &str = "coverage";
/// Gates that each release passes: tests of units and of what they make together, the lines that
/// both reach, the analysis of the code at rest, and a run on real hardware.
pub const USUAL: [&str; 5] = ["unit", "integration", COVERAGE, "static", HIL];

/// `[gate.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRule {
    /// The gate.
    pub name: GateName,
    /// Least share of lines that tests reach, in percent; `coverage` only.
    pub min_percent: Option<u8>,
    /// Hardware revisions that are on the rig, `B` or `thermo-v2/B`; `hil` only.
    pub on: Vec<String>,
    /// How old evidence may be.
    pub expires: Option<SignedDuration>,
}

/// `[[waiver]]`: a gate that a track goes without for a while, by somebody's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Which of the file's it is, from 0: one before it may be unreadable.
    pub index: usize,
    /// The gate.
    pub gate: GateName,
    /// The track that goes without it.
    pub track: TrackName,
    /// Who answers for it.
    pub owner: Email,
    /// Why the gate is missing.
    pub reason: String,
    /// What is done in its place.
    pub instead: String,
    /// Last day of it.
    pub until: Date,
}
