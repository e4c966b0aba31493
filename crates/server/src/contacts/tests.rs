//! What is heard, and what of it is still to be written.

use std::time::Duration;

use mainstay_store::SqliteStore;
use tempfile::TempDir;
use tokio::time::timeout;

use super::pace::BATCH_MIN;
use super::*;

fn id(number: usize) -> DeviceId {
    DeviceId::new(format!("th-{number:04}")).expect("a safe name")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number")
}

fn hear(contacts: &Contacts, number: usize, second: i64) {
    contacts.hear(&contacts.with(&id(number)), at(second));
}

/// The devices in the list, without those that are being written.
fn listed(contacts: &Contacts) -> Vec<DeviceId> {
    let list = lock(&contacts.unwritten);
    list.iter().map(|one| one.device().clone()).collect()
}

async fn store() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = SqliteStore::create(&folder.path().join("contacts.sqlite")).await;
    (store.expect("a new database"), folder)
}

#[tokio::test]
async fn a_device_is_listed_once_until_it_is_written() {
    let (store, _folder) = store().await;
    let contacts = Contacts::default();
    contacts.with(&id(1));
    assert!(listed(&contacts).is_empty(), "nothing was heard");
    for (number, second) in [(1, 1), (2, 1), (1, 2)] {
        hear(&contacts, number, second);
    }
    assert_eq!(listed(&contacts), [id(1), id(2)]);
    contacts.write(&store).await.expect("writable");
    assert!(listed(&contacts).is_empty());
    assert_eq!(
        contacts.heard(&id(1)),
        Some(at(2)),
        "and known all the same"
    );
    assert_eq!(contacts.heard(&id(3)), None);
    hear(&contacts, 1, 3);
    assert_eq!(listed(&contacts), [id(1)]);
}

#[test]
fn what_is_heard_while_an_older_instant_is_written_is_still_to_be_written() {
    let contacts = Contacts::default();
    hear(&contacts, 1, 1);
    let contact = lock(&contacts.unwritten).pop().expect("it was heard of");
    assert_eq!(contact.row(), Some((id(1), at(1))));
    hear(&contacts, 1, 2);
    assert_eq!(listed(&contacts), [id(1)]);
}

/// Whether many or few: who leaves, and a store that is away, lose nothing.
#[tokio::test]
async fn what_a_store_could_not_write_is_written_the_next_time() {
    for size in [3, FEW + 1] {
        let (store, _folder) = store().await;
        let contacts = Contacts::default();
        (0..size)
            .rev()
            .for_each(|number| hear(&contacts, number, 1));
        store.close().await;
        let refused = contacts.write(&store).await;
        refused.expect_err("it is closed");
        let left = timeout(Duration::from_secs(5), contacts.being_written.lock());
        let left = left.await.expect("nobody holds it any more");
        let names = |left: &List| {
            left.iter()
                .map(|one| one.device().clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(&left),
            (0..size).map(id).collect::<Vec<_>>(),
            "in order"
        );
        drop(left);
        // Heard of again, and not written again: nobody stands in the list twice.
        (0..size).for_each(|number| hear(&contacts, number, 2));
        contacts.write(&store).await.expect_err("it still is");
        let left = contacts.being_written.lock().await;
        assert_eq!(names(&left), (0..size).map(id).collect::<Vec<_>>(), "once");
    }
}

/// Nobody waits: a breath is taken between batches. Somebody waits beside it: nothing is left to write, and nobody waits any more.
#[tokio::test]
async fn what_nobody_waits_for_is_written_a_little_at_a_time() {
    let size = 3 * BATCH_MIN;
    let (store, _folder) = store().await;
    let contacts = Contacts::default();
    (0..size).for_each(|number| hear(&contacts, number, 1));
    let before = store.writes();
    contacts.write_gently(&store).await.expect("writable");
    assert_eq!(store.writes() - before, 3, "a transaction for each batch");
    (0..size).for_each(|number| hear(&contacts, number, 2));
    let (gently, waited) = tokio::join!(contacts.write_gently(&store), contacts.write(&store));
    gently.expect("writable");
    waited.expect("writable");
    assert!(contacts.being_written.lock().await.is_empty() && listed(&contacts).is_empty());
    assert_eq!(contacts.waiting.load(Ordering::Relaxed), 0);
}
