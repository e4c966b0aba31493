//! All devices of a rollout, a hundred a page.

use serde::{Deserialize, Serialize};

use crate::error::RenderError;
use crate::frame::Frame;
use crate::page;
use crate::rollout_page::EnrolledDevice;

/// Some devices of a rollout, in the order of their registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutDevicesPage {
    /// What stands around it.
    pub frame: Frame,
    /// The rollout's number.
    pub rollout: i64,
    /// The version it brings.
    pub version: String,
    /// The class of devices.
    pub class: String,
    /// At most [`DEVICE_ROWS_MAX`](crate::DEVICE_ROWS_MAX) rows; more are not shown.
    pub rows: Vec<EnrolledDevice>,
    /// How many devices are in it.
    pub total: u32,
    /// The device that the page follows; none of the first page.
    pub after: Option<String>,
    /// The device that the next page follows; none of the last one.
    pub next: Option<String>,
}

impl RolloutDevicesPage {
    /// The page as one HTML document.
    ///
    /// # Errors
    /// A template that doesn't fit its model.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render("rollout_devices_page.html", self)
    }
}
