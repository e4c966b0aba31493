//! A disk that is full, and a database that is no longer where it was: told as what it is, nothing acknowledged lost, and
//! over by itself.

use std::fs;

use mainstay_access::{Duty, Email, Person};
use mainstay_store::{Blobs as _, FolderBlobs, People as _, Probe as _, Roots as _, SqliteStore};
use tempfile::TempDir;

async fn store() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = SqliteStore::create(&folder.path().join("mainstay.sqlite")).await;
    (store.expect("a new database"), folder)
}

/// Lets people in until that fails, or until `most` are; who was let in, and with what it failed.
async fn fill(store: &SqliteStore, most: u16) -> (u16, Option<&'static str>) {
    for number in 0..most {
        if let Err(error) = add(store, number).await {
            return (number, Some(error.id()));
        }
    }
    (most, None)
}

async fn add(store: &SqliteStore, number: u16) -> Result<(), mainstay_store::StoreError> {
    let person = Person {
        email: Email::new(&format!("{number}@northwind.example")).expect("an address"),
        duty: Duty::Engineer,
    };
    let mut hash = [0; 32];
    hash[..2].copy_from_slice(&number.to_be_bytes());
    store.add_person(&person, hash).await
}

#[tokio::test]
async fn a_try_keeps_nothing_and_may_be_repeated() {
    let (store, _folder) = store().await;
    for _ in 0..3 {
        store.probe().await.expect("writable");
    }
    assert_eq!(store.roots().await.expect("readable").len(), 0);
}

#[tokio::test]
async fn a_full_file_is_told_loses_nothing_and_goes_on_by_itself() {
    let (store, _folder) = store().await;
    store.grow_to_at_most(1).await.expect("a limit");
    assert_eq!(store.probe().await.expect_err("full").id(), "store.full");
    let (kept, failed) = fill(&store, 10_000).await;
    assert_eq!(failed, Some("store.full"));
    assert_eq!(store.probe().await.expect_err("full").id(), "store.full");
    let people = store.people().await.expect("readable");
    assert_eq!(
        people.len(),
        usize::from(kept),
        "what was acknowledged is there"
    );
    store.grow_to_at_most(u32::MAX).await.expect("no limit");
    store.probe().await.expect("there is room");
    add(&store, kept).await.expect("there is room");
}

#[tokio::test]
async fn nothing_is_written_to_a_file_that_was_taken_away() {
    let (store, folder) = store().await;
    let (path, away) = (
        folder.path().join("mainstay.sqlite"),
        folder.path().join("away"),
    );
    add(&store, 0).await.expect("writable");
    fs::rename(&path, &away).expect("an own folder");
    for error in [store.probe().await, add(&store, 1).await] {
        let error = error.expect_err("nobody would find it");
        assert_eq!(error.id(), "store.moved");
        assert!(error.is_passing());
    }
    fs::write(&path, b"something else").expect("an own folder");
    let error = add(&store, 1).await.expect_err("another file");
    assert_eq!(error.id(), "store.moved");
    fs::rename(&away, &path).expect("an own folder");
    store.probe().await.expect("it is back");
    add(&store, 1).await.expect("it is back");
    assert_eq!(store.people().await.expect("readable").len(), 2);
}

#[tokio::test]
async fn a_folder_of_blobs_that_takes_no_writes_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, away) = (folder.path().join("blobs"), folder.path().join("away"));
    let blobs = FolderBlobs::open(&path).await.expect("a folder");
    blobs.probe().await.expect("writable");
    assert_eq!(fs::read_dir(&path).expect("a folder").count(), 0);
    fs::rename(&path, &away).expect("an own folder");
    let error = blobs.probe().await.expect_err("no folder");
    assert_eq!(error.id(), "store.unreadable");
    fs::rename(&away, &path).expect("an own folder");
    blobs.probe().await.expect("it is back");
}

/// Each write to it fails as on a full disk (Linux, full(4)).
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_payload_that_finds_no_room_is_called_by_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let blobs = FolderBlobs::open(folder.path()).await.expect("a folder");
    std::os::unix::fs::symlink("/dev/full", folder.path().join("probe")).expect("a link");
    assert_eq!(blobs.probe().await.expect_err("full").id(), "store.full");
}
