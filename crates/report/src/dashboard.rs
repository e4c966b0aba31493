//! The home page: what needs me, what is rolling, the fleet, incidents, promises, devices.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chart::VersionShare;
use crate::device_list::DeviceTable;
use crate::error::RenderError;
use crate::frame::Frame;
use crate::incident_page::IncidentLine;
use crate::links::Target;
use crate::page;
use crate::rollout_page::RolloutCard;

/// The home page shows this many things that need someone: with more, nobody knows what comes
/// first. Those beyond are counted.
pub const ATTENTION_MAX: usize = 5;

/// The home page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dashboard {
    /// What stands around it.
    pub frame: Frame,
    /// What needs someone, most urgent first; the first [`ATTENTION_MAX`] are shown.
    pub needs_me: Vec<Attention>,
    /// The rollouts, newest first.
    pub rollouts: Vec<RolloutCard>,
    /// The fleet; none as long as it is being counted.
    pub fleet: Option<Fleet>,
    /// As of when the devices of its rollouts were counted, at the earliest; none if that was just now.
    #[serde(default)]
    pub rollouts_counted_at: Option<Timestamp>,
    /// When counting failed, if it did the last time: then what is being counted may not come.
    #[serde(default)]
    pub counting_failed_at: Option<Timestamp>,
    /// Incidents, newest first.
    pub incidents: Vec<IncidentLine>,
    /// Whether there may be older ones that aren't among them.
    #[serde(default)]
    pub incidents_go_on: bool,
    /// What the plan promises and how it stands; empty if it promises nothing that is measured, none as long as it is being measured.
    pub promises: Option<Vec<Promise>>,
    /// The first page of devices.
    pub devices: DeviceTable,
}

/// What was counted of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// By version, newest version first.
    pub versions: Vec<VersionShare>,
    /// Registered devices.
    pub devices: u32,
    /// Those that checked in within two of the plan's poll intervals.
    pub reachable: u32,
    /// When they were counted, if that wasn't just now: a large fleet is counted from time to time.
    pub counted_at: Option<Timestamp>,
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// What and why, as one sentence.
    pub sentence: String,
    /// The one thing to do about it.
    pub action: Action,
}

/// The one thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// Go and look.
    Link {
        /// What the link says: "Read the incident".
        label: String,
        /// Where it goes.
        to: Target,
    },
    /// Type this.
    Command {
        /// The whole command line.
        command: String,
    },
    /// Nothing but this can be done.
    Words {
        /// What to do.
        sentence: String,
    },
}

/// One promise of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Its name: "Monthly maintenance".
    pub name: String,
    /// How it stands.
    pub state: PromiseState,
    /// The figure or the date: "next due 8 December 2026".
    pub sentence: String,
}

/// How a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromiseState {
    /// Kept; shown quietly.
    Kept,
    /// Still kept, not for long.
    AtRisk,
    /// Broken.
    Broken,
}

impl Dashboard {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("dashboard.html", self)
    }
}
