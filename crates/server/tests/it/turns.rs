//! What one turn of the background job does when a part of it fails.

use std::path::Path;

use mainstay_api::RolloutView;
use mainstay_server::jobs::advance_rollouts;
use mainstay_server::{DataDir, PagesAccess};

use crate::database;
use crate::rollback::{install, stop, updated};
use crate::serving;

/// A damaged row, or one that a newer version wrote, is of one rollout.
#[tokio::test]
async fn a_rollout_that_cannot_be_read_keeps_nothing_else_from_being_done() {
    let (mut house, mut gadgets, good) = updated().await;
    let bad = house.built("1.2.0", 3, &[good.manifest]);
    let first = house.roll_out(&bad).await;
    install(&house, &mut gadgets, &bad).await;
    stop(
        &house,
        &format!("/api/v1/rollouts/{first}/halt"),
        r#"{"why":"smoke"}"#,
    )
    .await;
    let next = house.built("1.3.0", 4, &[good.manifest]);
    let second = house.roll_out(&next).await;
    database::change(
        &house,
        "UPDATE enrolments SET progress = '{\"state\":\"unheard-of\"}' WHERE rollout = 2
             AND device = (SELECT key FROM devices WHERE id = 'th-1')",
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    copy(house.data.database().parent().unwrap(), folder.path());
    let data = DataDir::at(folder.path());
    let anew = serving::open(&data, &house.clock, PagesAccess::People).await;
    house.base = serving::listen(anew.clone()).await;
    let failed = advance_rollouts::run(&anew, anew.now()).await;
    assert_eq!(failed.unwrap_err().id(), "store.damaged");
    let view: RolloutView = house
        .get(
            &format!("/api/v1/rollouts/{second}"),
            &house.tokens.engineer,
        )
        .await;
    assert!(view.waves[0].opened_at.is_some(), "{view:?}");
    // A server that has just started has it on hold in every status all the same.
    let told = gadgets[1].check_in(&house, &[]).await;
    assert_eq!(told.held, [bad.manifest]);
}

/// What is known of the other rollout is only whom it leaves where they are.
#[tokio::test]
async fn a_brake_works_whatever_else_cannot_be_read() {
    let (house, mut gadgets, good) = updated().await;
    let bad = house.built("1.2.0", 3, &[good.manifest]);
    let first = house.roll_out(&bad).await;
    install(&house, &mut gadgets, &bad).await;
    let why = r#"{"why":"smoke"}"#;
    stop(&house, &format!("/api/v1/rollouts/{first}/halt"), why).await;
    let next = house.built("1.3.0", 4, &[good.manifest]);
    let second = house.roll_out(&next).await;
    house.advance().await;
    database::change(&house, "UPDATE rollouts SET value = '{}' WHERE id = 2").await;
    let failed = advance_rollouts::run(&house.app, house.app.now()).await;
    assert_eq!(failed.unwrap_err().id(), "store.damaged");
    let path = format!("/api/v1/rollouts/{second}");
    stop(&house, &format!("{path}/halt"), why).await;
    let view: RolloutView = house.get(&path, &house.tokens.engineer).await;
    assert_eq!(view.phase, "halted");
}

/// A server's folder, as a backup has it.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
