//! Several processes on one file, and a kill at any moment: nothing acknowledged is lost.
//!
//! The other processes are this very test program, started again to run [`child`] alone. A child
//! takes reports of one device for as long as it lives, and prints each number after the store has
//! acknowledged it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_store::devices::TIMELINE_KEPT;
use mainstay_store::{Devices as _, Reports as _, SqliteStore, StoredReport};

/// Where a child finds its database, and the name of its device.
const DATABASE: &str = "MAINSTAY_STORE_TEST_DATABASE";
const DEVICE: &str = "MAINSTAY_STORE_TEST_DEVICE";

/// A child that isn't killed stops here, so that a lost one doesn't run for ever.
const REPORTS_MAX: u32 = TIMELINE_KEPT;

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

/// Not a test of its own: what a child process does. Without its environment it does nothing.
#[tokio::test]
async fn child() {
    let (Ok(path), Ok(name)) = (std::env::var(DATABASE), std::env::var(DEVICE)) else {
        return;
    };
    let store = SqliteStore::open(Path::new(&path))
        .await
        .expect("the parent made it");
    let id = DeviceId::new(name).expect("a safe name");
    let known = acknowledged(&store, &id).await;
    for seq in known + 1..=REPORTS_MAX {
        assert_eq!(report(&store, &id, seq).await, seq);
        println!("ack {seq}");
        std::io::stdout().flush().expect("the parent listens");
    }
}

async fn report(store: &SqliteStore, id: &DeviceId, seq: u32) -> u32 {
    let (at, event) = (Timestamp::UNIX_EPOCH, "{}".to_owned());
    let report = StoredReport {
        seq,
        at,
        event,
        text: format!("said {seq}"),
    };
    let recorded = store
        .record(id, None, at, &[report], &|_, progress, _| progress)
        .await;
    recorded.expect("the database works")
}

async fn acknowledged(store: &SqliteStore, id: &DeviceId) -> u32 {
    let recorded = store.record(id, None, Timestamp::UNIX_EPOCH, &[], &|_, progress, _| {
        progress
    });
    recorded.await.expect("the database works")
}

fn start(path: &Path, name: &str) -> Child {
    let program = std::env::current_exe().expect("this program");
    Command::new(program)
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .env(DEVICE, name)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it can be started")
}

/// Kills a child after `wait`, and returns the last number it had acknowledged by then.
fn kill(mut child: Child, wait: Duration) -> u32 {
    std::thread::sleep(wait);
    child.kill().expect("it is a child of ours");
    let told = BufReader::new(child.stdout.take().expect("piped"));
    let numbers = told
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| number(&line));
    let last = numbers.max().unwrap_or(0);
    child.wait().expect("it is a child of ours");
    last
}

/// Kills a child as soon as it has had something acknowledged, and returns the last number that was.
/// A child that is kept out for longer than the database waits ends by itself, with nothing.
fn kill_once_heard(mut child: Child) -> u32 {
    let told = BufReader::new(child.stdout.take().expect("piped"));
    let mut numbers = told
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| number(&line));
    let first = numbers.next().unwrap_or(0);
    child.kill().expect("it is a child of ours");
    let last = numbers.max().unwrap_or(first);
    child.wait().expect("it is a child of ours");
    last
}

/// The test runner's own words may stand before the first one on a line.
fn number(line: &str) -> Option<u32> {
    line.rsplit_once("ack ")?.1.parse().ok()
}

async fn new_database(path: &Path, names: &[&str]) {
    let store = SqliteStore::create(path).await.expect("a new database");
    for (n, name) in names.iter().enumerate() {
        store
            .register(&device(name), [n as u8; 32])
            .await
            .expect("new");
    }
    store.close().await;
}

/// What the database says of a device after a kill: its newest number, and that all are there.
async fn check(path: &Path, name: &str, told: u32) -> u32 {
    let store = SqliteStore::open(path)
        .await
        .expect("a kill leaves a whole database");
    let id = DeviceId::new(name).expect("a safe name");
    let known = acknowledged(&store, &id).await;
    assert!(
        known >= told,
        "{name}: {told} was acknowledged, and {known} is stored"
    );
    let entries = store.timeline(&id, TIMELINE_KEPT).await.expect("readable");
    let said: Vec<_> = entries
        .into_iter()
        .filter(|entry| entry.event.is_some())
        .collect();
    assert_eq!(
        said.len(),
        known as usize,
        "{name}: a report was lost, or half of one kept"
    );
    store.close().await;
    known
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mainstay.sqlite");
    new_database(&path, &["th-1"]).await;
    let mut known = 0;
    for kill_after in [130, 60, 211, 97, 170, 113] {
        let told = kill(start(&path, "th-1"), Duration::from_millis(kill_after));
        known = check(&path, "th-1", told).await;
    }
    assert!(known > 0, "no child lived long enough to report anything");
}

#[tokio::test]
async fn two_processes_share_one_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mainstay.sqlite");
    new_database(&path, &["th-1", "th-2", "th-3"]).await;
    let children = ["th-1", "th-2"].map(|name| (name, start(&path, name)));
    let own = SqliteStore::open(&path)
        .await
        .expect("others have it open too");
    let id = DeviceId::new("th-3").expect("a safe name");
    for seq in 1..=50 {
        assert_eq!(report(&own, &id, seq).await, seq);
    }
    for (name, child) in children {
        let told = kill_once_heard(child);
        assert!(told > 0, "{name} was kept from the database");
        check(&path, name, told).await;
    }
    check(&path, "th-3", 50).await;
    own.close().await;
}
