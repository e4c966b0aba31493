//! What RAUC says of itself: the part of `rauc status --detailed --output-format=json` that the agent reads.

use std::collections::BTreeMap;

use mainstay_device::Slot;
use serde::Deserialize;

use crate::boot_env::scheme;

/// RAUC's slots, as it sees them.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(default)]
    slots: Vec<BTreeMap<String, SlotStatus>>,
}

#[derive(Debug, Deserialize)]
struct SlotStatus {
    bootname: Option<String>,
    state: Option<String>,
    boot_status: Option<String>,
    slot_status: Option<Record>,
}

/// What its status file says of a slot; without such a file, nothing.
#[derive(Debug, Default, Deserialize)]
struct Record {
    checksum: Option<Checksum>,
    installed: Option<Installed>,
}

#[derive(Debug, Deserialize)]
struct Checksum {
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct Installed {
    timestamp: String,
    count: u32,
}

impl Status {
    /// The slot that the system came from. What it calls "booted" may be a device or a name that the kernel was
    /// given; the slot that it found by that is marked.
    pub(super) fn booted(&self) -> Option<Slot> {
        let booted = self
            .slots()
            .find(|slot| slot.state.as_deref() == Some("booted"));
        booted.and_then(SlotStatus::slot)
    }

    /// Whether RAUC's boot loader has given the slot up, or RAUC is in the middle of writing to it.
    pub(super) fn is_bad(&self, slot: Slot) -> bool {
        let found = self.of(slot);
        found.is_some_and(|found| found.boot_status.as_deref() == Some("bad"))
    }

    /// Which installation lies in the slot; another one has other words. Empty where RAUC keeps no record.
    pub(super) fn installation(&self, slot: Slot) -> String {
        let record = self.of(slot).and_then(|found| found.slot_status.as_ref());
        let record = record.map(|record| (&record.checksum, &record.installed));
        match record {
            Some((Some(checksum), Some(installed))) => format!(
                "{} {} {}",
                checksum.sha256, installed.timestamp, installed.count
            ),
            _ => String::new(),
        }
    }

    fn of(&self, slot: Slot) -> Option<&SlotStatus> {
        self.slots().find(|found| found.slot() == Some(slot))
    }

    fn slots(&self) -> impl Iterator<Item = &SlotStatus> {
        self.slots.iter().flat_map(|slots| slots.values())
    }
}

impl SlotStatus {
    fn slot(&self) -> Option<Slot> {
        self.bootname.as_deref().and_then(scheme::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What rauc 1.8 printed, of a system that was started by `root=/dev/mmcblk0p2`; shortened.
    const PRINTED: &str = r#"{"compatible":"x","variant":"","booted":"/dev/mmcblk0p2","boot_primary":"rootfs.0","slots":[
    {"appfs.0":{"class":"appfs","device":"/c","type":"raw","bootname":null,"state":"active","parent":"rootfs.0",
     "mountpoint":null,"boot_status":null,"slot_status":{"bundle":{"compatible":null}}}},
    {"rootfs.1":{"class":"rootfs","device":"/b","type":"raw","bootname":"B","state":"inactive","parent":null,
     "mountpoint":null,"boot_status":"bad","slot_status":{"bundle":{"compatible":"x","version":"1.1.0"},
     "checksum":{"sha256":"ad69","size":32768},"installed":{"timestamp":"2026-11-26T07:02:29Z","count":1},
     "activated":{"timestamp":"2026-11-26T07:02:29Z","count":1},"status":"ok"}}},
    {"rootfs.0":{"class":"rootfs","device":"/dev/mmcblk0p2","type":"raw","bootname":"A","state":"booted","parent":null,
     "mountpoint":null,"boot_status":"good","slot_status":{"bundle":{"compatible":null}}}}]}"#;

    #[test]
    fn its_own_words_are_read() {
        let status: Status = serde_json::from_str(PRINTED).expect("is what rauc prints");
        assert_eq!(status.booted(), Some(Slot::A));
        assert!(status.is_bad(Slot::B) && !status.is_bad(Slot::A));
        assert_eq!(status.installation(Slot::B), "ad69 2026-11-26T07:02:29Z 1");
        assert_eq!(status.installation(Slot::A), "");
    }

    #[test]
    fn a_system_from_elsewhere_came_from_no_slot() {
        let elsewhere = PRINTED.replace("\"booted\",", "\"inactive\",");
        let status: Status = serde_json::from_str(&elsewhere).expect("is JSON");
        assert_eq!(status.booted(), None);
        let none: Status = serde_json::from_str("{}").expect("is JSON");
        assert_eq!(none.booted(), None);
    }
}
