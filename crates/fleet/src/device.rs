//! The record of one device: what its maker declared, and what it said itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::ReleaseDigest;
use crate::id::DeviceId;
use crate::moment::Moment;
use crate::site::Site;

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Its name.
    pub id: DeviceId,
    /// Its class, as the plan names it.
    pub class: String,
    /// Its hardware revision, one of the class's.
    pub hardware: String,
    /// Its IANA time zone; it was one when it was declared.
    pub zone: String,
    /// Its boot loader's version, as text.
    pub bootloader: String,
    /// When it was registered.
    #[schemars(with = "Moment")]
    pub registered_at: Timestamp,
    /// When the server last heard from it.
    #[schemars(with = "Option<Moment>")]
    pub last_seen: Option<Timestamp>,
    /// What it said it runs; none until it has said so.
    pub running: Option<Running>,
    /// Anything else that was declared about it.
    pub attributes: BTreeMap<String, String>,
}

/// The attribute that says where a device stands.
pub const SITE: &str = "site";

impl Device {
    /// Where it stands, if that was declared.
    #[must_use]
    pub fn site(&self) -> Option<Site> {
        // What was registered was a site's name then; whatever else stands there names none.
        Site::new(self.attributes.get(SITE)?.as_str()).ok()
    }
}

/// What a device runs, by its own word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Running {
    /// Which release.
    pub release: ReleaseDigest,
    /// The version people call it by.
    pub version: String,
    /// The manifest's sequence number.
    pub sequence: u64,
    /// Whether the device has confirmed it: booted it, stayed healthy, and said so from it.
    pub verified: bool,
    /// Whether it lost what it had confirmed, and runs what was left to it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub last_resort: bool,
    /// Since when the server knows of it.
    #[schemars(with = "Moment")]
    pub since: Timestamp,
}

impl Running {
    /// The name of no release: what a device says that has nothing to run, and waits in its safe mode.
    pub const NOTHING: ReleaseDigest = ReleaseDigest([0; 32]);

    /// Whether the device is trying it out, and may go back by itself at any moment. One that lost what it had, or has nothing
    /// at all, isn't: it waits for what comes next.
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        !self.verified && !self.last_resort && self.release != Self::NOTHING
    }
}
