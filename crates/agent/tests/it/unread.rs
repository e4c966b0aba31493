//! A disk from which an image can't be read for a while: what is kept stays kept, runs on, and updates go on. A folder in
//! the image's place stands in for a file that can't be read.

use std::fs;

use crate::bench::tree;
use crate::field::Field;

/// Nobody can read this slot's image, until what is returned is called.
fn unread(field: &Field, slot: &str) -> impl FnOnce() + use<> {
    let image = field.bench.path("app").join(slot).with_extension("image");
    let away = image.with_extension("away");
    fs::rename(&image, &away).unwrap();
    fs::create_dir(&image).unwrap();
    move || {
        fs::remove_dir(&image).unwrap();
        fs::rename(away, image).unwrap();
    }
}

async fn started() -> Field {
    let field = Field::begin("").await;
    let agent = field.bench.run();
    let heard = |status: &mainstay_agent::status::Status| status.last_contact.is_some();
    field.bench.wait_until("the start", heard);
    drop(agent);
    let _ = fs::remove_file(field.bench.path("run/status.json"));
    field
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_stays_so_and_is_updated() {
    let field = started().await;
    let mend = unread(&field, "a");
    let agent = field.bench.run();
    let status = field.bench.wait_until("the start", |status| {
        status.outcome.as_deref() == Some("storage-failed") && status.unsent_reports == 0
    });
    let running = status.running.unwrap();
    assert!(running.confirmed && running.version == "1.0.0");
    assert_eq!(status.fault.unwrap().id, "agent.storage-failed");
    assert_eq!(field.bench.say(&["status"]).0, 1);
    field.assert_told("(storage-failed)").await;
    mend();
    // It finds out by itself.
    field
        .bench
        .wait_until("the end of it", |status| status.fault.is_none());
    drop(agent);
    let _mend = unread(&field, "a");
    field.offer(1000).await;
    let _agent = field.bench.run();
    field.bench.wait_for_update("1.1.0");
    assert_eq!(field.updated().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_on_trial_waits_until_it_can_be_read() {
    let field = started().await;
    let (code, said) = field.install(&field.bundle("1.2.0", 3, tree("1.2.0", 100)));
    assert_eq!(code, 0, "{said}");
    let mend = unread(&field, "b");
    let agent = field.bench.run();
    let status = field.bench.wait_until("the start", |status| {
        status.outcome.as_deref() == Some("storage-failed") && status.unsent_reports == 0
    });
    assert_eq!(
        (status.boot.as_str(), field.bench.version().as_str()),
        ("last-resort", "1.0.0")
    );
    let (_, said) = field.bench.say(&["status"]);
    assert!(said.contains("slot a, as a last resort."), "{said}");
    mend();
    field.bench.wait_for_update("1.2.0");
    drop(agent);
}
