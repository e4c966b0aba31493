//! What was halted: clients are asked to leave it, and heard.

use hawkbit::ddi::{Execution, Finished};
use mainstay_rollout::order::OrderState;
use mainstay_rollout::{Ending, Progress};
use reqwest::{Method, StatusCode};

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
    let asked = "its client is asked to leave 1.1.0, and hasn't answered";
    one.says(&house, number, asked).await;
    let refused = one.get(&house, &format!("/deploymentBase/{number}")).await;
    assert_eq!(refused.status(), 404, "nothing of it is shown any more");
    cancel
        .send_feedback(Execution::Proceeding, Finished::None, vec!["stopping"])
        .await
        .unwrap();
    one.says(&house, number, asked).await;
    let page = one.page(&house).await;
    assert!(page.contains(r#"<p class="detail">stopping</p>"#), "{page}");
    cancel
        .send_feedback(Execution::Closed, Finished::Success, vec![])
        .await
        .unwrap();
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Cancelled));
    one.says(&house, number, "its client left 1.1.0").await;
    let progress = one.progress(&house).await;
    assert!(
        matches!(progress, Progress::Promised { .. }),
        "it failed nothing: {progress:?}"
    );
    let after = one.poll(&house).await;
    assert!(after.update().is_none() && after.cancel_action().is_none());

    let reply = other.poll(&house).await;
    assert!(reply.update().is_none() && reply.cancel_action().is_none());
    let order = other.order(&house).await;
    assert_eq!(order.ending(), Some(Ending::Withdrawn));
    let number = order.number;
    other.says(&house, number, "1.1.0 was taken back").await;
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
    one.says(&house, order.number, "1.1.0 was taken back").await;
    // Who was never asked can't answer.
    let number = other.order(&house).await.number;
    let body = r#"{"status":{"execution":"closed","result":{"finished":"success"}}}"#;
    let rest = format!("/cancelAction/{number}/feedback");
    let sent = other.request(&house, Method::POST, &rest).body(body);
    assert_eq!(
        told(sent.send().await.unwrap()).await,
        (404, "ddi.not-cancelling".to_owned())
    );
}

async fn stage(house: &House) -> String {
    let path = "/api/v1/releases/thermo-v2@1.1.0";
    let release: serde_json::Value = house.get(path, &house.tokens.engineer).await;
    release["stage"].to_string()
}

/// What may run on devices is not rolled back, whatever nobody has said.
#[tokio::test]
async fn a_release_is_rolled_back_once_nobody_may_run_it() {
    let (house, _, [one, other]) = offered().await;
    one.installs(&house).await;
    other.fetches(&house).await;
    halt(&house).await;
    let page = house
        .request(Method::GET, "/rollouts/1", &house.tokens.engineer)
        .send();
    let page = page.await.unwrap().text().await.unwrap();
    assert!(
        page.contains("1 by their client&#39;s word") || page.contains("1 by their client's word")
    );
    for _ in 0..2 {
        house.advance().await;
        let stage = stage(&house).await;
        assert!(stage.contains("halted"), "{stage}");
    }
    for gateway in [&one, &other] {
        let path = format!("/api/v1/devices/{}/order/quit", gateway.id);
        let body = br#"{"why": "its flash was replaced"}"#.to_vec();
        let quit = house.post(&path, &house.tokens.operations, body).await;
        assert_eq!(quit.status(), StatusCode::OK);
    }
    // They may turn up with it for as long as an installation takes, and three polls.
    house.later(30 + 179);
    house.advance().await;
    let waits = stage(&house).await;
    assert!(waits.contains("halted"), "{waits}");
    house.later(1);
    house.advance().await;
    let stage = stage(&house).await;
    assert!(stage.contains("rolled-back"), "{stage}");
}

/// A client that leaves what was halted may have installed it before. Its device may run that after its restart.
#[tokio::test]
async fn a_release_that_was_left_is_rolled_back_once_the_device_says_what_it_runs() {
    let (house, _, [one, _]) = offered().await;
    one.fetches(&house).await;
    halt(&house).await;
    house.advance().await;
    let cancel = one.poll(&house).await.cancel_action().unwrap();
    let left = cancel.send_feedback(Execution::Closed, Finished::Success, vec![]);
    left.await.unwrap();
    for (minutes, expected) in [(0, "halted"), (29, "halted"), (1, "rolled-back")] {
        house.later(minutes);
        one.says_it_runs(&house, "1.0.0").await;
        house.advance().await;
        let stage = stage(&house).await;
        assert!(stage.contains(expected), "{stage}");
    }
}

/// A client that nobody waits for any more may install it yet, and then its device must go back.
#[tokio::test]
async fn who_is_given_up_and_runs_it_after_all_is_sent_back() {
    let (house, _, [one, _]) = offered().await;
    one.fetches(&house).await;
    let number = one.order(&house).await.number;
    halt(&house).await;
    house.advance().await;
    assert!(one.poll(&house).await.cancel_action().is_some());
    // The horizon, and three polls after it.
    house.later(30 + 180);
    one.poll(&house).await;
    assert_eq!(one.order(&house).await.ending(), Some(Ending::GivenUp));
    let given_up = "1.1.0 was given up: its client doesn't answer";
    one.says(&house, number, given_up).await;
    let late = one.reports(&house, number, "closed", "success").await;
    assert_eq!(late, (410, "ddi.order-closed".to_owned()));
    // What it says before its restart is no answer.
    one.says_it_runs(&house, "1.0.0").await;
    one.says_it_runs(&house, "1.1.0").await;
    assert!(one.poll(&house).await.config_data_request().is_none());
    house.advance().await;
    assert!(one.is_offered(&house).await, "the way back");
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
    let order = one.order(&house).await;
    assert_eq!(order.ending(), Some(Ending::Verified));
    let back = "the device said that it runs 1.0.0";
    one.says(&house, order.number, back).await;
    assert!(matches!(
        one.progress(&house).await,
        Progress::Returned { .. }
    ));
}
