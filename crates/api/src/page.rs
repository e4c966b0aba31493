//! Lists that grow without end: releases, rollouts and whatever else nobody takes away. Read [`Page`]. Lists of devices have pages of their own, in
//! [`DevicePage`](crate::DevicePage).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// So many a page has if nobody says how many: what people look at, and a program has in a moment.
pub const PAGE_LEN: u32 = 100;

/// So many a page has at most: of each rollout on it the devices are counted.
pub const PAGE_LEN_MAX: u32 = 200;

/// Some of a list, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// What to send as `after` for the next page; none on the last one.
    pub next: Option<String>,
}
