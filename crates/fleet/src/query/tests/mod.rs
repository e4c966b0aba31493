//! What the query language does, as tables and as properties.

mod answers;
mod mistakes;
mod properties;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Device, DeviceId, ReleaseDigest, Running};

/// When the questions are asked.
fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().expect("an instant")
}

/// A device of which all is known: registered 30 days ago, heard of an hour ago.
fn known() -> Device {
    let attributes = [("site", "store-7"), ("floor", "3"), ("note", "a \"b\" \\")];
    Device {
        id: DeviceId::new("th-0042").expect("a good name"),
        class: "thermo-v2".to_owned(),
        hardware: "B".to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.10.0".to_owned(),
        registered_at: now() - jiff::SignedDuration::from_hours(30 * 24),
        last_seen: Some(now() - jiff::SignedDuration::from_hours(1)),
        running: Some(Running {
            release: ReleaseDigest([0xab; 32]),
            version: "1.1.0-rc.2+build.7".to_owned(),
            sequence: 7,
            verified: true,
            last_resort: false,
            since: now(),
        }),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

/// One that was registered and never heard of; its boot loader's version is no version.
fn silent() -> Device {
    Device {
        id: DeviceId::new("th-0001").expect("a good name"),
        bootloader: "old".to_owned(),
        last_seen: None,
        running: None,
        attributes: BTreeMap::new(),
        ..known()
    }
}
