//! One rollout: its waves, its tests, why it waits, and the devices in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chart::{SprtChart, WaveBar};
use crate::error::RenderError;
use crate::fact::{Fact, TimelineEntry, Tone};
use crate::frame::Frame;
use crate::incident_page::Incident;
use crate::page;

/// A rollout as the home page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolloutCard {
    /// The rollout's number.
    pub id: i64,
    /// The version it brings.
    pub version: String,
    /// The class of devices.
    pub class: String,
    /// How it stands.
    pub state: RolloutState,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether its devices are still being counted: then what follows isn't known.
    #[serde(default)]
    pub being_counted: bool,
    /// Its waves, in their order.
    pub waves: Vec<WaveBar>,
    /// The test of the newest wave that has one.
    pub sprt: Option<SprtChart>,
    /// Why it waits, or why it stopped: one sentence each.
    pub why_it_waits: Vec<String>,
    /// What comes next, or what to do.
    pub next: Option<String>,
}

/// How a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutState {
    /// Asked for; its devices are being drawn.
    Starting,
    /// Under way.
    Rolling,
    /// A person has paused it.
    Paused,
    /// It asked a question that a person must answer.
    AwaitsHuman,
    /// Stopped for good.
    Halted,
    /// All waves done.
    Complete,
    /// Taken back before a wave opened.
    Withdrawn,
}

/// One rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolloutPage {
    /// What stands around it.
    pub frame: Frame,
    /// Its state and waves; `sprt` is left to `monitors` here.
    pub card: RolloutCard,
    /// Release, digests, who signed, approved and scheduled it, the rules it runs by.
    pub facts: Vec<Fact>,
    /// One test for each wave that was opened.
    pub monitors: Vec<Monitor>,
    /// The incidents it opened.
    pub incidents: Vec<Incident>,
    /// What happened, newest first.
    pub timeline: Vec<TimelineEntry>,
    /// The devices in it, at most a hundred: those that failed first, then those on trial.
    pub devices: Vec<EnrolledDevice>,
    /// How many devices are in it.
    pub devices_total: u32,
}

/// A wave's test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// The wave's name.
    pub wave: String,
    /// Its test.
    pub sprt: SprtChart,
}

/// One device of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolledDevice {
    /// The device's id.
    pub id: String,
    /// Its hardware revision.
    pub hardware: String,
    /// Its IANA time zone.
    pub zone: String,
    /// The name of its wave.
    pub wave: String,
    /// How far it got: "waiting", "on trial", "failed: self-test".
    pub progress: String,
    /// The progress's tone.
    pub tone: Tone,
    /// Since when, if it began.
    pub since: Option<Timestamp>,
}

impl RolloutPage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("rollout_page.html", self)
    }
}
