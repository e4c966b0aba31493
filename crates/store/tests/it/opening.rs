//! What isn't a database of ours is refused with a clear reason, and left as it was.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_store::{Devices as _, Plans as _, SqliteStore, StoreError};
use sqlx::Connection as _;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn device(name: &str) -> Device {
    Device {
        id: DeviceId::new(name).expect("a safe name"),
        class: "thermo-v2".to_owned(),
        hardware: "B".to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: Timestamp::UNIX_EPOCH,
        last_seen: None,
        running: None,
        attributes: Default::default(),
    }
}

/// A whole database, closed.
async fn database(path: &Path) {
    let store = SqliteStore::create(path).await.expect("a new database");
    store.close().await;
}

async fn opened(path: &Path) -> StoreError {
    let refused = SqliteStore::open(path)
        .await
        .expect_err("it can't be opened");
    let found = SqliteStore::open_or_create(path).await;
    if let StoreError::Missing { .. } = refused {
        return refused;
    }
    assert_eq!(found.expect_err("nor made anew").id(), refused.id());
    refused
}

/// Opens a file with these bytes; it must be refused with `id` and stay as it is.
async fn check(bytes: &[u8], id: &str) {
    let folder = folder();
    let path = folder.path().join("mainstay.sqlite");
    fs::write(&path, bytes).expect("writable");
    let refused = opened(&path).await;
    assert_eq!(refused.id(), id, "{refused}");
    assert!(
        refused.to_string().contains("mainstay.sqlite") || id == "store.damaged",
        "{refused}"
    );
    assert_eq!(fs::read(&path).expect("readable"), bytes, "{id}");
    // SQLite notices damage only after it has laid its empty log beside the file.
    if id != "store.damaged" {
        assert_eq!(names(folder.path()), ["mainstay.sqlite"], "{id}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable");
    let name = |entry: Result<fs::DirEntry, _>| {
        entry
            .expect("readable")
            .file_name()
            .into_string()
            .expect("UTF-8")
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

async fn whole() -> Vec<u8> {
    let folder = folder();
    let path = folder.path().join("whole.sqlite");
    database(&path).await;
    fs::read(path).expect("readable")
}

fn with(mut bytes: Vec<u8>, at: usize, patch: &[u8]) -> Vec<u8> {
    bytes[at..at + patch.len()].copy_from_slice(patch);
    bytes
}

#[tokio::test]
async fn each_defect_has_its_reason() {
    let whole = whole().await;
    let cases = [
        (Vec::new(), "store.not-a-database"),
        (
            b"[plan]\nname = \"a plan, by mistake\"\n".to_vec(),
            "store.not-a-database",
        ),
        (vec![0xa5; 100_000], "store.not-a-database"),
        (whole[..16].to_vec(), "store.not-a-database"),
        (with(whole.clone(), 68, b"GPKG"), "store.foreign"),
        (with(whole.clone(), 60, &[0, 0, 0, 99]), "store.newer"),
        (with(whole.clone(), 60, &[0xff; 4]), "store.newer"),
        (whole[..100].to_vec(), "store.damaged"),
        (with(whole.clone(), 16, &[0xff; 8]), "store.damaged"),
    ];
    for (bytes, id) in cases {
        check(&bytes, id).await;
    }
}

#[tokio::test]
async fn no_file_and_no_folder_are_told_apart_from_a_wrong_one() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), b"a file").expect("writable");
    for (path, id) in [
        (at("none.sqlite"), "store.missing"),
        (folder.path().to_owned(), "store.unreadable"),
        (at("file/mainstay.sqlite"), "store.unreadable"),
    ] {
        let refused = SqliteStore::open(&path)
            .await
            .expect_err("it can't be opened");
        assert_eq!(refused.id(), id, "{refused}");
    }
    let nowhere = SqliteStore::create(&at("none/mainstay.sqlite")).await;
    assert_eq!(
        nowhere.expect_err("no such folder").id(),
        "store.unreadable"
    );
    let taken = SqliteStore::create(&at("file")).await;
    assert_eq!(
        taken.expect_err("there is a file").id(),
        "store.already-exists"
    );
    assert_eq!(fs::read(at("file")).expect("readable"), b"a file");
    assert_eq!(names(folder.path()), ["file"]);
}

#[cfg(unix)]
#[tokio::test]
async fn what_the_system_refuses_to_read_is_told() {
    let folder = folder();
    let path = folder.path().join("mainstay.sqlite");
    std::os::unix::fs::symlink(&path, &path).expect("a link to itself");
    let refused = opened(&path).await;
    assert_eq!(refused.id(), "store.unreadable", "{refused}");
}

#[tokio::test]
async fn a_new_database_appears_alone_and_is_kept() {
    let folder = folder();
    let path = folder.path().join("mainstay.sqlite");
    database(&path).await;
    assert_eq!(names(folder.path()), ["mainstay.sqlite"]);
    let before = fs::read(&path).expect("readable");
    let store = SqliteStore::open_or_create(&path)
        .await
        .expect("it is there");
    store.close().await;
    assert_eq!(fs::read(&path).expect("readable"), before);
}

#[tokio::test]
async fn many_may_make_it_at_once_and_one_does() {
    let folder = folder();
    let path = folder.path().join("mainstay.sqlite");
    let open = || SqliteStore::open_or_create(&path);
    let (a, b, c) = tokio::join!(open(), open(), open());
    for store in [a, b, c] {
        let store = store.expect("opened by all");
        assert_eq!(store.active_plan().await.expect("readable"), None);
        store.close().await;
    }
    assert_eq!(names(folder.path()), ["mainstay.sqlite"]);
}

/// What the devices' own column said before there were contacts stays said, and moves on from there.
#[tokio::test]
async fn contacts_begin_with_what_was_known_before() {
    let folder = folder();
    let path = folder.path().join("mainstay.sqlite");
    let store = SqliteStore::create(&path).await.expect("a new database");
    for (n, name) in ["th-1", "th-2"].into_iter().enumerate() {
        let new = store.register(&device(name), [n as u8; 32]).await;
        new.expect("new");
    }
    store.close().await;
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut database = sqlx::SqliteConnection::connect_with(&file)
        .await
        .expect("it is there");
    // All that the steps from 11 on make goes.
    sqlx::raw_sql(
        "DROP TABLE deliveries; DROP TABLE webhooks; DROP TABLE events; DROP TABLE event_numbers; DROP TABLE idempotency_keys;
          DROP TABLE subjects; DROP TABLE join_codes; DROP TABLE revoked_certificates; DROP TABLE children; DROP TABLE issued_certificates; DROP TABLE welcomes; DROP TABLE contacts;
          DROP INDEX orders_unverified; DROP INDEX orders_in_hand; DROP INDEX orders_installed; UPDATE devices SET last_seen = 5000000 WHERE id = 'th-1'; PRAGMA user_version = 10",
    )
    .execute(&mut database)
    .await
    .expect("good statements");
    database.close().await.expect("nothing is against it");
    let store = SqliteStore::open(&path).await.expect("ours");
    let seen = async || {
        let devices = store.devices(None).await.expect("readable");
        let seen = devices.into_iter().map(|device| device.last_seen);
        seen.map(|at| at.map(Timestamp::as_second))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen().await, [Some(5), None]);
    let at = Timestamp::from_second(7).expect("a small number");
    let heard = [(device("th-1").id, at), (device("th-2").id, at)];
    store.touch(&heard).await.expect("writable");
    assert_eq!(seen().await, [Some(7), Some(7)]);
    store.close().await;
}
