//! A server is kept while it serves, and set back: what goes on, and what must not.

mod hostile;

use std::fs;
use std::path::{Path, PathBuf};

use mainstay_access::Role;
use mainstay_protocol::Event;
use mainstay_server::backup::{self, BackupError, Made};
use mainstay_server::issuing::USES;
use mainstay_server::settings::{HomePlaces, StorePlace};
use mainstay_server::{AppConfig, DataDir};
use mainstay_store::PostgresAddress;
use mainstay_store::whole::{self, StoreAt};
use reqwest::StatusCode;
use tempfile::TempDir;

use crate::door::browser::{Browser, link, signed_in};
use crate::house::{House, passphrase};
use crate::pauses::{fetches, promised, view};
use crate::serving::{listen, open_as};

async fn made(house: &House, to: &Path) -> Result<Made, BackupError> {
    backup::make(&house.data, to, house.app.now(), &mut |_| {}).await
}

/// Another folder, and where things will be in it.
fn elsewhere() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (backup, data) = (folder.path().join("backup"), folder.path().join("data"));
    (folder, backup, data)
}

/// From now on the house's server is the one that was restored to this folder.
async fn moves_into(house: &mut House, data: &DataDir) {
    house.app = open_as(data, &house.clock, AppConfig::default()).await;
    house.base = listen(house.app.clone()).await;
}

/// Who heard of the halt that the restored server knows nothing of hears of the pause, too: its number is none that they know.
async fn tells_of_its_pause(house: &House, newest: i64) {
    let path = format!("/api/v1/events?after={newest}");
    let told: mainstay_api::EventPage = house.get(&path, &house.tokens.engineer).await;
    let kinds: Vec<_> = told.events.iter().map(|one| &*one.happened.kind).collect();
    assert_eq!(kinds, ["rollout.paused"]);
    assert_eq!(told.events[0].happened.by, None, "no person did it");
}

#[tokio::test]
async fn a_server_that_was_set_back_goes_on_with_nothing_by_itself() {
    let (mut house, mut gadgets, new, rollout) = promised().await;
    let mut vi = signed_in(&house, 501, "vi@northwind.example", Role::Viewer).await;
    let link = link(&house.app, 502, "ole@northwind.example", Role::Viewer).await;
    assert_eq!(vi.get("/devices").await.status, StatusCode::OK);
    let opened = Browser::at(&house.base).get(&link).await;
    assert_eq!(opened.status, StatusCode::OK);
    let (_folder, backup, data) = elsewhere();
    // One has begun, and gets its bytes; the other was only promised the release.
    let manifest = new.manifest;
    let begins = [gadgets[4].report(Event::DownloadStarted { manifest })];
    assert_eq!(gadgets[4].send(&house, &begins).await, 1);
    let got = fetches(&house, &gadgets[4], &new).await;
    assert_eq!(got, StatusCode::PARTIAL_CONTENT);
    let made = made(&house, &backup).await.unwrap();
    assert_eq!(made.payloads, 1);

    // What the restored server won't know: the release was halted.
    house.later(5);
    let halt = format!("/api/v1/{rollout}/halt");
    let why = br#"{"why":"smoke"}"#.to_vec();
    let halted = house.post(&halt, &house.tokens.operations, why).await;
    assert_eq!(halted.status(), StatusCode::OK);
    house.later(60);

    let now = house.app.now();
    let newest = house.app.store().newest_event().await.unwrap();
    let restored = backup::restore(&backup, &data, now, &mut |_| {}).await;
    let aftermath = restored.unwrap().aftermath;
    assert_eq!(aftermath.paused.len(), 1);
    let ended = aftermath.ended;
    assert_eq!((ended.sessions, ended.setup_links), (1, 1));
    let data = DataDir::at(data);
    let mark = data.restored().unwrap();
    assert!(mark.contains("2026-12-01T12:01:00Z"), "{mark}");
    moves_into(&mut house, &data).await;

    tells_of_its_pause(&house, newest).await;
    let stands = view(&house, &rollout).await;
    assert_eq!(stands.phase, "rolling", "of the halt it knows nothing");
    let because = stands.paused_because.unwrap();
    let words = "restored from a backup of 2026-12-01T12:01:00Z";
    assert!(
        because.starts_with(backup::PAUSED_BY) && because.contains(words),
        "{because}"
    );
    for gadget in &mut gadgets {
        let told = gadget.check_in(&house, &[]).await;
        assert_eq!(told.install, None, "{}", gadget.id);
        let got = fetches(&house, gadget, &new).await;
        assert_eq!(got, StatusCode::NOT_FOUND, "{}", gadget.id);
    }
    vi.base.clone_from(&house.base);
    assert_eq!(vi.get("/devices").await.status, StatusCode::SEE_OTHER);
    let opened = Browser::at(&house.base).get(&link).await;
    assert_ne!(opened.status, StatusCode::OK, "{}", opened.html);
    // A person decides, and it goes on.
    let resume = format!("/api/v1/{rollout}/resume");
    let resumed = house.post(&resume, &house.tokens.operations, Vec::new());
    assert_eq!(resumed.await.status(), StatusCode::OK);
    house.later(1);
    assert!(gadgets[5].check_in(&house, &[]).await.install.is_some());
}

/// Whoever looks at it finds the same fleet; and it can be kept again.
#[tokio::test]
async fn what_is_restored_is_what_was_kept() {
    let (house, _gadgets, _new, _rollout) = promised().await;
    let (folder, backup, data) = elsewhere();
    let made = made(&house, &backup).await.unwrap();
    let checked = backup::check(&backup, &mut |_| {}).await.unwrap();
    assert_eq!((checked.files, checked.bytes), (made.files, made.bytes));
    let now = house.app.now();
    let restored = backup::restore(&backup, &data, now, &mut |_| {}).await;
    assert_eq!(restored.unwrap().backup, checked);
    let sums = async |folder: &DataDir| {
        let at = StoreAt::File(folder.database());
        whole::sums(&at, &mut |_| {}).await.unwrap()
    };
    let (before, after) = (sums(&house.data).await, sums(&DataDir::at(&data)).await);
    let differ = before
        .iter()
        .zip(&after)
        .filter(|(one, other)| one != other);
    let differ: Vec<_> = differ.map(|(one, _)| one.table).collect();
    let passed_over = [
        "rollout_numbers",
        "rollouts",
        "event_numbers",
        "events",
        "order_numbers",
    ];
    assert_eq!(differ, passed_over);
    let again = folder.path().join("again");
    let server = DataDir::at(&data);
    backup::make(&server, &again, now, &mut |_| {})
        .await
        .unwrap();
    backup::check(&again, &mut |_| {}).await.unwrap();
    for name in ["lock", "moved", "restored", "mainstay.sqlite-wal"] {
        assert!(!again.join(name).exists(), "{name}");
    }
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 3, "nothing is left beside them");
}

/// The record of each opening of the key that gives certificates comes along, with what was written to it meanwhile.
#[tokio::test]
async fn the_record_of_the_issuers_key_is_kept() {
    let (house, ..) = promised().await;
    let (_folder, backup, data) = elsewhere();
    let record = house.data.path().join(USES);
    fs::write(&record, "opened\n").unwrap();
    let mut watch = |_: whole::Progress| fs::write(&record, "opened\nanew\n").unwrap();
    let now = house.app.now();
    let made = backup::make(&house.data, &backup, now, &mut watch).await;
    made.unwrap();
    let restored = backup::restore(&backup, &data, now, &mut |_| {}).await;
    restored.unwrap();
    let kept = fs::read_to_string(data.join(USES)).unwrap();
    assert_eq!(kept, "opened\nanew\n");
}

/// Nothing that a restore would take is left of what failed.
#[tokio::test]
async fn what_can_not_be_kept_whole_is_not_kept() {
    let (house, _gadgets, new, _rollout) = promised().await;
    let (folder, to, _) = elsewhere();
    let refused = async |id: &str| {
        let refused = made(&house, &to).await.unwrap_err();
        assert_eq!(refused.id(), id, "{refused}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{id}");
    };
    let digest = new.image_digest.to_string();
    let payload = house.data.blobs().join(&digest[..2]).join(&digest);
    let whole = fs::read(&payload).unwrap();
    for damaged in [&whole[1..], &vec![0; whole.len()][..], &[]] {
        fs::write(&payload, damaged).unwrap();
        refused("backup.payload").await;
    }
    fs::remove_file(&payload).unwrap();
    refused("backup.payload").await;
    fs::write(&payload, &whole).unwrap();

    house.data.mark_moved("postgres://db/mainstay").unwrap();
    refused("data.moved").await;
    house.data.unmark_moved().unwrap();

    // In the midst of it a new key is laid beside the old one.
    let next = house.data.path().join("status-key.next");
    let mut watch = |_: whole::Progress| fs::write(&next, b"another").unwrap();
    let changed = backup::make(&house.data, &to, house.app.now(), &mut watch).await;
    assert_eq!(changed.unwrap_err().id(), "backup.changed");
    fs::remove_file(&next).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    fs::create_dir(&to).unwrap();
    let exists = made(&house, &to).await.unwrap_err();
    assert_eq!(exists.id(), "backup.exists", "not even an empty one");
    fs::remove_dir(&to).unwrap();
    made(&house, &to).await.unwrap();
}

/// Statuses are numbered by the clock: a clock from before the backup would be refused by every device.
#[tokio::test]
async fn nothing_is_restored_before_it_was_kept_or_over_something() {
    let (house, ..) = promised().await;
    let (_folder, backup, data) = elsewhere();
    made(&house, &backup).await.unwrap();
    let now = house.app.now();
    let early = now - jiff::SignedDuration::from_secs(1);
    let refused = backup::restore(&backup, &data, early, &mut |_| {}).await;
    assert_eq!(refused.unwrap_err().id(), "backup.clock");
    assert!(!data.exists());
    fs::create_dir(&data).unwrap();
    fs::write(data.join("mine"), b"").unwrap();
    let refused = backup::restore(&backup, &data, now, &mut |_| {}).await;
    assert_eq!(refused.unwrap_err().id(), "backup.exists");
    fs::remove_file(data.join("mine")).unwrap();
    backup::restore(&backup, &data, now, &mut |_| {})
        .await
        .unwrap();
    // What was paused and ended is in the folder's database, not in one that the settings still name.
    let address = PostgresAddress::parse("postgres://kim@127.0.0.1:1/mainstay").unwrap();
    let homes = HomePlaces {
        store: StorePlace::Postgres(address),
        ..HomePlaces::default()
    };
    let server = DataDir::at(&data).with_homes(homes);
    let id = async || server.open(&passphrase()).await.err().unwrap().id();
    assert_eq!(id().await, "data.restored-here");
    server
        .mark_moved("postgres://kim@127.0.0.1:1/mainstay")
        .unwrap();
    assert_eq!(id().await, "store.unreachable", "it was copied on");
}
