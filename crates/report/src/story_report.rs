//! The report that a demonstration or an exercise leaves: what was planned, who did what, what
//! happened, and with which digests. It can be read on its own, years later.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chart::{SprtChart, VersionShare, WaveBar};
use crate::error::RenderError;
use crate::fact::{Fact, Tone};
use crate::frame::Frame;
use crate::incident_page::Incident;
use crate::rollout_page::RolloutState;
use crate::{json, page};

/// What a demonstration or an exercise did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoryReport {
    /// What stands around it.
    pub frame: Frame,
    /// "Demonstration: 500 simulated thermostats in six time zones, seed 7".
    pub title: String,
    /// The outcome as one sentence.
    pub outcome: String,
    /// How the outcome stands.
    pub outcome_tone: Tone,
    /// The three to six figures that matter most: "Still on 1.2.0" and "0".
    pub figures: Vec<Fact>,
    /// What was planned: the plan's key facts.
    pub plan: Vec<Fact>,
    /// The releases, oldest first.
    pub releases: Vec<ReleaseStory>,
    /// What each refusal was, for exercises with an attack: reason and count. May be empty.
    pub refusals: Vec<Fact>,
    /// The incidents, with their evidence; `sprt` is left to the release's `halt` here.
    pub incidents: Vec<Incident>,
    /// The fleet by version at the end.
    pub fleet: Vec<VersionShare>,
    /// The artifacts.
    pub artifacts: Vec<ArtifactDigest>,
}

/// One release's story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseStory {
    /// Its version.
    pub version: String,
    /// Its class.
    pub class: String,
    /// Its track: "maintenance".
    pub track: String,
    /// How its rollout ended.
    pub state: RolloutState,
    /// One sentence: "Verified on all 500 devices."
    pub summary: String,
    /// Who built, approved and scheduled it, in this order.
    pub signatures: Vec<Signature>,
    /// Its waves with their outcomes.
    pub waves: Vec<WaveBar>,
    /// Devices that were never offered it, if the rollout stopped.
    pub never_offered: Option<u32>,
    /// The halt, if it was halted.
    pub halt: Option<Halt>,
}

/// Who stands for one step of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// "built and signed", "approved", "scheduled".
    pub step: String,
    /// The person.
    pub by: String,
    /// The duty it was done in: "engineer".
    pub duty: String,
    /// When.
    pub at: Timestamp,
}

/// A halt with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Halt {
    /// When.
    pub at: Timestamp,
    /// In which wave: "canary".
    pub wave: String,
    /// Why, as a sentence.
    pub reason: String,
    /// How the devices that had it came back, as a sentence.
    pub recovery: String,
    /// The test's path, if there was a test.
    pub sprt: Option<SprtChart>,
}

/// What identifies one artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactDigest {
    /// The file's name.
    pub file: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 digest of the SUIT manifest, hexadecimal: the release's identity.
    pub manifest: String,
    /// The SHA-256 digest of the image, hexadecimal.
    pub image: String,
    /// The image's size in bytes.
    pub image_bytes: u64,
}

impl StoryReport {
    /// The report as one HTML document that needs no other file.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("story_report.html", self)
    }

    /// The report as Markdown (CommonMark with tables).
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_markdown(&self) -> Result<String, RenderError> {
        page::render("story_report.md", self)
    }

    /// The report as JSON, indented, field by field as the model has them.
    ///
    /// # Errors
    /// A figure that JSON can't hold.
    pub fn to_json(&self) -> Result<String, RenderError> {
        json::render("story_report.json", self)
    }
}
