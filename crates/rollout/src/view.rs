//! What a rollout is told of its devices.
//!
//! The store makes these rows from its tables; this crate never asks for more. Read [`DeviceView`]
//! first.

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, KeptInstant, ReleaseDigest, Running, Site};
use mainstay_plan::SignalName;
use serde::{Deserialize, Serialize};

use crate::label::{Label, SharedDigest};
use crate::needs::ClassVersions;
use crate::progress::Progress;

/// One enrolled device, as far as its rollout needs to know it. All of a fleet are in memory while a step looks at them, so what many have
/// in common is kept once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// The device.
    pub id: DeviceId,
    /// Its hardware revision: the stratum of sample and tripwire.
    pub hardware: Label,
    /// Where it stands, if that is declared.
    pub site: Option<Site>,
    /// Its IANA time zone, such as `America/Denver`.
    pub zone: Label,
    /// The wave it was drawn into, from 0. It never changes.
    pub wave: usize,
    /// The server's time of the last message from it.
    pub last_seen: Option<KeptInstant>,
    /// How far it has come.
    pub progress: Progress,
    /// The release it said it runs, confirmed or on trial.
    pub running: Option<SharedDigest>,
    /// The verified release that it ran when it was promised the candidate (until then, when it was enrolled): the
    /// only one it may go back to.
    pub before: Option<SharedDigest>,
}

impl DeviceView {
    /// The server's time of the last message from it.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_seen.map(Timestamp::from)
    }

    /// Whether it said that it runs this release, confirmed or on trial.
    #[must_use]
    pub fn runs(&self, release: ReleaseDigest) -> bool {
        self.running.as_deref() == Some(&release)
    }

    /// Whether it said that it runs nothing.
    #[must_use]
    pub fn runs_nothing(&self) -> bool {
        self.runs(Running::NOTHING)
    }

    /// Whether it runs nothing since it began: its only slot made way for the candidate, or it lost both of two. Whatever keeps it
    /// from having the candidate now, it must get back what it ran.
    #[must_use]
    pub fn made_way(&self) -> bool {
        self.progress.began().is_some() && self.runs_nothing()
    }

    /// Whether the candidate failed on it, a payload that it refused included, and left it nothing to run: a device with one slot has
    /// nothing to go back to by itself, and one with two may have lost both.
    #[must_use]
    pub fn is_without_firmware(&self) -> bool {
        self.progress.failure().is_some() && self.runs_nothing()
    }
}

/// All enrolled devices of one rollout, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetView {
    /// One row a device; each device once.
    pub devices: Vec<DeviceView>,
    /// The releases that were halted or revoked: devices refuse them, also as a way back.
    #[serde(default)]
    pub withdrawn: Vec<ReleaseDigest>,
    /// What soft signals read on devices that are compared, in any order ([`crate::readings::missing`] says which are still needed).
    /// None where nobody keeps readings: soft signals aren't judged then.
    #[serde(default)]
    pub readings: Option<Vec<SoftReading>>,
    /// What the devices of the classes run that the rollout waits for; one that isn't in it meets nothing. None where nobody
    /// asked: then it stays with what was found before.
    #[serde(default)]
    pub others: Option<Vec<ClassVersions>>,
}

/// One soft signal of one device at one instant. Of every signal, more is worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftReading {
    /// The device.
    pub device: DeviceId,
    /// The signal.
    pub signal: SignalName,
    /// The server's time of the reading.
    pub at: Timestamp,
    /// In thousandths of the signal's unit: of error lines an hour, of thousandths of the battery's capacity a day, of missed
    /// polls a day.
    pub milli: u32,
}

impl FleetView {
    /// The members of one wave.
    pub fn wave(&self, wave: usize) -> impl Iterator<Item = &DeviceView> {
        self.devices.iter().filter(move |d| d.wave == wave)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// A step of a rollout has one of these for each device in memory: a byte more is a megabyte for a million of them.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_device_takes_little_room() {
        assert!(
            size_of::<DeviceView>() <= 136,
            "{}",
            size_of::<DeviceView>()
        );
    }

    #[test]
    fn a_device_runs_what_it_said() {
        let mut device = testing::device(0);
        assert!(device.runs(testing::OLD) && !device.runs(testing::NEW));
        device.running = Some(testing::NOTHING.into());
        assert!(device.runs_nothing() && !device.runs(testing::OLD));
        device.running = None;
        assert!(!device.runs(testing::OLD) && !device.runs_nothing());
    }

    #[test]
    fn it_is_written_with_plain_digests() {
        let mut device = testing::device(0);
        device.running = None;
        let written = serde_json::to_value(&device).expect("it can be written");
        assert_eq!(written["running"], serde_json::Value::Null);
        assert_eq!(written["before"], testing::OLD.to_string());
        let read: DeviceView = serde_json::from_value(written).expect("it can be read");
        assert_eq!(read, device);
    }
}
