//! All devices, a hundred a page.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::client_facts::ClientFacts;
use crate::error::RenderError;
use crate::fact::Tone;
use crate::frame::Frame;
use crate::page;

/// A table on a page shows this many devices: what a person scrolls through, and a few tens of
/// kilobytes. The others are counted below it.
pub const DEVICE_ROWS_MAX: usize = 100;

/// A page of the device list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// What stands around it.
    pub frame: Frame,
    /// The devices.
    pub table: DeviceTable,
}

/// Some of the devices, in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceTable {
    /// At most [`DEVICE_ROWS_MAX`] rows; more are not shown.
    pub rows: Vec<DeviceRow>,
    /// The page's number, from 1.
    pub page: u32,
    /// How many devices there are on all pages.
    pub total: u32,
}

/// One device in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// The device's id.
    pub id: String,
    /// Its class.
    pub class: String,
    /// Its hardware revision.
    pub hardware: String,
    /// Its IANA time zone.
    pub zone: String,
    /// Its update client, and how sure one can be of it.
    pub client: ClientFacts,
    /// The version it runs; none if it never said.
    pub version: Option<String>,
    /// Whether that version is verified.
    pub verified: bool,
    /// How it stands in one or two words: "up to date", "on trial", "unreached".
    pub state: String,
    /// The state's tone.
    pub tone: Tone,
    /// When it last checked in.
    pub last_seen: Option<Timestamp>,
}

impl DeviceList {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("device_list.html", self)
    }
}
