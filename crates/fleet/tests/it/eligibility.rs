//! The page on eligibility: its table names each reason, in the order in which they are asked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::date;
use mainstay_fleet::{
    Device, DeviceId, Ineligible, Query, ReleaseDigest, Running, Terms, eligible,
};

const PAGE: &str = include_str!("../../../../docs/reference/eligibility.md");

#[test]
fn the_table_names_every_reason() {
    let text = || "x".to_owned();
    let reasons = [
        Ineligible::WrongClass { class: text() },
        Ineligible::WrongHardware {
            hardware: text(),
            listed: vec![text()],
        },
        ended(),
        Ineligible::BootloaderTooOld {
            has: text(),
            needs: text(),
        },
        Ineligible::NeverSeen,
        Ineligible::AlreadyRuns { version: text() },
        Ineligible::OnTrial { version: text() },
        Ineligible::BehindStone { stone: text() },
    ];
    let reasons_told = PAGE.split("\n## ").next().unwrap_or_default();
    let rows = reasons_told
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    let ids: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(ids, reasons.each_ref().map(Ineligible::id));
    let cures: BTreeSet<_> = reasons.iter().map(Ineligible::cure).collect();
    assert_eq!(cures.len(), reasons.len(), "each has its own cure");
}

fn ended() -> Ineligible {
    Ineligible::SupportEnded {
        last_day: date(2032, 6, 30),
        then: Some("thermo-v3".to_owned()),
    }
}

#[test]
fn what_it_quotes_is_what_is_said() {
    assert!(PAGE.contains(&format!("because {}.", ended())));
}

/// The one query of the page.
fn query() -> Query {
    let blocks = PAGE.split("```query\n").skip(1);
    let queries: Vec<_> = blocks
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(queries.len(), 1);
    Query::parse(queries[0]).unwrap_or_else(|error| panic!("{}: {error}", queries[0]))
}

/// As the page's query says them.
fn terms() -> Terms {
    Terms {
        class: "thermo-v2".to_owned(),
        sequence: 2,
        hardware: vec!["B".to_owned(), "C".to_owned()],
        bootloader_min: semver::Version::new(1, 4, 0),
        support: None,
        is_critical: false,
        stones: Vec::new(),
    }
}

fn device() -> Device {
    Device {
        id: DeviceId::new("th-1").expect("a good name"),
        class: "thermo-v2".to_owned(),
        hardware: "B".to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: Timestamp::UNIX_EPOCH,
        last_seen: None,
        running: Some(Running {
            release: ReleaseDigest([1; 32]),
            version: "1.0.0".to_owned(),
            sequence: 1,
            verified: true,
            last_resort: false,
            since: Timestamp::UNIX_EPOCH,
        }),
        attributes: BTreeMap::new(),
    }
}

#[test]
fn the_query_means_the_devices_that_the_rules_leave_out() {
    let on_trial = device().running.map(|running| Running {
        verified: false,
        ..running
    });
    let with = |change: &dyn Fn(&mut Device)| {
        let mut device = device();
        change(&mut device);
        device
    };
    let bootloader = |text: &'static str| with(&move |d| d.bootloader = text.to_owned());
    let devices = [
        device(),
        with(&|d| d.hardware = "C".to_owned()),
        with(&|d| d.hardware = "A".to_owned()),
        bootloader("1.3.9"),
        bootloader("1.4.0-rc.1"),
        bootloader("1.10.0"),
        bootloader("1.4.0+build.7"),
        bootloader("old"),
        bootloader(""),
        with(&|d| d.running = None),
        with(&|d| d.running.clone_from(&on_trial)),
    ];
    let (query, now) = (query(), Timestamp::UNIX_EPOCH);
    let left_out = |device: &&Device| eligible(device, &terms(), now).is_err();
    assert_eq!(devices.iter().filter(left_out).count(), 7);
    for device in &devices {
        assert_eq!(query.matches(device, now), left_out(&device), "{device:?}");
    }
    let lamp = with(&|d| d.class = "lamp-v1".to_owned());
    assert!(!query.matches(&lamp, now), "it asks about one class");
}
