//! An order of a device with another update client, as people see it, and give it up.

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::why::WHY_BYTES_MAX;

/// Why nobody waits for a client any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuitOrderRequest {
    /// In a sentence; it stands in the order's log.
    #[schemars(length(min = 1, max = WHY_BYTES_MAX))]
    pub why: String,
}

/// An order that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuitOrderView {
    /// Whose it was.
    pub device: DeviceId,
    /// Its number.
    pub order: u32,
    /// The version that it was about; the first signs of its digest if that release isn't here any more.
    pub version: String,
}

/// So many of the last things that were said of an order are shown.
pub const ORDER_LOG_SHOWN: u32 = 20;

/// The newest order of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewestOrder {
    /// None of a device that never had one.
    pub order: Option<OrderView>,
}

/// An order, and what its client said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderView {
    /// Its number.
    pub order: u32,
    /// The version that it is about; the first signs of its digest if that release isn't here any more.
    pub version: String,
    /// When it was made.
    #[schemars(with = "Moment")]
    pub opened_at: Timestamp,
    /// What became of it, in words.
    pub sentence: String,
    /// What was said of it last, newest first: at most [`ORDER_LOG_SHOWN`].
    pub log: Vec<OrderWord>,
}

/// One thing that was said of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderWord {
    /// When it was heard.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
    /// As the client calls it, such as `closed/failure`; or what people did.
    pub word: String,
    /// In the client's own words, with control signs written out.
    pub details: Vec<String>,
}
