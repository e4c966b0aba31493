//! What becomes of a start that can't be recorded or carried out. A folder in the place of a file that is to be written
//! stands in for a disk that fails.

use std::fs;

use mainstay_device::Storage as _;
use mainstay_device::observe::Seen;
use mainstay_device::record::{Download, Trial};
use mainstay_keys::HostPrimitives;
use mainstay_protocol::{BootReason, RevertCause};
use mainstay_trust::{Digest, Primitives as _};

use super::*;
use crate::slot_bench::Device;
use crate::slots::fake::FakeSwitch;

/// A device whose image in slot B is on trial.
fn device(given_up: Option<RevertCause>) -> Device {
    let mut device = Device::new();
    let mut record = Record {
        confirmed: Some(Slot::A),
        ..Record::default()
    };
    device.storage.save_record(&mut record).expect("saves");
    boot(&mut device.storage, Look::First, 5).expect("starts A");
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
    let came_up = boot(&mut device.storage, Look::First, 5).expect("starts");
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
    let came_up = boot(&mut device.storage, Look::First, 5).expect("starts");
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
    let booted = boot(&mut device.storage, Look::First, 5)
        .expect("starts")
        .booted;
    assert_eq!(
        (booted.slot, booted.reason),
        (Some(Slot::B), BootReason::Trial)
    );
    assert_eq!(link(&device), "b");
}

#[test]
fn what_applies_an_update_is_heard_and_tried_again() {
    let mut device = device(Some(RevertCause::SelfTest));
    boot(&mut device.storage, Look::First, 5).expect("starts A");
    let ill = device.folder.path().join("ill");
    fs::remove_file(device.folder.path().join("app/applied")).expect("a cut came between");
    fs::write(&ill, "").expect("writes");
    for _ in 0..2 {
        let came_up = boot(&mut device.storage, Look::First, 5).expect("starts");
        assert_eq!(came_up.booted.slot, Some(Slot::A));
        assert_eq!(came_up.unstarted.expect("is told").id, "agent.hook-failed");
    }
    fs::remove_file(&ill).expect("removes");
    let came_up = boot(&mut device.storage, Look::First, 5).expect("starts");
    assert_eq!(came_up.unstarted, None);
}

#[test]
fn what_was_started_while_it_was_written_to_is_not_said_to_be_the_release() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let image = |name: &str| ImageFile::at(folder.path().join(name));
        let images = [image("a.img"), image("b.img")];
        let seen = Seen {
            slot: Slot::B,
            spent: false,
        };
        let switch = Box::new(FakeSwitch {
            seen: Some(seen),
            ..FakeSwitch::default()
        });
        OnDisk::open(folder.path().into(), images, None, switch, None).expect("opens")
    };
    let mut storage = open();
    let head = mainstay_device::slot::Head {
        image_bytes: 5,
        image_digest: HostPrimitives.digest(b"image"),
        root_version: 1,
        epoch: 0,
        envelope: &b"envelope"[..],
    };
    storage.write_head(Slot::B, &head).expect("writes");
    let mut record = Record {
        confirmed: Some(Slot::A),
        download: Some(Download {
            slot: Slot::B,
            manifest: Digest([1; 32]),
            written: 3,
        }),
        ..Record::default()
    };
    storage.save_record(&mut record).expect("saves");
    for _ in 0..2 {
        let mut storage = open();
        let came_up = boot(&mut storage, Look::First, 0).expect("comes up");
        assert_eq!(came_up.booted.reason, BootReason::LastResort);
        assert_eq!(storage.head(Slot::B), Ok(None));
    }
}

#[test]
fn an_agent_that_is_started_again_is_no_device_that_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    assert_eq!(look(&run), Look::First);
    assert_eq!(look(&run), Look::Again);
    fs::write(run.join("boot"), "another start").expect("writes");
    assert_eq!(look(&run), Look::First);
    fs::remove_dir_all(&run).expect("memory forgets");
    assert_eq!(look(&run), Look::First);
}
