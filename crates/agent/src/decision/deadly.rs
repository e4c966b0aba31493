//! Images that end the agent as soon as somebody looks at them: they use up their boots like any other that doesn't start.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use mainstay_device::observe::Look;
use mainstay_device::record::Trial;
use mainstay_device::{Record, Slot, Storage as _, slot::Head};
use mainstay_keys::HostPrimitives;
use mainstay_protocol::{BootReason, Event, RevertCause};
use mainstay_trust::{Digest, Primitives as _};

use crate::come_up::boot;
use crate::fault::Fault;
use crate::image_file::ImageFile;
use crate::on_disk::OnDisk;
use crate::slots::{Origin, Switch};

const IMAGES: [(Slot, &str); 2] = [(Slot::A, "confirmed"), (Slot::B, "on trial")];

/// Where the agent decides, and one image, if any, ends it as soon as it is unpacked.
struct Folders {
    deadly: Option<Slot>,
}

impl Switch for Folders {
    fn origin(&self, _: Option<Slot>) -> Result<Origin, Fault> {
        Ok(Origin::Open)
    }
    fn prepare(&mut self, slot: Slot, _: &Path, _: u64) -> Result<(), Fault> {
        assert!(self.deadly != Some(slot), "the agent is killed");
        Ok(())
    }
    fn arm(&mut self, _: Slot, _: u8) -> Result<(), Fault> {
        Ok(())
    }
    fn settle(&mut self, _: Slot) -> Result<(), Fault> {
        Ok(())
    }
    fn start(&mut self, _: Slot, _: bool) -> Result<(), Fault> {
        Ok(())
    }
    fn erase(&mut self, _: Slot) -> Result<(), Fault> {
        Ok(())
    }
}

/// The next process of the same device.
fn agent(folder: &Path, deadly: Option<Slot>) -> OnDisk {
    let images = IMAGES.map(|(_, text)| ImageFile::at(folder.join(text)));
    let switch = Box::new(Folders { deadly });
    OnDisk::open(folder.into(), images, Some(1000), switch, None).expect("opens")
}

/// A device with an image on trial.
fn device(boots_left: u8, given_up: Option<RevertCause>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut storage = agent(folder.path(), None);
    for (slot, text) in IMAGES {
        let head = Head {
            image_bytes: text.len() as u32,
            image_digest: HostPrimitives.digest(text.as_bytes()),
            root_version: 1,
            epoch: 0,
            envelope: &b"envelope"[..],
        };
        storage.write_head(slot, &head).expect("writes");
        storage
            .write_image(slot, 0, text.as_bytes())
            .expect("writes");
    }
    let trial = Trial {
        slot: Slot::B,
        manifest: Digest::ZERO,
        boots_left,
        given_up,
        offline: false,
    };
    let mut record = Record {
        confirmed: Some(Slot::A),
        trial: Some(trial),
        ..Record::default()
    };
    storage.save_record(&mut record).expect("saves");
    folder
}

/// A start that ends well: what runs, and why.
fn starts(folder: &tempfile::TempDir, deadly: Option<Slot>) -> (Option<Slot>, BootReason) {
    let mut storage = agent(folder.path(), deadly);
    let came_up = boot(&mut storage, Look::First, 5).expect("comes up");
    assert_eq!(came_up.unsaved, None);
    (came_up.booted.slot, came_up.booted.reason)
}

fn record(folder: &tempfile::TempDir) -> Record {
    let record = agent(folder.path(), None).kept_record();
    record.expect("reads").expect("is there")
}

fn told(folder: &tempfile::TempDir) -> Option<RevertCause> {
    let reports = record(folder).reports;
    reports.iter().find_map(|report| match report.event {
        Event::Reverted { cause, .. } => Some(cause),
        _ => None,
    })
}

#[test]
fn an_image_that_ends_the_agent_each_time_uses_up_its_boots_and_is_given_up() {
    let folder = device(3, None);
    let deadly = Some(Slot::B);
    for left in [2, 1, 0] {
        let mut storage = agent(folder.path(), deadly);
        let killed = catch_unwind(AssertUnwindSafe(|| boot(&mut storage, Look::First, 5)));
        assert!(killed.is_err(), "it can't be started");
        let trial = record(&folder).trial.expect("is on trial");
        assert_eq!((trial.boots_left, trial.given_up), (left, None));
    }
    let back = starts(&folder, deadly);
    assert_eq!(back, (Some(Slot::A), BootReason::Reverted));
    assert_eq!(told(&folder), Some(RevertCause::BootLimit));
    let (slot, reason) = starts(&folder, deadly);
    assert_eq!((slot, reason), (Some(Slot::A), BootReason::Confirmed));
}

#[test]
fn what_was_given_up_isnt_looked_at_again() {
    let folder = device(2, Some(RevertCause::SelfTest));
    let back = starts(&folder, Some(Slot::B));
    assert_eq!(back, (Some(Slot::A), BootReason::Reverted));
    assert_eq!(told(&folder), Some(RevertCause::SelfTest));
}

#[test]
fn a_trial_takes_one_boot_and_one_record() {
    let folder = device(3, None);
    let before = record(&folder).number;
    let tried = starts(&folder, None);
    assert_eq!(tried, (Some(Slot::B), BootReason::Trial));
    let after = record(&folder);
    assert_eq!(after.number, before + 1);
    assert_eq!(after.trial.map(|trial| trial.boots_left), Some(2));
}

#[test]
fn other_bytes_than_those_that_were_accepted_are_given_up_at_once() {
    for boots in [3, 1] {
        let folder = device(boots, None);
        std::fs::write(folder.path().join("on trial"), "on trail").expect("writes");
        let back = starts(&folder, None);
        assert_eq!(back, (Some(Slot::A), BootReason::Reverted));
        assert_eq!(told(&folder), Some(RevertCause::ImageInvalid));
    }
}

#[test]
fn where_nothing_else_is_left_what_was_tried_is_the_last_resort() {
    for (boots, given_up) in [(0, None), (2, Some(RevertCause::SelfTest))] {
        let folder = device(boots, given_up);
        std::fs::write(folder.path().join("confirmed"), "damaged").expect("writes");
        let last = starts(&folder, None);
        assert_eq!(last, (Some(Slot::B), BootReason::LastResort));
        assert!(told(&folder).is_some());
        std::fs::write(folder.path().join("on trial"), "damaged").expect("writes");
        assert_eq!(starts(&folder, None), (None, BootReason::SafeMode));
    }
}
