//! What is sent twice with one key is done once.

use mainstay_api::{DevicePage, HoldView};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::house::{House, problem, read};
use crate::patience::until;

async fn send(house: &House, path: &str, token: &str, key: &str, body: &str) -> Response {
    let request = house.request(Method::POST, path, token);
    let request = request.header("idempotency-key", key);
    request.body(body.to_owned()).send().await.unwrap()
}

const HOLD: &str = "/api/v1/releases/thermo-v2@1.1.0/hold";

#[tokio::test]
async fn the_same_request_gets_the_same_answer() {
    let house = House::new().await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    let kim = &house.tokens.operations;
    let smoke = r#"{"reason":"two customers smell smoke"}"#;
    let first = send(&house, HOLD, kim, "\"one\"", smoke).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    assert!(!first.headers().contains_key("idempotency-replayed"));
    let first: HoldView = read(first).await;
    house.later(5);
    // In quotation marks or without, it is the same key.
    let again = send(&house, HOLD, kim, "one", smoke).await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.headers()["content-type"], "application/json");
    assert_eq!(again.headers()["cache-control"], "no-store");
    assert_eq!(read::<HoldView>(again).await, first);
    // A request of its own finds the release on hold.
    let other = send(&house, HOLD, kim, "two", smoke).await;
    assert_eq!(other.status(), StatusCode::OK);
    let another = send(&house, HOLD, kim, "one", r#"{"reason":"fire"}"#).await;
    let refused = problem(another).await;
    assert_eq!(refused, (422, "idempotency.other-request".to_owned()));
    // Keys are a person's own.
    let sam = send(&house, HOLD, &house.tokens.manager, "one", smoke).await;
    assert_eq!(sam.status(), StatusCode::OK);
    house.later(24 * 60);
    let late = send(&house, HOLD, kim, "one", smoke).await;
    assert!(!late.headers().contains_key("idempotency-replayed"));
}

/// A refusal changed nothing, so the key is free for the request as it was meant.
#[tokio::test]
async fn a_refused_request_leaves_its_key() {
    let house = House::new().await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    let kim = &house.tokens.operations;
    let refused = send(&house, HOLD, kim, "one", r#"{"reason":""}"#).await;
    assert_eq!(problem(refused).await.1, "hold.reason");
    let denied = send(
        &house,
        HOLD,
        &house.tokens.engineer,
        "one",
        r#"{"reason":"x"}"#,
    )
    .await;
    assert_eq!(problem(denied).await.1, "access.denied");
    let nobody = send(&house, HOLD, "nobody", "one", r#"{"reason":"x"}"#).await;
    assert_eq!(problem(nobody).await.1, "auth.token");
    let held = send(&house, HOLD, kim, "one", r#"{"reason":"smoke"}"#).await;
    assert_eq!(held.status(), StatusCode::CREATED);
    let long = "x".repeat(129);
    for key in ["", "a b", "\"a", &long] {
        let refused = send(&house, HOLD, kim, key, r#"{"reason":"smoke"}"#).await;
        let refused = problem(refused).await;
        assert_eq!(refused, (400, "idempotency.key".to_owned()), "{key}");
    }
}

/// Tokens are shown once, and no answer that holds one is kept.
#[tokio::test]
async fn what_showed_a_secret_was_done_and_is_not_shown_again() {
    let house = House::new().await;
    let kim = &house.tokens.operations;
    let devices = json!({"devices": [
        {"id": "th-1", "class": "thermo-v2", "hardware": "B", "zone": "Europe/Berlin", "bootloader": "1.4.0"},
    ]});
    let devices = devices.to_string();
    let path = "/api/v1/devices";
    let first = send(&house, path, kim, "one", &devices).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let token = first.text().await.unwrap();
    let again = problem(send(&house, path, kim, "one", &devices).await).await;
    assert_eq!(again, (409, "idempotency.not-shown-again".to_owned()));
    let there: DevicePage = house.get(path, kim).await;
    assert_eq!(there.devices.len(), 1);
    let secret: serde_json::Value = serde_json::from_str(&token).unwrap();
    let secret = secret["devices"][0]["token"].as_str().unwrap();
    for file in std::fs::read_dir(house.data.database().parent().unwrap()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let is_there = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!is_there, "{}", path.display());
        }
    }
}

/// Two at once: one is done, and the other one gets its answer or is told that it is at work.
#[tokio::test]
async fn of_two_at_once_one_is_done() {
    let house = House::new().await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    let kim = &house.tokens.operations;
    let smoke = r#"{"reason":"smoke"}"#;
    let (one, other) = tokio::join!(
        send(&house, HOLD, kim, "one", smoke),
        send(&house, HOLD, kim, "one", smoke)
    );
    let mut made = 0;
    for answer in [one, other] {
        if answer.status() == StatusCode::CREATED {
            made += usize::from(!answer.headers().contains_key("idempotency-replayed"));
        } else {
            let refused = problem(answer).await;
            assert_eq!(refused, (409, "idempotency.running".to_owned()));
        }
    }
    assert_eq!(made, 1);
}

/// Whoever hangs up before the answer comes sends it again: it was done once, and is answered as it was then.
#[tokio::test]
async fn who_hangs_up_gets_the_answer_the_next_time() {
    let house = House::new().await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    let kim = &house.tokens.operations;
    let smoke = r#"{"reason":"smoke"}"#;
    let address = house.base.strip_prefix("http://").unwrap();
    let bytes = smoke.len();
    let request = format!(
        "POST {HOLD} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {kim}\r\nidempotency-key: one\r\ncontent-length: {bytes}\r\n\r\n{smoke}"
    );
    for _ in 0..3 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    let mut status = StatusCode::CONFLICT;
    until("it has an answer", async || {
        let answer = send(&house, HOLD, kim, "one", smoke).await;
        status = answer.status();
        status != StatusCode::CONFLICT
    })
    .await;
    // Done twice, the second time would have found the release on hold, and answered 200.
    assert_eq!(status, StatusCode::CREATED);
}
