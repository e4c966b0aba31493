//! An order of a device with another update client, as people give it up.

use mainstay_fleet::DeviceId;
use serde::{Deserialize, Serialize};

/// Why nobody waits for a client any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuitOrderRequest {
    /// In a sentence; it stands in the order's log.
    pub why: String,
}

/// An order that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuitOrderView {
    /// Whose it was.
    pub device: DeviceId,
    /// Its number.
    pub order: u32,
    /// The version that it was about; the first signs of its digest if that release isn't here any more.
    pub version: String,
}
