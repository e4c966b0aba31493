//! Who is answered without a look at the store, over hawkBit's protocol.

use reqwest::{Method, RequestBuilder, StatusCode};

use super::gateway::{Gateway, offer, plan, strangers_in};
use crate::house::{Artifact, House};
use crate::quiet::is_looked_at;

async fn scene() -> (House, Artifact, [Gateway; 2]) {
    let house = House::unfelt(&plan()).await;
    let names = ["02:00:5e:10:00:01", "Gate way 2+"];
    let (house, old, gateways) = strangers_in(house, names).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    (house, old, gateways)
}

fn asks(house: &House, gateway: &Gateway) -> RequestBuilder {
    gateway.request(house, Method::GET, "")
}

async fn looks_at(house: &House, gateway: &Gateway) -> bool {
    is_looked_at(house, asks(house, gateway)).await
}

async fn prime(house: &House, gateway: &Gateway) {
    house.app.feel_pulse().await.unwrap();
    assert_eq!(
        asks(house, gateway).send().await.unwrap().status(),
        StatusCode::OK
    );
    assert!(!looks_at(house, gateway).await, "it has nothing to do");
}

#[tokio::test]
async fn the_same_question_has_the_same_answer() {
    let (house, _, [gateway, other]) = scene().await;
    let looked_at = asks(&house, &gateway).send().await.unwrap();
    prime(&house, &gateway).await;
    let remembered = asks(&house, &gateway).send().await.unwrap();
    assert_eq!(remembered.headers()["etag"], looked_at.headers()["etag"]);
    assert_eq!(remembered.headers()["content-type"], "application/json");
    assert_eq!(remembered.headers()["cache-control"], "no-store");
    let etag = remembered.headers()["etag"].clone();
    assert_eq!(
        remembered.bytes().await.unwrap(),
        looked_at.bytes().await.unwrap()
    );
    let known = asks(&house, &gateway).header("If-None-Match", etag);
    let known = known.send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let elsewhere = asks(&house, &gateway).header("X-Forwarded-Host", "elsewhere.example");
    assert!(
        is_looked_at(&house, elsewhere).await,
        "links are others there"
    );
    prime(&house, &gateway).await;
    let swupdate = asks(&house, &gateway).header("User-Agent", "SWUpdate/2022.12");
    assert!(is_looked_at(&house, swupdate).await, "it is another client");
    let path = format!("{}/DEFAULT/controller/v1/x", house.base);
    let token = format!("TargetToken {}", gateway.token);
    let stranger = house.http.get(path).header("Authorization", token);
    assert_eq!(
        stranger.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    assert!(looks_at(&house, &other).await, "it was never asked about");
}

#[tokio::test]
async fn what_its_client_says_and_people_do_ends_it() {
    let (house, old, [gateway, other]) = scene().await;
    prime(&house, &gateway).await;
    let data = r#"{"mode":"merge","data":{"sw_version":"1.0.0","board":"rev-c"}}"#;
    let sent = gateway
        .request(&house, Method::PUT, "/configData")
        .body(data);
    assert!(sent.send().await.unwrap().status().is_success());
    assert!(looks_at(&house, &gateway).await, "it said something");
    prime(&house, &gateway).await;
    house.app.store().ask_attributes(&gateway.id).await.unwrap();
    assert!(looks_at(&house, &gateway).await, "people ask something");
    let told = asks(&house, &gateway).send().await.unwrap();
    assert!(told.text().await.unwrap().contains("configData"));
    prime(&house, &gateway).await;
    // Both are offered something although they had nothing to do a moment ago; and are not remembered until it is over.
    let (house, _, [gateway, _]) = offer(house, old, [gateway, other]).await;
    house.app.feel_pulse().await.unwrap();
    for _ in 0..2 {
        assert!(gateway.poll(&house).await.update().is_some());
    }
    assert!(looks_at(&house, &gateway).await);
    house.later(7);
    gateway.poll(&house).await;
    house.app.flush_last_seen().await;
    let device = house.app.store().device(&gateway.id).await.unwrap();
    let seen = device.and_then(|device| device.last_seen);
    assert_eq!(seen, Some(house.app.now()));
}
