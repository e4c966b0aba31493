//! Registered devices.

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_rollout::Rollout;
use mainstay_store::{Devices, Place, Store};

use super::fixture::{
    CLASS, NEW, at, device, id, kinds, register, registration, start_another, started, token,
};

pub async fn a_device_is_found_by_name_and_token(store: &dyn Store) {
    let mut unheard = device(1);
    unheard.running = None;
    store.register(&device(0), token(0)).await.expect("new");
    store.register(&unheard, token(1)).await.expect("new");
    assert_eq!(
        store.device(&id(0)).await.expect("readable"),
        Some(device(0))
    );
    assert_eq!(store.device(&id(1)).await.expect("readable"), Some(unheard));
    assert_eq!(store.device(&id(2)).await.expect("readable"), None);
    let found = Devices::by_token_hash(store, &token(0))
        .await
        .expect("readable");
    assert_eq!(found, Some(device(0)));
    assert_eq!(
        Devices::by_token_hash(store, &token(2))
            .await
            .expect("readable"),
        None
    );
    assert_eq!(kinds(store, 0).await, ["registered"]);
}

pub async fn a_taken_name_or_token_registers_nobody(store: &dyn Store) {
    register(store, 1).await;
    for taken in [(device(0), token(8)), (device(8), token(0))] {
        let wanted = [
            registration(device(7), token(7)),
            registration(taken.0, taken.1),
        ];
        let error = store
            .register_many(&wanted)
            .await
            .expect_err("one is taken");
        assert_eq!(error.id(), "store.already-exists");
        assert_eq!(
            store.device(&id(7)).await.expect("readable"),
            None,
            "all or none"
        );
    }
}

pub async fn devices_are_listed_in_their_order_and_by_class(store: &dyn Store) {
    register(store, 3).await;
    let mut other = device(9);
    other.class = "lamp-v1".to_owned();
    store.register(&other, token(9)).await.expect("new");
    let listed = |devices: Vec<mainstay_fleet::Device>| -> Vec<_> {
        devices.into_iter().map(|device| device.id).collect()
    };
    let all = listed(store.devices(None).await.expect("readable"));
    assert_eq!(all, [id(0), id(1), id(2), id(9)]);
    let lamps = listed(store.devices(Some("lamp-v1")).await.expect("readable"));
    assert_eq!(lamps, [id(9)]);
}

/// Whatever is registered in the middle of a walk, before the place where it is or behind it.
pub async fn a_walk_by_name_has_each_device_once_while_others_come(store: &dyn Store) {
    let nobody = store.devices_after(None, None, 10).await;
    assert_eq!(nobody.expect("readable"), []);
    // In another order than that of their names.
    for n in [8, 2, 6, 4] {
        store.register(&device(n), token(n)).await.expect("new");
    }
    let (mut walked, mut after) = (Vec::new(), None);
    for others in [&[1, 5][..], &[3, 7], &[9], &[]] {
        let page = store.devices_after(after.as_ref(), None, 2).await;
        let page = page.expect("readable");
        assert!(page.len() <= 2);
        after = page.last().map(|device| device.id.clone()).or(after);
        walked.extend(page.into_iter().map(|device| device.id));
        for n in others {
            store.register(&device(*n), token(*n)).await.expect("new");
        }
    }
    // 1 and 3 came where the walk had been; 5, 7 and 9 where it was still to come.
    assert_eq!(walked, [2, 4, 5, 6, 7, 8, 9].map(id));
    let end = store.devices_after(Some(&id(9)), None, 2).await;
    assert_eq!(end.expect("readable"), []);
}

/// Also one that nobody has reached, and one that there isn't.
pub async fn a_page_has_the_devices_behind_those_before_it(store: &dyn Store) {
    // In another order than that of their names.
    for n in [4, 1, 3, 2, 0] {
        store.register(&device(n), token(n)).await.expect("new");
    }
    for (passed, most, expected) in [
        (0, 2, &[0, 1][..]),
        (2, 2, &[2, 3]),
        (4, 2, &[4]),
        (5, 2, &[]),
        (u32::MAX, u32::MAX, &[]),
        (0, 9, &[0, 1, 2, 3, 4]),
    ] {
        let page = store.devices_from(passed, most).await.expect("readable");
        let page: Vec<_> = page.into_iter().map(|device| device.id).collect();
        let expected: Vec<_> = expected.iter().copied().map(id).collect();
        assert_eq!(page, expected, "{passed} {most}");
    }
}

/// Those of other classes lie between them, and who comes meanwhile comes last.
pub async fn a_class_is_walked_in_the_order_of_registration(store: &dyn Store) {
    let walked = async |class: &str, after: Option<DeviceId>| {
        let page = store.class_after(class, after.as_ref(), 3).await;
        let page = page.expect("readable").into_iter();
        page.map(|device| device.id).collect::<Vec<_>>()
    };
    assert_eq!(walked(CLASS, None).await, []);
    let mut lamp = device(3);
    lamp.class = "lamp-v1".to_owned();
    // In another order than that of their names.
    let all = [device(8), device(2), lamp, device(6), device(4)];
    for (n, new) in all.iter().enumerate() {
        store.register(new, token(n)).await.expect("new");
    }
    assert_eq!(walked(CLASS, None).await, [8, 2, 6].map(id));
    store.register(&device(1), token(9)).await.expect("new");
    assert_eq!(walked(CLASS, Some(id(6))).await, [4, 1].map(id));
    assert_eq!(walked(CLASS, Some(id(1))).await, []);
    assert_eq!(walked("lamp-v1", None).await, [id(3)]);
}

pub async fn those_that_run_a_release_are_walked_by_name(store: &dyn Store) {
    for n in [3, 1, 2, 4] {
        let mut device = device(n);
        if n == 2 {
            device.running = None;
        }
        store.register(&device, token(n)).await.expect("new");
    }
    let release = device(1).running.expect("it runs something").release;
    let page = async |after: Option<&DeviceId>, release| {
        let page = store.devices_after(after, Some(&release), 2).await;
        let page = page.expect("readable").into_iter();
        page.map(|device| device.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, release).await, [id(1), id(3)]);
    assert_eq!(page(Some(&id(3)), release).await, [id(4)]);
    assert_eq!(page(None, ReleaseDigest([0x77; 32])).await, []);
}

pub async fn devices_are_counted_by_class_and_no_further_than_asked(store: &dyn Store) {
    assert_eq!(store.count_devices(None, 9).await.expect("readable"), 0);
    register(store, 3).await;
    let class = device(0).class;
    for (class, most, count) in [
        (None, 9, 3),
        (None, 1, 1),
        (None, u32::MAX, 3),
        (Some(class.as_str()), 9, 3),
        (Some(class.as_str()), 2, 2),
        (Some("other-v1"), 9, 0),
    ] {
        let counted = store.count_devices(class, most).await.expect("readable");
        assert_eq!(counted, count, "{class:?}, {most}");
    }
}

pub async fn devices_are_counted_by_what_they_are_verified_to_run(store: &dyn Store) {
    let runs = |n: usize, version: &str, verified: bool| {
        let mut device = device(n);
        let running = device.running.as_mut().expect("it runs something");
        running.version = version.to_owned();
        running.verified = verified;
        (device, token(n))
    };
    let mut unheard = device(4);
    unheard.running = None;
    let mut lamp = device(5);
    lamp.class = "lamp-v1".to_owned();
    let all = [
        runs(0, "1.4.0", true),
        runs(1, "2.0.0", true),
        runs(2, "1.4.0", true),
        runs(3, "2.0.0", false),
        (unheard, token(4)),
        (lamp, token(5)),
    ];
    let all = all.map(|(device, token)| registration(device, token));
    store.register_many(&all).await.expect("all are new");
    let counted = store.class_versions(CLASS).await.expect("readable");
    assert_eq!((counted.class.as_str(), counted.devices), (CLASS, 5));
    let expected = [("1.4.0".to_owned(), 2), ("2.0.0".to_owned(), 1)];
    assert_eq!(counted.verified, expected);
    let nobody = store.class_versions("gate-v1").await.expect("readable");
    assert_eq!((nobody.devices, nobody.verified), (0, Vec::new()));
}

pub async fn a_device_is_declared_anew_and_its_timeline_says_how(store: &dyn Store) {
    register(store, 1).await;
    let rollout = start_another(store, NEW, 1).await;
    let (before, mut after) = (device(0), device(0));
    after.hardware = "C".to_owned();
    after.zone = "America/Phoenix".to_owned();
    after.bootloader = "1.5.0".to_owned();
    after
        .attributes
        .insert("site".to_owned(), "lab-9".to_owned());
    // What devices say themselves isn't declared.
    let silent = mainstay_fleet::Device {
        running: None,
        ..after.clone()
    };
    store.restate(&before, &silent, at(3)).await.expect("known");
    let found = store.device(&id(0)).await.expect("readable");
    assert_eq!(found, Some(after.clone()));
    assert_eq!(
        kinds(store, 0).await,
        ["restated", "enrolled", "registered"]
    );
    let told = store.timeline(&id(0), 1).await.expect("readable").remove(0);
    assert_eq!(
        (told.text.as_str(), told.at),
        (
            "was declared anew: hardware from B to C, zone from America/Denver to America/Phoenix, \
             boot loader from 1.4.0 to 1.5.0, site from lab-0 to lab-9",
            at(3)
        )
    );
    let view = store.enrolment(rollout.id, &id(0)).await.expect("readable");
    let view = view.expect("it stays enrolled");
    assert_eq!((view.wave, view.progress.id()), (0, "waiting"));
    assert_eq!(
        (view.hardware.as_str(), view.zone.as_str()),
        ("C", "America/Phoenix")
    );
}

pub async fn what_was_declared_anew_meanwhile_is_not_overwritten(store: &dyn Store) {
    register(store, 1).await;
    let mut moved = device(0);
    moved.zone = "America/Phoenix".to_owned();
    store
        .restate(&device(0), &moved, at(1))
        .await
        .expect("known");
    let mut renewed = device(0);
    renewed.bootloader = "1.5.0".to_owned();
    let stale = store.restate(&device(0), &renewed, at(2)).await;
    assert_eq!(stale.expect_err("it moved").id(), "store.conflict");
    let unknown = store.restate(&device(7), &device(7), at(2)).await;
    assert_eq!(unknown.expect_err("nobody").id(), "store.not-found");
    let found = store.device(&id(0)).await.expect("readable");
    assert_eq!(found, Some(moved));
    assert_eq!(kinds(store, 0).await, ["restated", "registered"]);
}

async fn last_seen(store: &dyn Store, n: usize) -> Option<Timestamp> {
    let device = store.device(&id(n)).await.expect("readable");
    device.expect("registered").last_seen
}

pub async fn touching_moves_last_seen_forward_only(store: &dyn Store) {
    register(store, 2).await;
    let heard = [
        (id(0), at(5)),
        (id(1), at(5)),
        (id(77), at(5)),
        (id(1), at(4)),
    ];
    store
        .touch(&heard)
        .await
        .expect("an unknown device is no failure");
    store
        .touch(&[(id(0), at(3)), (id(1), at(6))])
        .await
        .expect("writable");
    assert_eq!(last_seen(store, 0).await, Some(at(5)));
    assert_eq!(last_seen(store, 1).await, Some(at(6)));
}

/// Wherever the first device is read, it was last seen then.
async fn all_say(store: &dyn Store, rollout: &Rollout, minute: i64) {
    let expected = Some(at(minute));
    assert_eq!(last_seen(store, 0).await, expected);
    let by_token = Devices::by_token_hash(store, &token(0)).await;
    let by_token = by_token.expect("readable");
    assert_eq!(by_token.expect("registered").last_seen, expected);
    let listed = store.devices_after(None, None, 1).await.expect("readable");
    assert_eq!(listed[0].last_seen, expected);
    let walked = store.device_page(Place::default()).await.expect("readable");
    assert_eq!(walked.items[0].last_seen, expected);
    let walked = store.enrolled_page(rollout.id, Place::default()).await;
    assert_eq!(
        walked.expect("readable").items[0].device.last_seen,
        expected
    );
    let view = store.fleet_view(rollout.id).await.expect("readable");
    assert_eq!(view.devices[0].last_seen(), expected);
}

pub async fn last_seen_is_the_newer_of_its_report_and_its_poll(store: &dyn Store) {
    let rollout = started(store, 2).await;
    let report = async |minute| {
        let heard = store
            .record(&id(0), None, at(minute), &[], &|_, progress, _| progress)
            .await;
        heard.expect("a known device");
    };
    let poll = async |minute| {
        let heard = store.touch(&[(id(0), at(minute))]).await;
        heard.expect("writable");
    };
    report(6).await;
    all_say(store, &rollout, 6).await;
    poll(5).await;
    all_say(store, &rollout, 6).await;
    poll(8).await;
    all_say(store, &rollout, 8).await;
    report(7).await;
    all_say(store, &rollout, 8).await;
    report(9).await;
    all_say(store, &rollout, 9).await;
    assert_eq!(last_seen(store, 1).await, device(1).last_seen);
}

pub async fn ten_thousand_are_touched_at_once(store: &dyn Store) {
    register(store, 10_000).await;
    let heard: Vec<_> = (0..10_000).rev().map(|n| (id(n), at(1))).collect();
    store.touch(&heard).await.expect("writable");
    let devices = store.devices(None).await.expect("readable");
    assert_eq!(
        devices
            .iter()
            .filter(|device| device.last_seen == Some(at(1)))
            .count(),
        10_000
    );
}
