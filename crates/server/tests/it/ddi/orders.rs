//! Which order a device gets, and when it gets another one.

use hawkbit::ddi::{Execution, Finished};
use mainstay_api::{QuitOrderView, RolloutView};
use mainstay_rollout::Ending;
use mainstay_rollout::order::OrderState;
use reqwest::{Method, StatusCode};

use super::gateway::{Gateway, furnished, offered, plan, strangers, strangers_called};
use super::halt::halt;
use crate::house::{self, Artifact, House};

/// So many minutes make a promise lapse: three polls.
const LAPSES_AFTER: i64 = 180;

/// A promise that lapsed holds no place. The device gets what it was promised once there is room again, and not before.
#[tokio::test]
async fn a_lapsed_order_is_shown_again_only_with_a_place() {
    let narrow = plan().replacen("downloads = 100", "downloads = 1", 1);
    let (house, old, gateways) = strangers(&narrow).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    let [one, other] = gateways;
    house
        .roll_out(&house.built("1.1.0", 2, &[old.manifest]))
        .await;
    house.advance().await;
    house.later(1);
    assert!(one.is_offered(&house).await);
    assert!(!other.is_offered(&house).await, "there is one place");
    house.later(LAPSES_AFTER);
    house.advance().await;
    assert!(other.is_offered(&house).await);
    house.later(LAPSES_AFTER);
    house.advance().await;
    let (first, second) = (one.order(&house).await, other.order(&house).await);
    assert!(one.is_offered(&house).await, "it has the place again");
    assert!(!other.is_offered(&house).await, "there is still one place");
    assert_eq!(one.order(&house).await.number, first.number);
    assert_eq!(other.order(&house).await, second, "its order waits");
    one.fetches(&house).await;
    house.later(LAPSES_AFTER);
    assert!(one.is_offered(&house).await, "who has begun may end");
}

/// A client that can't go back is told so again after a while, not at each poll.
#[tokio::test]
async fn a_way_back_that_fails_is_not_ordered_at_each_poll() {
    let (house, _, [one, _]) = offered().await;
    one.installs(&house).await;
    one.says_it_runs(&house, "1.1.0").await;
    halt(&house).await;
    house.advance().await;
    for minutes in [180, 360] {
        one.fetches(&house).await;
        let number = one.order(&house).await.number;
        assert_eq!(
            one.reports(&house, number, "closed", "failure").await.0,
            200
        );
        for _ in 0..3 {
            assert!(!one.is_offered(&house).await);
        }
        assert_eq!(one.order(&house).await.number, number, "no number is spent");
        let why = one.why(&house).await;
        assert!(why.contains("couldn't install it the last time"), "{why}");
        house.later(minutes - 1);
        assert!(!one.is_offered(&house).await);
        house.later(1);
        assert!(one.is_offered(&house).await);
        assert_ne!(one.order(&house).await.number, number);
    }
}

async fn submitted(house: &House, version: &str, sequence: u64) -> Artifact {
    let artifact = house.built(version, sequence, &[]);
    assert_eq!(house.submit(&artifact).await.status(), StatusCode::CREATED);
    artifact
}

/// Other clients install what they are shown. What a device of ours would refuse isn't shown to them.
#[tokio::test]
async fn nobody_is_led_back_from_something_newer_or_past_an_old_boot_loader() {
    let (house, _, [one, other]) = offered().await;
    submitted(&house, "1.2.0", 3).await;
    let newer = r#"{"data":{"sw_version":"1.2.0"}}"#;
    assert_eq!(one.sends(&house, newer).await.0, 200);
    assert!(!one.is_offered(&house).await);
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Withdrawn));
    let why = one.why(&house).await;
    assert!(why.contains("trust.downgrade"), "{why}");

    let path = format!("/api/v1/devices/{}", other.id);
    let declared = house
        .request(Method::PATCH, &path, &house.tokens.operations)
        .body(r#"{"bootloader": "1.3.9"}"#);
    assert_eq!(declared.send().await.unwrap().status(), StatusCode::OK);
    assert!(!other.is_offered(&house).await);
    let why = other.why(&house).await;
    assert!(why.contains("trust.bootloader-too-old"), "{why}");
}

/// What can't be told holds no place and is no promise.
#[tokio::test]
async fn what_a_client_cant_be_told_is_promised_to_nobody() {
    let long = "x".repeat(200);
    let (house, old, gateways) = strangers_called(&plan(), [&long, "short"]).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    let [one, other] = gateways;
    house
        .roll_out(&house.built("1.1.0", 2, &[old.manifest]))
        .await;
    house.advance().await;
    house.later(1);
    assert!(!one.is_offered(&house).await);
    let orders = house.app.store().recent_orders(&one.id, 1).await.unwrap();
    assert!(orders.is_empty(), "{orders:?}");
    let why = one.why(&house).await;
    assert!(why.contains("ddi.too-long"), "{why}");
    assert!(other.is_offered(&house).await);
}

/// Rollout 1 is halted while `one` has read its order and doesn't answer; rollout 2 carries the fix.
async fn fixed() -> (House, [Gateway; 2]) {
    let (house, _, [one, other]) = offered().await;
    one.fetches(&house).await;
    halt(&house).await;
    house.advance().await;
    assert!(one.poll(&house).await.cancel_action().is_some());
    house.roll_out(&house.built("1.2.0", 3, &[])).await;
    house.advance().await;
    house.later(1);
    (house, [one, other])
}

pub async fn version(house: &House, gateway: &Gateway) -> String {
    let update = gateway.poll(house).await.update().expect("an offer");
    let update = update.fetch().await.unwrap();
    update
        .chunks()
        .map(|chunk| chunk.version().to_owned())
        .collect()
}

#[tokio::test]
async fn a_client_that_never_answers_is_waited_for_no_longer_than_its_horizon() {
    let (house, [one, other]) = fixed().await;
    assert_eq!(version(&house, &other).await, "1.2.0");
    let reply = one.poll(&house).await;
    assert!(reply.update().is_none() && reply.cancel_action().is_some());
    let stuck = one.order(&house).await.number;
    let why = one.why(&house).await;
    assert!(
        why.contains("is asked to leave 1.1.0") && why.contains("quit-order"),
        "{why}"
    );
    // The horizon, and three polls after it.
    house.later(30 + 180);
    assert_eq!(version(&house, &one).await, "1.2.0");
    let past = house.app.store().order(&one.id, stuck).await.unwrap();
    assert_eq!(past.unwrap().ending(), Some(Ending::GivenUp));
}

#[tokio::test]
async fn operations_quits_an_order() {
    let (house, [one, _]) = fixed().await;
    let stuck = one.order(&house).await.number;
    let path = format!("/api/v1/devices/{}/order/quit", one.id);
    let body = br#"{"why": "its flash was replaced"}"#.to_vec();
    let denied = house
        .refused(&path, &house.tokens.engineer, body.clone())
        .await;
    assert_eq!(denied, (403, "access.denied".to_owned()));
    let nameless = br#"{"why": " "}"#.to_vec();
    let refused = house
        .refused(&path, &house.tokens.operations, nameless)
        .await;
    assert_eq!(refused, (400, "rollouts.why".to_owned()));
    let quit = house
        .post(&path, &house.tokens.operations, body.clone())
        .await;
    assert_eq!(quit.status(), StatusCode::OK);
    let quit: QuitOrderView = house::read(quit).await;
    assert_eq!((quit.order, &*quit.version), (stuck.get(), "1.1.0"));
    let past = house.app.store().order(&one.id, stuck).await.unwrap();
    assert_eq!(past.unwrap().ending(), Some(Ending::GivenUp));
    let log = house
        .app
        .store()
        .order_log(&one.id, stuck, 1)
        .await
        .unwrap();
    assert_eq!(log[0].word, "given up by kim@northwind.example");
    assert_eq!(log[0].details, ["its flash was replaced"]);
    let again = house.refused(&path, &house.tokens.operations, body).await;
    assert_eq!(again, (404, "request.not-found".to_owned()));
    assert_eq!(version(&house, &one).await, "1.2.0");
}

/// Something newer is waited for by nobody who hasn't begun, or is done.
#[tokio::test]
async fn an_order_that_nobody_has_begun_makes_way_for_a_newer_rollout() {
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
    house.advance().await;
    assert_eq!(version(&house, &one).await, "1.0.0", "the way back");
    let back = one.order(&house).await;
    house.roll_out(&house.built("1.2.0", 3, &[])).await;
    house.advance().await;
    house.later(1);
    assert_eq!(version(&house, &one).await, "1.2.0");
    let past = house.app.store().order(&one.id, back.number).await.unwrap();
    assert_eq!(past.unwrap().ending(), Some(Ending::Superseded));
}

/// Who asks why nothing moves hears of orders.
#[tokio::test]
async fn why_and_the_rollout_tell_of_what_waits_for_a_word() {
    let (house, _, [one, _]) = offered().await;
    let view = async || -> RolloutView {
        house
            .get("/api/v1/rollouts/1", &house.tokens.engineer)
            .await
    };
    assert_eq!(view().await.unverified, 0);
    let update = one.poll(&house).await.update().expect("an offer");
    let update = update.fetch().await.unwrap();
    let why = one.why(&house).await;
    assert!(
        why.contains("its client has read that it is to install 1.1.0"),
        "{why}"
    );
    update
        .send_feedback(Execution::Proceeding, Finished::None, vec!["downloading"])
        .await
        .unwrap();
    one.installs(&house).await;
    assert!(matches!(
        one.order(&house).await.state,
        OrderState::Installed { .. }
    ));
    assert_eq!(view().await.unverified, 1);
    let why = one.why(&house).await;
    assert!(why.contains("installed 1.1.0, unverified"), "{why}");
    one.says_it_runs(&house, "1.1.0").await;
    assert_eq!(view().await.unverified, 0);
    assert!(!one.why(&house).await.contains("unverified"));
}
