//! What becomes of a start that can't be recorded or carried out. A folder in the place of a file that is to be written
//! stands in for a disk that fails.

use std::fs;

use mainstay_device::Storage as _;
use mainstay_device::record::Trial;
use mainstay_protocol::{BootReason, RevertCause};
use mainstay_trust::Digest;

use super::*;
use crate::slot_bench::Device;

/// A device whose image in slot B is on trial.
fn device(given_up: Option<RevertCause>) -> Device {
    let mut device = Device::new();
    let mut record = Record {
        confirmed: Some(Slot::A),
        ..Record::default()
    };
    device.storage.save_record(&mut record).expect("saves");
    boot(&mut device.storage, 5).expect("starts A");
    record.trial = Some(Trial {
        slot: Slot::B,
        manifest: Digest([2; 32]),
        boots_left: 3,
        given_up,
        offline: false,
    });
    device.storage.save_record(&mut record).expect("saves");
    device
}

fn link(device: &Device) -> String {
    let link = fs::read_link(device.folder.path().join("app/current")).expect("a link");
    link.display().to_string()
}

fn left(device: &Device) -> Option<u8> {
    let record = device.storage.kept_record().expect("reads");
    record
        .and_then(|record| record.trial)
        .map(|trial| trial.boots_left)
}

#[test]
fn a_way_back_that_cant_be_recorded_is_gone_all_the_same_and_once() {
    let mut device = device(Some(RevertCause::SelfTest));
    let beside = device.folder.path().join("record.new");
    fs::create_dir(&beside).expect("makes");
    let came_up = boot(&mut device.storage, 5).expect("starts");
    let booted = came_up.booted;
    assert_eq!(
        (booted.slot, booted.reason),
        (Some(Slot::A), BootReason::Reverted)
    );
    assert!(came_up.unsaved.is_some());
    assert_eq!(left(&device), Some(3), "the disk knows nothing of it");
    // By a record that still has the trial, the machine would have to go back again, at once and for ever.
    let mut record = device.storage.record().expect("reads").expect("is there");
    assert_eq!((record.trial, record.reports.len()), (None, 1));
    fs::remove_dir(&beside).expect("removes");
    device.storage.save_record(&mut record).expect("saves");
    assert_eq!(
        (left(&device), device.storage.record()),
        (None, Ok(Some(record)))
    );
}

#[test]
fn a_trial_that_the_disk_doesnt_let_start_leaves_the_confirmed_one_running() {
    let mut device = device(None);
    let beside = device.folder.path().join("app/current.new");
    fs::create_dir(&beside).expect("makes");
    let came_up = boot(&mut device.storage, 5).expect("starts");
    let booted = came_up.booted;
    assert_eq!(
        (booted.slot, booted.reason),
        (Some(Slot::A), BootReason::LastResort)
    );
    assert_eq!(
        came_up.unstarted.expect("is told").id,
        "agent.storage-failed"
    );
    assert_eq!((link(&device).as_str(), left(&device)), ("a", Some(2)));
    fs::remove_dir(&beside).expect("removes");
    let booted = boot(&mut device.storage, 5).expect("starts").booted;
    assert_eq!(
        (booted.slot, booted.reason),
        (Some(Slot::B), BootReason::Trial)
    );
    assert_eq!(link(&device), "b");
}

#[test]
fn what_applies_an_update_is_heard_and_tried_again() {
    let mut device = device(Some(RevertCause::SelfTest));
    boot(&mut device.storage, 5).expect("starts A");
    let ill = device.folder.path().join("ill");
    fs::remove_file(device.folder.path().join("app/applied")).expect("a cut came between");
    fs::write(&ill, "").expect("writes");
    for _ in 0..2 {
        let came_up = boot(&mut device.storage, 5).expect("starts");
        assert_eq!(came_up.booted.slot, Some(Slot::A));
        assert_eq!(came_up.unstarted.expect("is told").id, "agent.hook-failed");
    }
    fs::remove_file(&ill).expect("removes");
    let came_up = boot(&mut device.storage, 5).expect("starts");
    assert_eq!(came_up.unstarted, None);
}
