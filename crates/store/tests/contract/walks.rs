//! Walking over many devices.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use mainstay_fleet::{Device, DeviceId, Site};
use mainstay_rollout::returns::CannotReturn;
use mainstay_rollout::{Candidate, DeviceView, FailureCause, Progress, RolloutId};
use mainstay_store::walks::PAGE_MAX;
use mainstay_store::{EnrolledDevice, Known, Place, Store, StoredReport};

use super::fixture::{
    NEW, OLD, at, device, id, register, registration, start_another, started, token,
};

async fn all_devices(store: &dyn Store) -> Vec<DeviceId> {
    let (mut ids, mut place) = (Vec::new(), Some(Place::default()));
    while let Some(from) = place {
        let page = store.device_page(from).await.expect("readable");
        assert!(page.items.len() <= PAGE_MAX as usize);
        ids.extend(page.items.into_iter().map(|device| device.id));
        place = page.next;
    }
    ids
}

async fn all_enrolled(store: &dyn Store, rollout: RolloutId) -> Vec<EnrolledDevice> {
    let (mut enrolled, mut place) = (Vec::new(), Some(Place::default()));
    while let Some(from) = place {
        let page = store.enrolled_page(rollout, from).await.expect("readable");
        enrolled.extend(page.items);
        place = page.next;
    }
    enrolled
}

pub async fn every_device_comes_once_over_all_pages(store: &dyn Store) {
    assert_eq!(all_devices(store).await, []);
    let count = 2 * PAGE_MAX as usize + 1;
    register(store, count).await;
    let ids = all_devices(store).await;
    assert_eq!(ids.len(), count);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), count);
}

/// A full last page is followed by an empty one, and by no more.
pub async fn a_walk_ends_behind_a_full_page(store: &dyn Store) {
    register(store, PAGE_MAX as usize).await;
    assert_eq!(all_devices(store).await.len(), PAGE_MAX as usize);
}

pub async fn enrolled_devices_come_with_their_record_and_progress(store: &dyn Store) {
    let rollout = started(store, 3).await;
    let enrolled = all_enrolled(store, rollout.id).await;
    let expected: Vec<_> = (0..3)
        .map(|n| EnrolledDevice {
            device: device(n),
            progress: Progress::Waiting,
            confirmed_again: None,
        })
        .collect();
    assert_eq!(enrolled, expected);
    assert_eq!(all_enrolled(store, RolloutId(77)).await, []);
}

pub async fn a_rollouts_devices_are_walked_as_its_steps_see_them(store: &dyn Store) {
    let rollout = started(store, 5).await;
    let fold = |_: &Candidate, _: Progress, _: Known| Progress::Began { at: at(2) };
    let said = [report(1, 2, "began")];
    let recorded = store.record(&id(3), None, at(2), &said, &fold).await;
    recorded.expect("a known device");
    let heard = store.touch(&[(id(1), at(9))]).await;
    heard.expect("a known device");
    let whole = store.fleet_view(rollout.id).await.expect("readable");
    assert_eq!(whole.devices.len(), 5);
    assert_eq!(whole.devices[3].progress, Progress::Began { at: at(2) });
    for most in [1, 2, 5, 6] {
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let read = store.rollout_devices(rollout.id, after.as_ref(), most);
            let read = read.await.expect("readable");
            assert!(read.len() <= most as usize);
            let Some(last) = read.last() else { break };
            after = Some(last.id.clone());
            walked.extend(read);
        }
        assert_eq!(walked, whole.devices, "{most} at a time");
    }
    let nobody = store.rollout_devices(RolloutId(77), None, 9).await;
    assert_eq!(nobody.expect("readable"), []);
    let kept = store.readings(rollout.id).await.expect("readable");
    assert_eq!(Some(kept), whole.readings);
}

pub async fn a_large_rollout_is_read_whole_whatever_its_devices_have(store: &dyn Store) {
    const LAST: usize = 599;
    register(store, LAST).await;
    let odd = Device {
        hardware: "B \"7\"\n\u{1f}, é".to_owned(),
        zone: "a\\b'c\n".to_owned(),
        running: None,
        attributes: BTreeMap::new(),
        ..device(LAST)
    };
    let odd_one = registration(odd.clone(), token(LAST));
    let registered = store.register_many(&[odd_one]).await;
    registered.expect("it is new");
    let rollout = start_another(store, NEW, LAST + 1).await;
    let whole = store
        .fleet_view(rollout.id)
        .await
        .expect("readable")
        .devices;
    let ids: Vec<_> = whole.iter().map(|device| device.id.clone()).collect();
    assert_eq!(ids, (0..=LAST).map(id).collect::<Vec<_>>());
    let [first, .., last] = &whole[..] else {
        panic!("there are many");
    };
    let texts = |view: &DeviceView| (view.hardware.to_string(), view.zone.to_string());
    assert_eq!(texts(first), (device(0).hardware, device(0).zone));
    assert_eq!(first.site.as_ref().map(Site::as_str), Some("lab-0"));
    assert!(first.runs(OLD) && first.before.as_deref() == Some(&OLD));
    assert_eq!(texts(last), (odd.hardware, odd.zone));
    assert_eq!(
        (&last.site, &last.running, &last.before),
        (&None, &None, &None)
    );
    let read = store.rollout_devices(rollout.id, Some(&id(9)), 300).await;
    assert_eq!(read.expect("readable"), whole[10..310]);
}

fn report(seq: u32, minute: i64, event: &str) -> StoredReport {
    StoredReport {
        seq,
        at: at(minute),
        event: event.to_owned(),
        text: String::new(),
    }
}

/// The first confirmation after the failure counts; not one before it, and nothing that isn't one.
pub async fn what_confirmed_something_again_says_when(store: &dyn Store) {
    let rollout = started(store, 4).await;
    let confirmed = r#"{"event":"confirmed","release":"00"}"#;
    let anew = format!(r#"{{"event":"confirmed","release":"{NEW}"}}"#);
    // In the very second of the failure, and of the release that failed: neither says that it is good again.
    let at_once = StoredReport {
        at: at(2) + SignedDuration::from_millis(1),
        ..report(6, 2, confirmed)
    };
    let said = [
        report(1, 1, confirmed),
        at_once,
        report(7, 3, &anew),
        report(2, 3, "not JSON"),
        report(3, 4, r#"{"event":"trial-booted","release":"00"}"#),
        report(4, 5, confirmed),
        report(5, 6, confirmed),
    ];
    let failed = |cause| Progress::Failed {
        began: at(0),
        at: at(2),
        cause,
    };
    let stranded = Progress::CannotReturn {
        began: at(0),
        at: at(2),
        why: CannotReturn::NothingBefore.into(),
    };
    let cases = [
        (failed(FailureCause::Bricked), Some(at(5))),
        (stranded, Some(at(5))),
        (failed(FailureCause::SelfTest), None),
        (
            Progress::Returned {
                began: at(0),
                at: at(2),
            },
            None,
        ),
    ];
    for (n, (progress, _)) in cases.iter().enumerate() {
        let fold = |_: &Candidate, _: Progress, _: Known| progress.clone();
        let recorded = store.record(&id(n), None, at(7), &said, &fold).await;
        assert_eq!(recorded.expect("a known device"), 7);
    }
    let enrolled = all_enrolled(store, rollout.id).await;
    for (one, (progress, expected)) in enrolled.iter().zip(cases) {
        assert_eq!((&one.progress, one.confirmed_again), (&progress, expected));
    }
}
