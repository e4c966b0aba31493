//! One device: what it runs, why it isn't updating, and all that is known of its past.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::client_facts::ClientFacts;
use crate::error::RenderError;
use crate::fact::{TimelineEntry, Tone};
use crate::frame::Frame;
use crate::page;

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicePage {
    /// What stands around it.
    pub frame: Frame,
    /// The device's id.
    pub id: String,
    /// Its class.
    pub class: String,
    /// Its hardware revision.
    pub hardware: String,
    /// Its IANA time zone; the page tells times in it, and in UTC.
    pub zone: String,
    /// Its boot loader's version.
    pub bootloader: String,
    /// Its update client, and how sure one can be of it.
    pub client: ClientFacts,
    /// What became of its newest order, for a device with another update client: "1000008: installed 1.2.0, unverified: ...".
    pub order: Option<String>,
    /// What its client said of that order last, newest first; may be empty.
    pub order_log: Vec<TimelineEntry>,
    /// Where it stands, if it shares a site with others.
    pub site: Option<String>,
    /// The gateway that it stands behind, which asks in its name.
    pub gateway: Option<String>,
    /// The first devices that stand behind it; may be empty.
    pub children: Vec<String>,
    /// How many more do.
    pub more_children: u32,
    /// The version it runs; none if it never said.
    pub version: Option<String>,
    /// Whether it booted that version, stayed healthy and said so.
    pub verified: bool,
    /// Since when it runs it.
    pub running_since: Option<Timestamp>,
    /// When it last checked in.
    pub last_seen: Option<Timestamp>,
    /// Why it stands where it stands; the sentence that API and command line print too.
    pub why: String,
    /// What comes next, or what to do.
    pub next: Option<String>,
    /// What its slots hold, as far as it told; may be empty.
    pub slots: Vec<Slot>,
    /// What it told of its health; may be empty.
    pub health: Vec<HealthFigure>,
    /// What happened to it, newest first.
    pub timeline: Vec<TimelineEntry>,
}

/// One firmware slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// "A", "B".
    pub name: String,
    /// The version in it; none if it is empty or unknown.
    pub version: Option<String>,
    /// "running, confirmed", "fallback", "on trial: boot 1 of 3".
    pub state: String,
    /// The digest of what it holds, hexadecimal; may be empty.
    pub digest: String,
}

/// One health signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthFigure {
    /// "Error log", "Battery drain", "Missed polls", "Self-test".
    pub name: String,
    /// The figure with its unit: "3 lines an hour".
    pub value: String,
    /// What the plan expects: "at most 10 % worse than held-back devices". May be empty.
    pub expected: String,
    /// How it stands.
    pub tone: Tone,
}

impl DevicePage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("device_page.html", self)
    }
}
