//! The figures behind the charts. Each chart is drawn with a table of these same numbers beside it.

use serde::{Deserialize, Serialize};

/// One wave: every member is counted in exactly one of the six.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveBar {
    /// "canary", "10 %", "100 %".
    pub name: String,
    /// Devices in the wave.
    pub members: u32,
    /// Booted the new version, healthy to the horizon, and said so.
    pub updated: u32,
    /// Failed to install it or to stay healthy on it, wherever they are now.
    pub failed: u32,
    /// Had it without a failure of their own, and the halted rollout took them back.
    pub returned: u32,
    /// Installing, or running it and not yet judged.
    pub on_trial: u32,
    /// Never picked it up before the plan gave up on them.
    pub unreached: u32,
    /// Not begun.
    pub pending: u32,
}

/// The sequential test's path between its two bounds (log-likelihood ratios).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SprtChart {
    /// The path, from the origin on, in scoring order.
    pub points: Vec<SprtPoint>,
    /// The bound below which the release is accepted; negative.
    pub accept_at: f64,
    /// The bound above which the rollout halts; positive.
    pub reject_at: f64,
    /// What the test says.
    pub verdict: SprtVerdict,
    /// The failure rate expected of a good release, percent.
    pub expect_percent: f64,
    /// The failure rate that must be noticed, percent.
    pub halt_percent: f64,
}

/// One scored device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SprtPoint {
    /// How many devices were scored up to here.
    pub scored: u32,
    /// How many of them failed.
    pub failures: u32,
    /// The log-likelihood ratio after them.
    pub ratio: f64,
}

/// What a sequential test says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum SprtVerdict {
    /// Not enough evidence either way.
    #[default]
    Continue,
    /// It fails no more often than expected.
    Accept {
        /// After so many devices.
        after: u32,
    },
    /// It fails at least as often as the rate that must halt it.
    Reject {
        /// After so many devices.
        after: u32,
    },
}

/// How many devices run a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionShare {
    /// The version; "unknown" for devices that never checked in.
    pub version: String,
    /// Devices that booted it, stayed healthy, and said so.
    pub verified: u32,
    /// Devices that are only thought to run it: on trial, or silent since it was promised.
    pub unverified: u32,
}
