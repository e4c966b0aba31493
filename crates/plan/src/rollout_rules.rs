//! How a rollout behaves: canary, budgets, jitter, patience. Read [`RolloutRules`] first.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::blackout::Blackout;
use crate::window::Window;

/// The `[rollout]` table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutRules {
    /// The deciding sample.
    pub canary: Canary,
    /// When a device may begin, in its own time zone.
    pub window: Window,
    /// Days on which nothing begins.
    pub blackout: Vec<Blackout>,
    /// What the servers may carry at once.
    pub limits: Limits,
    /// Devices spread themselves over this long after their window opens.
    pub jitter: SignedDuration,
    /// A device that never picked the release up by then is unreached.
    pub give_up_after: SignedDuration,
    /// How often a device asks.
    pub poll: SignedDuration,
}

/// The random sample that sees a release first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// How many devices, at least 1.
    pub devices: u32,
    /// At least this many of each hardware revision, as far as the fleet has them.
    pub at_least_per_hardware: u32,
    /// Minima for other kinds of devices, each attribute once, in the plan's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_least_per: Vec<Minimum>,
}

/// A minimum for devices that have a value of an attribute in common, such as a region or a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minimum {
    /// The attribute's name, as devices are declared with it.
    pub attribute: String,
    /// At least this many of each of its values, as far as the fleet has them; 1 or more.
    pub devices: u32,
}

/// Budgets for one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Concurrent downloads, of all rollouts together, at least 1.
    pub downloads: u32,
    /// Bytes per second over all downloads, at least 1.
    pub bytes_per_second: u64,
}
