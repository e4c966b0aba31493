//! Where payloads come from, beside the server itself. Read [`Delivery`] first.
//!
//! A plan names mirrors and whom each is near. Whether a device is sent there is decided by those who know devices and servers; a plan
//! that names none is served by the server alone.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How long a link to a payload is good where the plan doesn't say: long enough for one slow piece, and over before it gets around.
pub const LINK: SignedDuration = SignedDuration::from_mins(15);
/// How long others may keep the revocations where the plan doesn't say: a withdrawal is seen within the minute.
pub const CACHE: SignedDuration = SignedDuration::from_secs(60);

/// `[delivery]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// How long a link to a payload is good.
    pub link: SignedDuration,
    /// How long caches may keep what can be withdrawn: the revocations. Payloads never change, and are kept as long as anybody likes.
    pub cache: SignedDuration,
    /// What of a device says which mirror is near.
    pub by: By,
    /// The mirrors; names differ, and no value stands for two of them.
    pub mirrors: Vec<Mirror>,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            link: LINK,
            cache: CACHE,
            by: By::default(),
            mirrors: Vec::new(),
        }
    }
}

/// What of a device says where it is. All of it was declared by people: an address says little of where a device is behind a carrier's
/// network, and nothing that could be explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Its time zone, `Europe/Berlin`; a value that ends with a slash means all zones below it.
    Zone,
    /// An attribute of this name, such as `region` or `site`.
    Attribute(String),
}

impl Default for By {
    fn default() -> Self {
        Self::Attribute("region".to_owned())
    }
}

/// `[[delivery.mirror]]`: another place that has the payloads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    /// What it is called.
    pub name: String,
    /// Which devices it is near, by the values of [`Delivery::by`]; empty for all that no other one is near.
    pub near: Vec<String>,
    /// How devices are let in.
    pub links: Links,
}

/// How a device that is sent to a mirror is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Links {
    /// By a signature in the address, the same for all devices for a while.
    Signed {
        /// Where it is, without a slash at the end.
        url: String,
    },
    /// By a signature in the address that names the device.
    PerDevice {
        /// Where it is, without a slash at the end.
        url: String,
    },
    /// By nothing: whoever knows a payload's digest gets it.
    Plain {
        /// Where it is, without a slash at the end.
        url: String,
    },
    /// By an address that the bucket's own key signs, in which the server keeps its payloads.
    Bucket,
}
