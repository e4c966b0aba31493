//! What is sent twice with one key is done once.

use jiff::SignedDuration;
use mainstay_access::{ApiToken, ApiTokenWish, Email, Permission, Role, Secret, SecretKind};
use mainstay_api::{DevicePage, HoldView};
use mainstay_store::{Begun, KeptAnswer, KeyedRequest};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::door::everybody::somebody;
use crate::house::{House, problem, read};
use crate::patience::until;

async fn send(house: &House, path: &str, token: &str, key: &str, body: &str) -> Response {
    let request = house.request(Method::POST, path, token);
    let request = request.header("idempotency-key", key);
    request.body(body.to_owned()).send().await.unwrap()
}

const HOLD: &str = "/api/v1/releases/thermo-v2@1.1.0/hold";
const DEVICES: &str = "/api/v1/devices";
const DEVICE: &str = r#"{"devices":[{"id":"th-1","class":"thermo-v2","hardware":"B","zone":"Europe/Berlin","bootloader":"1.4.0"}]}"#;

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

/// The token of a program of `every-operations`, who has signed in as the first of all; it may do this and no more.
async fn program(house: &House, n: u8, may: Permission) -> String {
    let (store, now) = (house.app.store(), house.app.now());
    let email = Email::new("every-operations@northwind.example").unwrap();
    let account = store.account(&email).await.unwrap().unwrap();
    let secret = Secret::new(SecretKind::ApiToken, [n; 32]);
    let wish = ApiTokenWish {
        name: format!("program {n}"),
        scope: [may].into(),
        expires: now + SignedDuration::from_hours(24),
    };
    let token = ApiToken::make(wish, &account, secret.hash(), now).unwrap();
    let session = Secret::new(SecretKind::Session, [1; 32]).hash();
    store.add_api_token(&token, &session).await.unwrap();
    secret.reveal().to_string()
}

/// Of one person's tokens, each hears what it may ask for, and nothing of what was done with another one.
#[tokio::test]
async fn a_token_for_less_hears_nothing_of_what_was_done_with_its_owners_key() {
    let house = House::new().await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    let (_, session, form) = somebody(&house, 1, Role::Operations).await;
    let holds = program(&house, 2, Permission::HoldRelease).await;
    let reads = program(&house, 3, Permission::Read).await;
    let smoke = r#"{"reason":"smoke"}"#;
    let first = send(&house, HOLD, &holds, "one", smoke).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let first: HoldView = read(first).await;
    // Nor that the key was used for something else.
    for body in [smoke, r#"{"reason":"fire"}"#] {
        let refused = problem(send(&house, HOLD, &reads, "one", body).await).await;
        assert_eq!(refused, (403, "access.token-scope".to_owned()), "{body}");
    }
    // What the person asks for themselves is the same.
    let again = session.request(Method::POST, HOLD);
    let again = again.header("origin", &house.base);
    let again = again.header("mainstay-form", &form);
    let again = again.header("idempotency-key", "one").body(smoke);
    for answer in [
        again.send().await.unwrap(),
        send(&house, HOLD, &holds, "one", smoke).await,
    ] {
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.headers()["idempotency-replayed"], "true");
        assert_eq!(read::<HoldView>(answer).await, first);
    }
    // Who is refused takes no key.
    let refused = send(&house, HOLD, &reads, "two", smoke).await;
    assert_eq!(problem(refused).await.1, "access.token-scope");
    let own = send(&house, HOLD, &holds, "two", smoke).await;
    assert_eq!(own.status(), StatusCode::OK, "it is on hold already");
    assert!(!own.headers().contains_key("idempotency-replayed"));
    let email = Email::new("every-operations@northwind.example").unwrap();
    let (store, now) = (house.app.store(), house.app.now());
    store
        .revoke_api_token(&email, "program 2", now)
        .await
        .unwrap();
    let revoked = problem(send(&house, HOLD, &holds, "one", smoke).await).await;
    assert_eq!(revoked, (401, "auth.token".to_owned()));
}

/// What somebody did who had signed in, no program of theirs is told, which couldn't do it.
#[tokio::test]
async fn what_people_do_in_person_is_told_to_no_program() {
    let house = House::new().await;
    let (_, session, form) = somebody(&house, 1, Role::Operations).await;
    somebody(&house, 2, Role::Viewer).await;
    let reads = program(&house, 3, Permission::Read).await;
    let path = "/api/v1/people/every-viewer@northwind.example/shut-out";
    for is_replayed in [false, true] {
        let request = session.request(Method::POST, path);
        let request = request.header("origin", &house.base);
        let request = request.header("mainstay-form", &form);
        let request = request.header("idempotency-key", "one").body("");
        let done = request.send().await.unwrap();
        assert_eq!(done.status(), StatusCode::NO_CONTENT);
        let shown = done.headers().contains_key("idempotency-replayed");
        assert_eq!(shown, is_replayed);
    }
    let refused = problem(send(&house, path, &reads, "one", "").await).await;
    assert_eq!(refused, (403, "access.token-scope-people".to_owned()));
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

/// Two at once: one is done, and the other one is told that it is at work, or was done.
#[tokio::test]
async fn of_two_at_once_one_is_done() {
    let house = House::new().await;
    let kim = &house.tokens.operations;
    let (one, other) = tokio::join!(
        send(&house, DEVICES, kim, "one", DEVICE),
        send(&house, DEVICES, kim, "one", DEVICE)
    );
    let mut made = 0;
    for answer in [one, other] {
        if answer.status() == StatusCode::CREATED {
            made += 1;
        } else {
            let (status, id) = problem(answer).await;
            assert_eq!(status, 409);
            assert!(
                ["idempotency.running", "idempotency.not-shown-again"].contains(&&*id),
                "{id}"
            );
        }
    }
    assert_eq!(made, 1);
}

/// What is told of a request's key by a server that was killed before it answered, or failed.
async fn unanswered(house: &House, path: &str, key: &str, body: &str, status: Option<u16>) {
    let who = Email::new("kim@northwind.example").unwrap();
    let mut hasher = Sha256::new();
    for part in ["POST", path, body] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let keyed = KeyedRequest {
        who: &who,
        key,
        fingerprint: hasher.finalize().into(),
        at: house.app.now(),
    };
    let store = house.app.store();
    assert_eq!(store.begin_answer(&keyed).await.unwrap(), Begun::New);
    if let Some(status) = status {
        let failed = KeptAnswer {
            status,
            media_type: None,
            body: None,
        };
        store.keep_answer(&who, key, &failed).await.unwrap();
    }
}

/// Nobody who stops something is told to look first whether it was done: a server was killed while it did, or failed at it.
#[tokio::test]
async fn a_brake_is_pulled_whatever_is_known_of_its_key() {
    let house = House::new().await;
    house.submit(&house.built("1.1.0", 2, &[])).await;
    let kim = &house.tokens.operations;
    let smoke = r#"{"reason":"smoke"}"#;
    let below = HOLD.strip_prefix("/api/v1").unwrap();
    unanswered(&house, "/devices", "one", DEVICE, None).await;
    let refused = problem(send(&house, DEVICES, kim, "one", DEVICE).await).await;
    assert_eq!(refused, (409, "idempotency.running".to_owned()));
    unanswered(&house, "/devices", "two", DEVICE, Some(503)).await;
    let refused = problem(send(&house, DEVICES, kim, "two", DEVICE).await).await;
    assert_eq!(refused, (409, "idempotency.unknown".to_owned()));
    unanswered(&house, below, "three", smoke, None).await;
    let held = send(&house, HOLD, kim, "three", smoke).await;
    assert_eq!(held.status(), StatusCode::CREATED);
    // It has its answer now.
    let again = send(&house, HOLD, kim, "three", smoke).await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    unanswered(&house, below, "four", smoke, Some(503)).await;
    let held = send(&house, HOLD, kim, "four", smoke).await;
    assert_eq!(held.status(), StatusCode::OK, "it is on hold already");
}

/// What a code opens is shown once: it isn't in the database in clear.
#[tokio::test]
async fn a_join_code_is_not_shown_again() {
    let house = House::new().await;
    let kim = &house.tokens.operations;
    let wish = r#"{"class":"thermo-v2","hardware":"C","zone":"America/Denver","uses":1}"#;
    let first = send(&house, "/api/v1/join-codes", kim, "one", wish).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let again = problem(send(&house, "/api/v1/join-codes", kim, "one", wish).await).await;
    assert_eq!(again, (409, "idempotency.not-shown-again".to_owned()));
}

/// Whoever hangs up before the answer comes sends it again: it was done once, and is answered as it was then.
#[tokio::test]
async fn who_hangs_up_gets_the_answer_the_next_time() {
    let house = House::new().await;
    let kim = &house.tokens.operations;
    let address = house.base.strip_prefix("http://").unwrap();
    let bytes = DEVICE.len();
    let request = format!(
        "POST {DEVICES} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {kim}\r\nidempotency-key: one\r\ncontent-length: {bytes}\r\n\r\n{DEVICE}"
    );
    for _ in 0..3 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    let mut told = String::new();
    until("it has an answer", async || {
        let answer = send(&house, DEVICES, kim, "one", DEVICE).await;
        told = match answer.status() {
            StatusCode::CREATED => "made only now".to_owned(),
            _ => problem(answer).await.1,
        };
        told != "idempotency.running"
    })
    .await;
    // Done twice, the second time would have found that device.
    assert!(
        ["made only now", "idempotency.not-shown-again"].contains(&&*told),
        "{told}"
    );
}
