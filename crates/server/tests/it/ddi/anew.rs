//! Clients that have left off: when they are told again, and what waits meanwhile.

use mainstay_rollout::order::OrderState;
use mainstay_rollout::{Ending, Progress};
use reqwest::{Method, StatusCode};

use super::gateway::{Gateway, furnished, offer, offered, plan, strangers};
use super::halt::halt;
use super::orders::version;
use crate::house::House;

async fn hold(house: &House) {
    let (path, kim) = (
        "/api/v1/releases/thermo-v2@1.1.0/hold",
        &house.tokens.operations,
    );
    posted(house, path, kim, br#"{"reason": "smoke"}"#).await;
}

/// Two people release the hold.
pub async fn let_go(house: &House) {
    let path = "/api/v1/releases/thermo-v2@1.1.0/hold/release";
    for token in [&house.tokens.manager, &house.tokens.operations] {
        posted(house, path, token, b"").await;
    }
}

async fn posted(house: &House, path: &str, token: &str, body: &[u8]) {
    let response = house.post(path, token, body.to_vec()).await;
    let status = response.status();
    assert!(status.is_success(), "{}", response.text().await.unwrap());
}

/// Is asked to leave what it does, because the release is put on hold, and leaves it.
pub async fn is_stopped_by_a_hold(house: &House, one: &Gateway) {
    hold(house).await;
    let number = one.order(house).await.number;
    assert!(one.poll(house).await.cancel_action().is_some());
    let left = r#"{"status":{"execution":"closed","result":{"finished":"success"}}}"#;
    let rest = format!("/cancelAction/{number}/feedback");
    let sent = one.request(house, Method::POST, &rest).body(left);
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(one.order(house).await.ending(), Some(Ending::Cancelled));
}

/// The devices stand in Denver: open until an hour after these stories begin.
fn in_windows() -> String {
    plan().replacen("00:00-24:00", "04:00-06:00", 1)
}

/// Who was cancelled in the night isn't told at noon to begin anew.
#[tokio::test]
async fn who_was_stopped_begins_anew_in_a_window_only() {
    let (house, old, gateways) = strangers(&in_windows()).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    let (house, _, [one, other]) = offer(house, old, gateways).await;
    one.fetches(&house).await;
    let first = one.order(&house).await.number;
    is_stopped_by_a_hold(&house, &one).await;
    let progress = one.progress(&house).await;
    assert!(matches!(progress, Progress::Waiting), "{progress:?}");
    // So it is where the client never answered.
    other.poll(&house).await;
    let_go(&house).await;
    house.later(300);
    assert!(!one.is_offered(&house).await);
    let why = one.why(&house).await;
    assert!(why.contains("window"), "{why}");
    house.later(18 * 60 + 10);
    assert!(one.is_offered(&house).await);
    assert_ne!(one.order(&house).await.number, first);
    let progress = one.progress(&house).await;
    assert!(
        matches!(progress, Progress::Promised { .. }),
        "{progress:?}"
    );
}

/// A link that was kept opens nothing once the window has closed.
#[tokio::test]
async fn who_reads_its_order_late_gets_no_byte_of_it() {
    let (house, old, gateways) = strangers(&in_windows()).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    let (house, _, [one, other]) = offer(house, old, gateways).await;
    let update = one.poll(&house).await.update().expect("an offer");
    let update = update.fetch().await.unwrap();
    other.fetches(&house).await;
    house.later(120);
    let folder = tempfile::tempdir().unwrap();
    assert!(update.download(folder.path()).await.is_err());
    assert_eq!(one.order(&house).await.seen.fetches, 0);
    other.fetches(&house).await;
    assert_eq!(other.order(&house).await.seen.fetches, 2, "it has begun");
}

async fn quits(house: &House, one: &Gateway) -> (u16, String) {
    let path = format!("/api/v1/devices/{}/order/quit", one.id);
    let body = br#"{"why": "its flash was replaced"}"#.to_vec();
    let token = &house.tokens.operations;
    let response = house.post(&path, token, body).await;
    if response.status().is_success() {
        return (200, String::new());
    }
    crate::house::problem(response).await
}

/// What its client says it has installed it would install again at once.
#[tokio::test]
async fn what_is_installed_is_given_up_only_after_a_halt() {
    let (house, _, [one, other]) = offered().await;
    one.installs(&house).await;
    let number = one.order(&house).await.number;
    let refused = quits(&house, &one).await;
    assert_eq!(refused, (409, "order.installed".to_owned()));
    assert!(one.order(&house).await.is_open());
    // Whose client is in the middle of it is given up, and comes again only after some polls.
    other.fetches(&house).await;
    let given_up = other.order(&house).await.number;
    assert_eq!(quits(&house, &other).await.0, 200);
    assert!(!other.is_offered(&house).await);
    house.later(179);
    assert!(!other.is_offered(&house).await);
    house.later(1);
    assert!(other.is_offered(&house).await);
    assert_ne!(other.order(&house).await.number, given_up);
    halt(&house).await;
    house.advance().await;
    assert_eq!(quits(&house, &one).await.0, 200);
    let past = house.app.store().order(&one.id, number).await.unwrap();
    assert_eq!(past.unwrap().ending(), Some(Ending::GivenUp));
}

/// What a newer rollout waits for hides no way back: that is for safety, and for any hour.
#[tokio::test]
async fn a_newer_rollout_that_waits_hides_no_way_back() {
    let (house, old, [one, other]) = furnished().await;
    house
        .roll_out(&house.built("1.1.0", 2, &[old.manifest]))
        .await;
    house.advance().await;
    house.later(1);
    one.installs(&house).await;
    one.says_it_runs(&house, "1.1.0").await;
    assert!(other.is_offered(&house).await);
    halt(&house).await;
    house.roll_out(&house.built("1.2.0", 3, &[])).await;
    house.advance().await;
    house.later(1);
    assert_eq!(version(&house, &one).await, "1.2.0");
    let forward = one.order(&house).await;
    assert!(matches!(forward.state, OrderState::Retrieved { .. }));
    let body = br#"{"why": "customers report cold rooms"}"#;
    let kim = &house.tokens.operations;
    posted(&house, "/api/v1/rollouts/2/pause", kim, body).await;
    assert_eq!(version(&house, &one).await, "1.0.0", "the way back");
    let past = house.app.store().order(&one.id, forward.number).await;
    assert_eq!(past.unwrap().unwrap().ending(), Some(Ending::Superseded));
    let reply = other.poll(&house).await;
    assert!(reply.update().is_none(), "it runs what it is to run");
}
