//! One incident: what was seen, what the failing devices share, who is affected, and what people
//! learnt. By itself it names facts and a suspicion; a cause is named by people, in the review.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chart::SprtChart;
use crate::error::RenderError;
use crate::fact::{Fact, TimelineEntry, Tone};
use crate::frame::Frame;
use crate::page;

/// An incident as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentLine {
    /// Its number; pages say INC-1.
    pub id: i64,
    /// One clause: "1.2.0 halted in its canary".
    pub title: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How it stands.
    pub state: IncidentState,
    /// What the evidence points to, as a sentence; may be empty.
    pub suspected: String,
}

/// How an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentState {
    /// Someone must work on it.
    Open,
    /// Closed, with what was decided.
    Closed,
}

/// An incident with its evidence; a page of its own, and a section in others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Number, title, state, suspicion.
    pub line: IncidentLine,
    /// The version that was halted.
    pub version: String,
    /// The class of devices.
    pub class: String,
    /// The rollout that opened it.
    pub rollout: i64,
    /// Why the rollout halted, as a sentence.
    pub reason: String,
    /// Counts: enrolled, began, ran it, failed, by cause.
    pub evidence: Vec<Fact>,
    /// The test that spoke, if one did.
    pub sprt: Option<SprtChart>,
    /// What the failing devices have in common, most telling first.
    pub common: Vec<CommonTrait>,
    /// What happened, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// The devices that failed; at most a hundred are shown.
    pub affected: Vec<AffectedDevice>,
    /// How many devices failed.
    pub affected_total: u32,
    /// The devices that can't go back, and why.
    pub cannot_return: Vec<Stranded>,
    /// What was learnt from it.
    pub review: IncidentReview,
}

/// What people learnt from an incident, and whether that is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentReview {
    /// How far it is, as a sentence: what is missing, or who closed it.
    pub stands: String,
    /// Root cause, test gap and plan change, in this order; only what is written.
    pub parts: Vec<ReviewPart>,
    /// The closed incident that this one takes up again.
    pub reopens: Option<Reopened>,
    /// The number of the one that takes this closed one up again.
    pub reopened_as: Option<i64>,
}

/// One part of a review as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewPart {
    /// Which, and of which kind: "Root cause", "Missing test", "The plan stays as it was".
    pub title: String,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The closed incident that another one takes up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// Its number.
    pub id: i64,
    /// Why, in the words of who took it up.
    pub why: String,
}

/// Something that all failing devices share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommonTrait {
    /// What kind of thing: "Hardware revision".
    pub kind: String,
    /// The shared value: "B".
    pub value: String,
    /// How many devices failed; all of them share the value.
    pub failing: u32,
    /// How many of the devices that ran the release share the value ...
    pub ran_with: u32,
    /// ... out of so many.
    pub ran: u32,
    /// The chance that as many devices picked blindly would share it: percent, rounded up.
    pub coincidence_percent: u32,
}

/// A device that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedDevice {
    /// The device's id.
    pub id: String,
    /// Its hardware revision.
    pub hardware: String,
    /// What failed: "self-test".
    pub cause: String,
    /// When that became known.
    pub failed_at: Timestamp,
    /// Where it is now: "back on 1.1.0".
    pub now: String,
    /// How that stands.
    pub tone: Tone,
}

/// A device that can't go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stranded {
    /// The device's id.
    pub id: String,
    /// Why, and what helps.
    pub why: String,
}

/// One incident as a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentPage {
    /// What stands around it.
    pub frame: Frame,
    /// The incident.
    pub incident: Incident,
}

impl IncidentPage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("incident_page.html", self)
    }
}
