//! Roots, revocations, holds and schedules: what the server's word to devices rests on.

use mainstay_access::Duty;
use mainstay_fleet::ReleaseDigest;
use mainstay_release::Hold;
use mainstay_store::{Promise, Store, StoredRevocations, StoredRoot, StoredSchedule};

use super::fixture::{
    FORWARD, NEW, OLD, at, id, person, progress, promised, register, release, started,
};

pub fn root(version: u32) -> StoredRoot {
    StoredRoot {
        version,
        signed: format!("root {version}").into_bytes(),
        at: at(version.into()),
        by: (version > 1).then(|| person("sam", Duty::ReleaseManager).email),
    }
}

pub async fn every_root_is_kept_and_none_replaced(store: &dyn Store) {
    assert_eq!(store.roots().await.expect("readable"), []);
    for version in [1, 2] {
        store.add_root(&root(version)).await.expect("new");
    }
    let other = StoredRoot {
        signed: b"another".to_vec(),
        ..root(2)
    };
    let taken = store.add_root(&other).await.expect_err("there is one");
    assert_eq!(taken.id(), "store.already-exists");
    assert_eq!(store.roots().await.expect("readable"), [root(1), root(2)]);
    assert_eq!(store.root(2).await.expect("readable"), Some(root(2)));
    assert_eq!(store.root(3).await.expect("readable"), None);
}

pub fn revocations(epoch: u32, seq: u64) -> StoredRevocations {
    StoredRevocations {
        epoch,
        seq,
        digest: [seq as u8; 32],
        signed: format!("revocations {epoch} {seq}").into_bytes(),
        at: at(1),
        by: person("kim", Duty::Operations).email,
    }
}

/// A thief's highest number is one like any other, and binds its own epoch only.
pub async fn the_newest_revocations_of_an_epoch_are_found(store: &dyn Store) {
    for (epoch, seq) in [(0, 255), (0, 256), (0, 1), (1, 3), (0, u64::MAX)] {
        let one = revocations(epoch, seq);
        store.add_revocations(&one).await.expect("new");
        let taken = store.add_revocations(&one).await.expect_err("there is one");
        assert_eq!(taken.id(), "store.already-exists");
    }
    for (epoch, newest) in [
        (0, Some(revocations(0, u64::MAX))),
        (1, Some(revocations(1, 3))),
        (2, None),
    ] {
        let found = store.newest_revocations(epoch).await.expect("readable");
        assert_eq!(found, newest, "epoch {epoch}");
    }
}

pub fn hold(digest: u8) -> Hold {
    let release = release(&format!("1.{digest}.0"), digest);
    let kim = person("kim", Duty::Operations);
    Hold::place(&release, &kim, "smoke", 0, at(3)).expect("operations holds")
}

pub async fn a_hold_is_placed_once_and_moves_as_expected(store: &dyn Store) {
    store.add_hold(&hold(2), 0).await.expect("new");
    let again = store.add_hold(&hold(2), 1).await.expect_err("there is one");
    assert_eq!(again.id(), "store.already-exists");
    let miscounted = store.add_hold(&hold(3), 0).await.expect_err("there is one");
    assert_eq!(miscounted.id(), "store.conflict");
    store.add_hold(&hold(3), 1).await.expect("new");
    assert_eq!(store.holds().await.expect("readable"), [hold(3), hold(2)]);
    let kim = person("kim", Duty::Operations);
    let sam = person("sam", Duty::ReleaseManager);
    let asked = hold(2).release(&kim, at(4)).expect("in force");
    store.save_hold(&hold(2), &asked).await.expect("unchanged");
    let stale = store.save_hold(&hold(2), &asked).await;
    assert_eq!(stale.expect_err("it moved on").id(), "store.conflict");
    assert_eq!(
        store.hold(&NEW).await.expect("readable"),
        Some(asked.clone())
    );
    let over = asked.clone().release(&sam, at(5)).expect("two people");
    store.save_hold(&asked, &over).await.expect("unchanged");
    assert_eq!(store.hold(&NEW).await.expect("readable"), None);
    assert_eq!(store.holds().await.expect("readable"), [hold(3)]);
    store
        .add_hold(&hold(2), 1)
        .await
        .expect("the first is over");
}

pub async fn nothing_is_promised_of_a_release_on_hold(store: &dyn Store) {
    let rollout = started(store, 1).await;
    let (device, generation) = (id(0), rollout.generation);
    let promise = || promised(store, (rollout.id, generation), &device, &FORWARD, at(7));
    let held = hold(NEW.0[0]);
    store.add_hold(&held, 0).await.expect("new");
    assert_eq!(promise().await.expect_err("on hold").id(), "store.held");
    assert_eq!(progress(store, &rollout, 0).await.id(), "waiting");
    let kim = person("kim", Duty::Operations);
    let sam = person("sam", Duty::ReleaseManager);
    let asked = held.clone().release(&kim, at(4)).expect("in force");
    store.save_hold(&held, &asked).await.expect("unchanged");
    assert_eq!(
        promise().await.expect_err("still on hold").id(),
        "store.held"
    );
    let over = asked.clone().release(&sam, at(5)).expect("two people");
    store.save_hold(&asked, &over).await.expect("unchanged");
    promise().await.expect("the hold is over");
}

/// Who revokes a release and is answered has stopped every later promise of it, also one that was decided before.
pub async fn nothing_is_promised_on_an_older_standing(store: &dyn Store) {
    let rollout = started(store, 1).await;
    let promise = async |expected_standing| {
        let promise = Promise {
            rollout: rollout.id,
            expected_generation: rollout.generation,
            expected_standing,
            device: &id(0),
            offer: FORWARD,
            at: at(7),
            numbered: false,
        };
        store.promise(&promise).await
    };
    let before = store.standing_generation().await.expect("readable");
    let revoked = store.add_revocations(&revocations(0, 1)).await;
    revoked.expect("new");
    let late = promise(before).await.expect_err("decided before");
    assert_eq!(late.id(), "store.standing-changed");
    assert_eq!(progress(store, &rollout, 0).await.id(), "waiting");
    let now = store.standing_generation().await.expect("readable");
    promise(now).await.expect("decided anew");
}

pub async fn each_change_is_counted(store: &dyn Store) {
    let mut last = store.standing_generation().await.expect("readable");
    let sam = person("sam", Duty::ReleaseManager).email;
    let asked = hold(2)
        .release(&person("kim", Duty::Operations), at(4))
        .expect("in force");
    for change in 0..5 {
        match change {
            0 => store.add_root(&root(1)).await,
            1 => store.add_revocations(&revocations(0, 1)).await,
            2 => store.add_hold(&hold(2), 0).await,
            3 => store.save_hold(&hold(2), &asked).await,
            _ => store.activate_plan("plan", [7; 32], &sam, at(5)).await,
        }
        .expect("new");
        let now = store.standing_generation().await.expect("readable");
        assert!(now > last, "change {change}");
        last = now;
    }
    store.add_root(&root(1)).await.expect_err("there is one");
    assert_eq!(store.standing_generation().await.expect("readable"), last);
}

pub async fn the_newest_schedule_of_a_class_counts(store: &dyn Store) {
    let schedule = |class, signed: &str| StoredSchedule {
        release: NEW,
        class: [class; 16],
        signed: signed.as_bytes().to_vec(),
        at: at(2),
        by: person("kim", Duty::Operations).email,
    };
    for (class, signed) in [(1, "small"), (1, "large"), (2, "other")] {
        let added = store.add_schedule(&schedule(class, signed)).await;
        added.expect("a schedule may be followed by another");
    }
    let found = store.schedule(&NEW, &[1; 16]).await.expect("readable");
    assert_eq!(found, Some(schedule(1, "large")));
    for (release, class) in [(NEW, 3), (OLD, 1)] {
        let found = store.schedule(&release, &[class; 16]).await;
        assert_eq!(found.expect("readable"), None);
    }
}

pub async fn devices_are_found_by_what_they_run(store: &dyn Store) {
    register(store, 2).await;
    let running = store
        .devices_after(None, Some(&OLD), 9)
        .await
        .expect("readable");
    let ids: Vec<_> = running.iter().map(|device| device.id.clone()).collect();
    assert_eq!(ids, [id(0), id(1)]);
    let nobody = ReleaseDigest([9; 32]);
    let found = store.devices_after(None, Some(&nobody), 9).await;
    assert_eq!(found.expect("readable"), []);
}
