//! Disks that are full or can't be written to: what was kept runs on, the server hears why nothing was installed, and once
//! there is room an update succeeds.

use crate::bench::tree;
use crate::field::Field;
use crate::small_disk::SmallDisk;

const MIB: usize = 1 << 20;

/// There is room again: a person installs the next release, and it is kept.
async fn succeeds(field: &Field) {
    let (code, said) = field.install(&field.bundle("1.2.0", 3, tree("1.2.0", 100)));
    assert_eq!(code, 0, "{said}");
    let _agent = field.bench.run();
    field.bench.wait_for_update("1.2.0");
}

/// A device with one of its folders on a small disk.
async fn with(folder: &str, kib: u32) -> (Field, SmallDisk) {
    let field = Field::bare("").await;
    let disk = SmallDisk::at(&field.bench, folder, kib);
    field.provision();
    (field, disk)
}

/// What is offered now isn't installed for this reason, and the server is told at once: nothing may be left to remember
/// it by.
async fn fails(field: &Field, outcome: &str) {
    let agent = field.bench.run();
    let status = field.bench.wait_until(outcome, |status| {
        status.outcome.as_deref() == Some(outcome) && status.unsent_reports == 0
    });
    assert_eq!(status.fault.unwrap().id, format!("agent.{outcome}"));
    assert_eq!(field.bench.say(&["status"]).0, 1, "{outcome}");
    assert_eq!(field.bench.version(), "1.0.0", "{outcome}");
    let told = format!("couldn't install 1.1.0 ({outcome})");
    field.assert_told(&told).await;
    drop(agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_room_for_the_image() {
    let (field, disk) = with("app", 8 * 1024).await;
    field.offer(MIB).await;
    disk.fill_but(512);
    fails(&field, "storage-full").await;
    drop(field.bench.boots("1.0.0"));
    disk.make_room();
    succeeds(&field).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn room_for_the_image_and_not_for_what_is_in_it() {
    let (field, disk) = with("app", 8 * 1024).await;
    field.offer(MIB).await;
    disk.fill_but(1536);
    fails(&field, "storage-full").await;
    let log = field.bench.log();
    assert!(log.contains("can't unpack"), "{log}");
    drop(field.bench.boots("1.0.0"));
    disk.make_room();
    succeeds(&field).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_room_for_the_record() {
    let (field, disk) = with("state", 256).await;
    field.offer(1000).await;
    disk.fill_but(0);
    fails(&field, "storage-full").await;
    drop(field.bench.boots("1.0.0"));
    disk.make_room();
    succeeds(&field).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_whose_boots_cant_be_counted_waits_and_the_confirmed_one_runs() {
    let (field, disk) = with("state", 256).await;
    let (code, said) = field.install(&field.bundle("1.2.0", 3, tree("1.2.0", 100)));
    assert_eq!(code, 0, "{said}");
    disk.fill_but(0);
    let agent = field.bench.run();
    let status = field.bench.wait_until("the start", |status| {
        status.outcome.as_deref() == Some("storage-full") && status.unsent_reports == 0
    });
    assert_eq!(
        (status.boot.as_str(), field.bench.version().as_str()),
        ("last-resort", "1.0.0")
    );
    field.assert_told("(storage-full)").await;
    disk.make_room();
    // It finds out by itself.
    field.bench.wait_for_update("1.2.0");
    drop(agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_cant_be_unpacked_for_want_of_room_waits() {
    let (field, disk) = with("app", 8 * 1024).await;
    let agent = field.bench.run();
    field
        .bench
        .wait_until("the start", |status| status.last_contact.is_some());
    drop(agent);
    let (code, said) = field.install(&field.bundle("1.2.0", 3, tree("1.2.0", MIB)));
    assert_eq!(code, 0, "{said}");
    // As a cut leaves it that came before all of it lasted.
    std::fs::remove_dir_all(field.bench.path("app/b")).unwrap();
    disk.fill_but(64);
    let agent = field.bench.run();
    let status = field.bench.wait_until("the start", |status| {
        status.outcome.as_deref() == Some("storage-full") && status.unsent_reports == 0
    });
    assert_eq!(
        (status.boot.as_str(), field.bench.version().as_str()),
        ("last-resort", "1.0.0")
    );
    field.assert_told("(storage-full)").await;
    disk.make_room();
    // It is no worse for it, and has all of its boots.
    field.bench.wait_for_update("1.2.0");
    let told = field.told().await;
    let reverted = told.iter().any(|line| line.contains("revert"));
    assert!(!reverted, "{told:#?}");
    drop(agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_cant_be_written_to() {
    let (mut field, disk) = with("app", 8 * 1024).await;
    let agent = field.bench.run();
    field
        .bench
        .wait_until("the start", |status| status.last_contact.is_some());
    drop(agent);
    field.offer(1000).await;
    disk.set_writable(&mut field.bench, false);
    fails(&field, "storage-read-only").await;
    // What runs was started before, and the link to it stands.
    fails_to_change(&field);
    disk.set_writable(&mut field.bench, true);
    succeeds(&field).await;
}

/// A restart of the agent: what was started stays so.
fn fails_to_change(field: &Field) {
    let _ = std::fs::remove_file(field.bench.path("run/status.json"));
    let agent = field.bench.run();
    let status = field.bench.wait_until("the start", |_| true);
    let running = status.running.unwrap();
    assert!(running.confirmed && running.version == "1.0.0");
    assert_eq!(field.bench.version(), "1.0.0");
    drop(agent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cant_be_written_to() {
    let (mut field, disk) = with("state", 256).await;
    // One that ran before: it has made itself what it guards the folder by.
    let agent = field.bench.run();
    field
        .bench
        .wait_until("contact", |status| status.last_contact.is_some());
    drop(agent);
    field.offer(1000).await;
    disk.set_writable(&mut field.bench, false);
    fails(&field, "storage-read-only").await;
    drop(field.bench.boots("1.0.0"));
    disk.set_writable(&mut field.bench, true);
    succeeds(&field).await;
}
