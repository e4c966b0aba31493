//! Signed documents as the API shows them: roots, revocations, schedules.

use jiff::Timestamp;
use mainstay_fleet::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hold::RUNNING_NAMED_MAX;

/// A signed root that the server holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RootView {
    /// Its version.
    pub version: u32,
    /// From when nothing is installed under it.
    #[schemars(with = "Moment")]
    pub expires: Timestamp,
    /// Who handed it in; none if an administrator put it into the server's folder.
    pub by: Option<String>,
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
}

/// The newest signed revocations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevocationsView {
    /// The epoch of role revocation in which they were made.
    pub epoch: u32,
    /// Their number in it.
    pub seq: u64,
    /// By which a status names them, hexadecimal.
    pub digest: String,
    /// When they were made.
    #[schemars(with = "Moment")]
    pub issued: Timestamp,
    /// From when nothing is installed until the next ones have come.
    #[schemars(with = "Moment")]
    pub next_update: Timestamp,
    /// The keys they withdraw, by id, hexadecimal.
    pub keys: Vec<String>,
    /// The releases they withdraw, by manifest digest.
    pub releases: Vec<String>,
    /// The least sequence numbers that classes still install.
    pub minimums: Vec<MinimumView>,
    /// What is withdrawn, by these and earlier ones, and which devices run it all the same.
    pub withdrawn: Vec<WithdrawnView>,
    /// Who handed them in.
    pub by: String,
    /// When.
    #[schemars(with = "Moment")]
    pub at: Timestamp,
}

/// The least sequence number that a class still installs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MinimumView {
    /// The class id, as in the manifest, hexadecimal.
    pub class: String,
    /// The number.
    pub sequence: u64,
}

/// A withdrawn release and the devices that run it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithdrawnView {
    /// The release, `thermo-v2@1.1.0`; its manifest's digest if this server never had it.
    pub release: String,
    /// By what.
    pub because: String,
    /// Devices that run it, by their own word: a revocation stops installing, never running. At most [`RUNNING_NAMED_MAX`], the first by name;
    /// `/releases/{id}/devices` lists all.
    #[schemars(length(max = RUNNING_NAMED_MAX))]
    pub running: Vec<String>,
}

/// A signed schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleView {
    /// The release, `thermo-v2@1.1.0`.
    pub release: String,
    /// The class id, as in the manifest, hexadecimal.
    pub class: String,
    /// How many of 10,000 devices may install it.
    pub share: u16,
    /// Not before this moment.
    #[schemars(with = "Moment")]
    pub not_before: Timestamp,
    /// And not from this moment on.
    #[schemars(with = "Moment")]
    pub expires: Timestamp,
}
