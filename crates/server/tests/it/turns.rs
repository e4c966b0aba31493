//! What one turn of the background job does when a part of it fails.

use mainstay_api::RolloutView;
use mainstay_server::jobs::advance_rollouts;
use reqwest::StatusCode;

use crate::gadget::register;
use crate::house::{self, House, packed};
use crate::rollback::{install, stop, updated};

/// A damaged row, or one that a newer version wrote, is of one rollout.
#[tokio::test]
async fn a_rollout_that_cannot_be_read_keeps_nothing_else_from_being_done() {
    let (house, mut gadgets, good) = updated().await;
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
    house
        .on_the_database(
            "UPDATE enrolments SET progress = '{\"state\":\"unheard-of\"}' WHERE rollout = 2",
        )
        .await;
    let anew = house::open(
        &house.data,
        &house.clock,
        mainstay_server::PagesAccess::People,
    )
    .await;
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
    let base = house::listen(anew).await;
    let house = House { base, ..house };
    let told = gadgets[0].check_in(&house, &[]).await;
    assert_eq!(told.held, [bad.manifest]);
}
