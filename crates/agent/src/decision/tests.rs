//! A disk that fails for a moment costs no image anything.

use mainstay_device::record::Download;
use mainstay_protocol::Event;
use mainstay_trust::Digest;

use super::*;
use crate::slot_bench::State::{Bare, Gone, Good, Other, Unread};
use crate::slot_bench::{Device, State};

const A: Slot = Slot::A;
const B: Slot = Slot::B;

impl Device {
    /// What the record says, whatever its number.
    fn record(&self) -> Record {
        let record = self.storage.kept_record().expect("reads");
        Record {
            number: 0,
            ..record.expect("is there")
        }
    }
}

fn kept() -> Record {
    Record {
        confirmed: Some(A),
        ..Record::default()
    }
}

fn trying(boots_left: u8, given_up: Option<RevertCause>) -> Record {
    Record {
        trial: Some(Trial {
            slot: B,
            manifest: Digest([2; 32]),
            boots_left,
            given_up,
            offline: false,
        }),
        ..kept()
    }
}

/// A device with these slots decides: what it starts and why, whether the record says anything new, whether it is in doubt,
/// and what nobody may write over.
fn check(before: &Record, [a, b]: [State; 2], expected: &str) {
    let mut device = Device::new();
    device.spoil(A, a);
    device.spoil(B, b);
    let mut saved = before.clone();
    device.storage.save_record(&mut saved).expect("saves");
    let choice = choose(&mut device.storage, &saved, 5).expect("decides");
    let record = device.record();
    let slot = |slot: Option<Slot>| slot.map_or("-".to_owned(), |slot| format!("{slot:?}"));
    let mut found = format!("{} {}", slot(choice.booted.slot), choice.booted.reason.id());
    for (holds, word) in [
        (record != *before, ", news"),
        (choice.unsaved.is_some(), ", in doubt"),
        (choice.kept.is_some(), ", keeps "),
    ] {
        found.push_str(if holds { word } else { "" });
    }
    if choice.kept.is_some() {
        found.push_str(&slot(choice.kept));
    }
    assert_eq!(found, expected, "{before:?} {a:?} {b:?}");
    if choice.unsaved.is_some() {
        let kept = (record.confirmed, record.last_resort);
        assert_eq!(kept, (before.confirmed, before.last_resort), "{found}");
    }
    // By a trial that is given up and still there, the machine would go back at once, and for ever.
    let given_up = record.trial.and_then(|trial| trial.given_up);
    assert_eq!(given_up, None, "{found}");
}

#[test]
fn what_is_kept_is_lost_only_if_it_differs() {
    for (slots, expected) in [
        ([Good, Good], "A confirmed"),
        ([Other, Good], "B last-resort, news"),
        ([Gone, Good], "B last-resort, news"),
        ([Other, Other], "- safe-mode, news"),
        ([Gone, Gone], "A confirmed, in doubt"),
        ([Unread, Good], "A confirmed, in doubt"),
        ([Unread, Other], "A confirmed, in doubt"),
        ([Bare, Good], "B last-resort, in doubt, keeps A"),
        ([Bare, Other], "- safe-mode, in doubt, keeps A"),
        ([Bare, Unread], "- safe-mode, in doubt, keeps A"),
        ([Other, Unread], "B last-resort, in doubt"),
        ([Other, Bare], "- safe-mode, in doubt"),
    ] {
        check(&kept(), slots, expected);
    }
}

#[test]
fn what_is_on_trial_is_given_up_only_if_it_differs_or_was_tried() {
    for (slots, expected) in [
        ([Good, Good], "B trial, news"),
        ([Bare, Good], "B trial, news"),
        ([Good, Other], "A reverted, news"),
        ([Unread, Other], "A reverted, news, in doubt"),
        ([Good, Unread], "A last-resort, in doubt"),
        ([Good, Bare], "A last-resort, in doubt"),
        ([Unread, Unread], "A last-resort, in doubt"),
        ([Bare, Bare], "- safe-mode, in doubt, keeps A"),
        ([Other, Unread], "B last-resort, in doubt"),
    ] {
        check(&trying(3, None), slots, expected);
    }
    for (slots, expected) in [
        ([Good, Good], "A reverted, news"),
        ([Good, Unread], "A reverted, news"),
        ([Unread, Good], "A reverted, news, in doubt"),
        ([Bare, Good], "B last-resort, news, in doubt, keeps A"),
        ([Other, Good], "B last-resort, news"),
        ([Other, Unread], "B last-resort, news, in doubt"),
        ([Other, Other], "- safe-mode, news"),
    ] {
        check(&trying(0, None), slots, expected);
        check(&trying(2, Some(RevertCause::SelfTest)), slots, expected);
    }
}

#[test]
fn where_boots_cant_be_counted_nothing_is_tried_that_differs() {
    for (slots, expected) in [
        ([Good, Good], (Some(A), BootReason::LastResort)),
        ([Unread, Good], (Some(A), BootReason::LastResort)),
        ([Bare, Good], (Some(B), BootReason::LastResort)),
        ([Other, Good], (Some(B), BootReason::Trial)),
        ([Other, Other], (None, BootReason::SafeMode)),
    ] {
        let mut device = Device::new();
        device.spoil(A, slots[0]);
        device.spoil(B, slots[1]);
        let mut record = trying(3, None);
        device.storage.save_record(&mut record).expect("saves");
        std::fs::create_dir(device.folder.path().join("record.new")).expect("makes");
        let choice = choose(&mut device.storage, &record, 5).expect("decides");
        let Booted { slot, reason } = choice.booted;
        assert_eq!((slot, reason), expected, "{slots:?}");
        assert_eq!(choice.unsaved.expect("is told").id, "agent.storage-failed");
    }
}

/// A file system that is mounted late is an empty folder until then.
#[test]
fn slots_that_are_not_mounted_cost_no_image_its_place() {
    let mut device = Device::new();
    let (slots, away) = (
        device.folder.path().join("app"),
        device.folder.path().join("away"),
    );
    std::fs::rename(&slots, &away).expect("goes");
    std::fs::create_dir(&slots).expect("makes");
    let mut saved = trying(3, None);
    device.storage.save_record(&mut saved).expect("saves");
    let choice = choose(&mut device.storage, &saved, 5).expect("decides");
    assert_eq!(choice.booted.reason, BootReason::SafeMode);
    assert_eq!(choice.unsaved.expect("is told").id, "agent.slots-missing");
    assert_eq!(choice.kept, Some(A));
    let record = device.record();
    assert_eq!(record, trying(3, None));
    std::fs::remove_dir(&slots).expect("removes");
    std::fs::rename(&away, &slots).expect("comes");
    let choice = choose(&mut device.storage, &record, 9).expect("decides");
    assert_eq!(
        (choice.booted.slot, choice.booted.reason),
        (Some(B), BootReason::Trial)
    );
}

/// Or one that ends the agent as it is looked at would never use them up.
#[test]
fn a_boot_is_spent_before_the_look_and_given_back_after_it() {
    for (state, saves) in [(Good, 1), (Unread, 2)] {
        let mut device = Device::new();
        device.spoil(B, state);
        let mut record = trying(3, None);
        device.storage.save_record(&mut record).expect("saves");
        choose(&mut device.storage, &record, 5).expect("decides");
        let now = device
            .storage
            .kept_record()
            .expect("reads")
            .expect("is there");
        assert_eq!(now.number, record.number + saves, "{state:?}");
    }
}

#[test]
fn a_trial_that_ran_out_of_boots_is_told_as_that() {
    let mut device = Device::new();
    device.spoil(B, Unread);
    choose(&mut device.storage, &trying(0, None), 5).expect("decides");
    let record = device.record();
    let told = record.reports.last().map(|report| report.event);
    let cause = RevertCause::BootLimit;
    let manifest = Digest([2; 32]);
    assert_eq!(told, Some(Event::Reverted { manifest, cause }));
}

#[test]
fn nobody_writes_over_what_is_kept_and_couldnt_be_looked_at() {
    let mut device = Device::new();
    let storage = &mut device.storage;
    storage.protect(Some(B), Some(A));
    assert!(storage.erase(A).is_err() && storage.write_image(A, 0, b"x").is_err());
    let fault = storage.take_fault().expect("is kept");
    assert_eq!(fault.id, "agent.slot-unread");
    let mut record = Record {
        confirmed: None,
        download: Some(Download {
            slot: A,
            manifest: Digest([3; 32]),
            written: 0,
        }),
        ..kept()
    };
    assert!(storage.save_record(&mut record).is_err());
    assert_eq!(storage.kept_record(), Ok(None), "nor does a record say so");
    storage.protect(Some(A), None);
    storage.save_record(&mut record).expect("saves");
}
