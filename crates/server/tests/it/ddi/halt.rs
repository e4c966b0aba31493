//! What was halted: clients are asked to leave it, and heard.

use hawkbit::ddi::{Execution, Finished};
use mainstay_rollout::order::OrderState;
use mainstay_rollout::{Ending, Progress};
use reqwest::StatusCode;

use super::gateway::{Gateway, offered, told};
use crate::house::House;

pub async fn halt(house: &House) {
    let body = br#"{"why": "displays stay dark"}"#.to_vec();
    let response = house
        .post("/api/v1/rollouts/1/halt", &house.tokens.operations, body)
        .await;
    assert_eq!(response.status(), StatusCode::OK);
}

/// One that has read its order, and one that hasn't.
async fn halted() -> (House, [Gateway; 2]) {
    let (house, _, [one, other]) = offered().await;
    one.poll(&house)
        .await
        .update()
        .unwrap()
        .fetch()
        .await
        .unwrap();
    halt(&house).await;
    house.advance().await;
    (house, [one, other])
}

#[tokio::test]
async fn a_client_that_knows_of_it_is_asked_to_leave_it() {
    let (house, [one, other]) = halted().await;
    let number = one.order(&house).await.number;
    let reply = one.poll(&house).await;
    assert!(reply.update().is_none());
    let cancel = reply.cancel_action().expect("it is asked to stop");
    assert_eq!(cancel.id().await.unwrap(), number.to_string());
    assert!(matches!(
        one.order(&house).await.state,
        OrderState::Cancelling { .. }
    ));
    let refused = one.get(&house, &format!("/deploymentBase/{number}")).await;
    assert_eq!(refused.status(), 404, "nothing of it is shown any more");
    cancel
        .send_feedback(Execution::Proceeding, Finished::None, vec!["stopping"])
        .await
        .unwrap();
    cancel
        .send_feedback(Execution::Closed, Finished::Success, vec![])
        .await
        .unwrap();
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Cancelled));
    let progress = one.progress(&house).await;
    assert!(
        matches!(progress, Progress::Promised { .. }),
        "it failed nothing: {progress:?}"
    );
    let after = one.poll(&house).await;
    assert!(after.update().is_none() && after.cancel_action().is_none());

    let reply = other.poll(&house).await;
    assert!(reply.update().is_none() && reply.cancel_action().is_none());
    assert_eq!(other.order(&house).await.ending(), Some(Ending::Withdrawn));
}

#[tokio::test]
async fn a_client_that_goes_on_is_not_asked_again() {
    let (house, [one, other]) = halted().await;
    let cancel = one.poll(&house).await.cancel_action().unwrap();
    cancel
        .send_feedback(Execution::Rejected, Finished::Success, vec!["too late"])
        .await
        .unwrap();
    let reply = one.poll(&house).await;
    assert!(reply.update().is_none() && reply.cancel_action().is_none());
    let order = one.order(&house).await;
    assert!(order.seen.keeps_on, "{order:?}");
    // It has fetched nothing that it could go on with.
    assert_eq!(order.ending(), Some(Ending::Withdrawn));
    // Who was never asked can't answer.
    let number = other.order(&house).await.number;
    let body = r#"{"status":{"execution":"closed","result":{"finished":"success"}}}"#;
    let rest = format!("/cancelAction/{number}/feedback");
    let sent = other
        .request(&house, reqwest::Method::POST, &rest)
        .body(body);
    assert_eq!(
        told(sent.send().await.unwrap()).await,
        (404, "ddi.not-cancelling".to_owned())
    );
}

/// A device that ran the halted release is sent back by a new order with a new number.
#[tokio::test]
async fn who_runs_it_is_sent_back_by_another_order() {
    let (house, _, [one, _]) = offered().await;
    one.installs(&house).await;
    one.says_it_runs(&house, "1.1.0").await;
    let forward = one.order(&house).await.number;
    halt(&house).await;
    house.advance().await;
    let update = one.poll(&house).await.update().expect("the way back");
    let update = update.fetch().await.unwrap();
    assert_ne!(update.action_id(), forward.to_string());
    assert_eq!(
        update
            .chunks()
            .map(|chunk| chunk.version().to_owned())
            .collect::<Vec<_>>(),
        ["1.0.0"]
    );
    one.installs(&house).await;
    one.says_it_runs(&house, "1.0.0").await;
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Verified));
    assert!(matches!(
        one.progress(&house).await,
        Progress::Returned { .. }
    ));
}
