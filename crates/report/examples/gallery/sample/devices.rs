//! A device that gave 1.2.0 up, and the list.

use mainstay_report::{
    ClientFacts, DeviceList, DevicePage, DeviceRow, DeviceTable, HealthFigure, Slot, TimelineEntry,
    Tone,
};

use super::{DIGEST, ZONES, at, entry, frame};

pub fn device_row(number: u32) -> DeviceRow {
    let states = [
        ("up to date", Tone::Good, true),
        ("up to date", Tone::Good, true),
        ("waits for its window", Tone::Busy, true),
        ("back on 1.1.0", Tone::Attention, true),
        ("failed: self-test", Tone::Bad, false),
    ];
    let (state, tone, verified) = states[match number % 17 {
        3 => 3,
        7 => 2,
        11 if number < 20 => 4,
        _ => 0,
    }];
    DeviceRow {
        id: format!("th-{number:04}"),
        class: "thermo-v2".into(),
        hardware: if number.is_multiple_of(2) { "B" } else { "C" }.into(),
        zone: ZONES[number as usize % ZONES.len()].into(),
        client: ClientFacts::native(),
        version: (number != 13).then(|| if verified { "1.1.0" } else { "1.2.0" }.into()),
        verified,
        state: state.into(),
        tone,
        last_seen: (number != 13).then(|| at(1500 - i64::from(number * 7 % 63))),
    }
}

pub fn devices() -> DeviceTable {
    DeviceTable {
        rows: (1..=100).map(device_row).collect(),
        page: 1,
        total: 500,
    }
}

/// The list's second page.
pub fn device_list() -> DeviceList {
    DeviceList {
        frame: frame(),
        table: DeviceTable {
            rows: (101..=200).map(device_row).collect(),
            page: 2,
            total: 500,
        },
    }
}

/// A device that gave 1.2.0 up.
pub fn device_page() -> DevicePage {
    DevicePage {
        frame: frame(),
        id: "th-0018".into(),
        class: "thermo-v2".into(),
        hardware: "B".into(),
        zone: "America/Denver".into(),
        bootloader: "1.4.2".into(),
        client: ClientFacts::native(),
        order: Some("1000008: its client fetches 1.2.0".into()),
        order_log: Vec::new(),
        site: Some("store-7".into()),
        gateway: None,
        children: vec!["th-0019".into(), "th-0020".into()],
        more_children: 3,
        version: Some("1.1.0".into()),
        verified: true,
        running_since: Some(at(1437)),
        last_seen: Some(at(1488)),
        why: "th-0018 (thermo-v2, hardware B) runs 1.1.0 and isn't updating to 1.2.0, because the \
              rollout was halted: 2 of the first 6 devices scored failed."
            .into(),
        next: Some("nothing to do; it stays on 1.1.0 until a newer release is scheduled.".into()),
        slots: slots(),
        health: health(),
        timeline: timeline(),
    }
}

fn slots() -> Vec<Slot> {
    vec![
        Slot {
            name: "A".into(),
            version: Some("1.1.0".into()),
            state: "running, confirmed".into(),
            digest: DIGEST.into(),
        },
        Slot {
            name: "B".into(),
            version: Some("1.2.0".into()),
            state: "given up: failed its self-test".into(),
            digest: DIGEST.into(),
        },
    ]
}

fn health() -> Vec<HealthFigure> {
    vec![
        HealthFigure {
            name: "Error log".into(),
            value: "1 line an hour".into(),
            expected: "at most 10 % more than held-back devices".into(),
            tone: Tone::Good,
        },
        HealthFigure {
            name: "Battery drain".into(),
            value: "4 permille a day".into(),
            expected: String::new(),
            tone: Tone::Good,
        },
        HealthFigure {
            name: "Self-test".into(),
            value: "failed on 1.2.0".into(),
            expected: "passes".into(),
            tone: Tone::Bad,
        },
    ]
}

fn timeline() -> Vec<TimelineEntry> {
    vec![
        entry(
            1437,
            "Back on 1.1.0",
            "By itself, at the next boot.",
            Tone::Good,
        ),
        entry(1436, "Gave 1.2.0 up", "Its self-test failed.", Tone::Bad),
        entry(
            1432,
            "First boot of 1.2.0",
            "Trial boot 1 of 3.",
            Tone::Busy,
        ),
        entry(1431, "Installed 1.2.0 in slot B", "", Tone::Plain),
        entry(
            1429,
            "Was offered 1.2.0",
            "Canary of rollout 3.",
            Tone::Plain,
        ),
        entry(104, "Confirmed 1.1.0", "Healthy for 30 min.", Tone::Good),
    ]
}
