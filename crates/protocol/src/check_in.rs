//! The check-in: how a device is, what it runs, and what happened since.

use mainstay_trust::Digest;
use minicbor::{Decode, Encode};

use crate::report::ReportList;

/// A device asks what to do, and says how it is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CheckIn<'a> {
    /// Fresh random bytes; the signed status must echo them.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// What it runs.
    #[b(1)]
    pub running: Running<'a>,
    /// Why it last booted.
    #[n(2)]
    pub boot: BootReason,
    /// The version of the root that it holds.
    #[n(3)]
    pub root_version: u32,
    /// The number of the newest status that it accepted.
    #[n(4)]
    pub status_seq: u64,
    /// How it is.
    #[n(5)]
    pub health: Health,
    /// What happened since the last acknowledged report.
    #[n(6)]
    pub reports: ReportList,
    /// The revocations that it holds; none if it has none of its root's epoch.
    #[n(7)]
    pub revocations: Option<HeldRevocations>,
}

/// Which revocations a device holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeldRevocations {
    /// The epoch of role revocation in which they were made.
    #[n(0)]
    pub epoch: u32,
    /// Their number in it.
    #[n(1)]
    pub seq: u64,
}

/// What a device runs, by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Running<'a> {
    /// The release's identity.
    #[cbor(n(0), with = "crate::wire::digest")]
    pub manifest: Digest,
    /// Its sequence number.
    #[n(1)]
    pub sequence: u64,
    /// The version that people read.
    #[b(2)]
    pub version: &'a str,
    /// Whether the device has confirmed it, or is still trying it out.
    #[n(3)]
    pub confirmed: bool,
    /// The slot that it runs from: 0 or 1.
    #[n(4)]
    pub slot: u8,
}

/// Why a device booted what it booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum BootReason {
    /// The confirmed image, as usual.
    #[default]
    #[n(0)]
    Confirmed,
    /// A new image, on trial.
    #[n(1)]
    Trial,
    /// The confirmed image, after a new one was given up.
    #[n(2)]
    Reverted,
    /// The only image that could still be booted.
    #[n(3)]
    LastResort,
    /// Nothing could be booted.
    #[n(4)]
    SafeMode,
    /// Nothing was booted on purpose: the one slot is to be written over.
    #[n(5)]
    Recovery,
}

/// How a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Health {
    /// Seconds since it booted.
    #[n(0)]
    pub uptime_s: u32,
    /// Error lines in its log in the last hour; nought, too, where nobody counts them ([`Health::error_log`]).
    #[n(1)]
    pub error_logs_per_hour: u16,
    /// Battery drain, in thousandths of its capacity a day; nought, too, where nobody measures it ([`Health::battery_drain`]).
    #[n(2)]
    pub battery_drain_permille_per_day: u16,
    /// Check-ins that it tried and that failed since the last good one.
    #[n(3)]
    pub missed_polls: u16,
    /// Its own judgement of itself.
    #[n(4)]
    pub self_test: SelfTest,
    /// Which of these figures it measures. A device that doesn't say so measures neither.
    #[n(5)]
    pub measures: Option<Measures>,
}

/// Which figures a device measures; what it leaves out it doesn't. Without it a nought would be a battery that never drains, and a device without
/// a battery would vouch for releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Measures {
    /// Whether it counts the error lines in its log.
    #[cbor(n(0), default)]
    pub error_log: bool,
    /// Whether it measures its battery.
    #[cbor(n(1), default)]
    pub battery: bool,
}

impl Health {
    /// Error lines in its log in the last hour, if it counts them.
    #[must_use]
    pub fn error_log(&self) -> Option<u16> {
        let counts = self.measures.is_some_and(|measures| measures.error_log);
        counts.then_some(self.error_logs_per_hour)
    }

    /// Battery drain in thousandths of its capacity a day, if it measures it.
    #[must_use]
    pub fn battery_drain(&self) -> Option<u16> {
        let measures = self.measures.is_some_and(|measures| measures.battery);
        measures.then_some(self.battery_drain_permille_per_day)
    }
}

/// A device's judgement of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum SelfTest {
    /// It hasn't looked yet.
    #[default]
    #[n(0)]
    NotRun,
    /// All is well.
    #[n(1)]
    Passed,
    /// Something is wrong.
    #[n(2)]
    Failed,
}

impl BootReason {
    /// The stable name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Trial => "trial",
            Self::Reverted => "reverted",
            Self::LastResort => "last-resort",
            Self::SafeMode => "safe-mode",
            Self::Recovery => "recovery",
        }
    }
}
