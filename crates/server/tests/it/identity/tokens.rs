//! A device gets another token in place of the one that it has, over real HTTP.

use mainstay_api::DeviceToken;
use mainstay_protocol::{CHECK_IN_PATH, FOR_HEADER, REPORTS_PATH, Reports};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use super::behind::put;
use super::gateways::told;
use crate::anew::listen_alone;
use crate::ddi::gateway::furnished;
use crate::gadget::{message, register};
use crate::house::{self, House, PLAN, packed, problem};
use crate::quiet::{another, is_looked_at};

/// What is answered to operations that gives a device another token.
pub async fn replace(house: &House, name: &str) -> Response {
    let path = format!("/api/v1/devices/{name}/token");
    let why = json!({ "why": "it was stolen" }).to_string();
    let operations = &house.tokens.operations;
    house.post(&path, operations, why.into_bytes()).await
}

async fn given(house: &House, name: &str) -> String {
    let answer = replace(house, name).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let given: DeviceToken = house::read(answer).await;
    assert_eq!(given.id.as_str(), name);
    given.token
}

/// Also where the device was known to have nothing to do, here and at another server.
#[tokio::test]
async fn the_old_token_ends_at_once_and_the_new_one_is_the_same_device() {
    let house = House::unfelt(PLAN).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1"], &old).await;
    let gadget = &mut gadgets[0];
    let there = another(&house).await;
    let elsewhere = listen_alone(there.clone()).await;
    house.app.feel_pulse().await.unwrap();
    there.feel_pulse().await.unwrap();
    for _ in 0..3 {
        gadget.check_in(&house, &[]).await;
    }
    let body = gadget.check_in_message(&[]);
    let here = |token: &str| {
        let request = house.request(Method::POST, CHECK_IN_PATH, token);
        request.body(body.clone())
    };
    let there_too = |token: &str| {
        let request = house.http.post(format!("{elsewhere}{CHECK_IN_PATH}"));
        request.bearer_auth(token).body(body.clone())
    };
    for _ in 0..2 {
        let answer = there_too(&gadget.token).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    for request in [here(&gadget.token), there_too(&gadget.token)] {
        assert!(!is_looked_at(&house, request).await, "it is remembered");
    }
    let new = given(&house, "th-1").await;
    assert_ne!(new, gadget.token);
    // The other one feels it within a moment.
    there.feel_pulse().await.unwrap();
    for (token, expected) in [(&gadget.token, 401), (&new, 200)] {
        for request in [here(token), there_too(token)] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), expected);
        }
    }
    let told = told(&house, "th-1").await;
    let expected = "was given another token by kim@northwind.example: it was stolen";
    assert_eq!(told[0], expected, "{told:?}");
    assert!(!told.iter().any(|text| text.contains(&new)), "{told:?}");
}

#[tokio::test]
async fn only_operations_gives_another_token_and_says_why() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let gadgets = register(&house, &["th-1"], &old).await;
    let path = "/api/v1/devices/th-1/token";
    let tokens = &house.tokens;
    let good = br#"{"why":"it was stolen"}"#.as_slice();
    for (path, token, body, expected) in [
        (path, &tokens.engineer, good, (403, "access.denied")),
        (path, &tokens.manager, good, (403, "access.denied")),
        (path, &gadgets[0].token, good, (401, "auth.token")),
        (
            path,
            &tokens.operations,
            br#"{"why":" "}"#.as_slice(),
            (400, "rollouts.why"),
        ),
        (
            path,
            &tokens.operations,
            b"{}".as_slice(),
            (400, "request.malformed"),
        ),
        (
            "/api/v1/devices/th-9/token",
            &tokens.operations,
            good,
            (404, "request.not-found"),
        ),
    ] {
        let (status, id) = house.refused(path, token, body.to_vec()).await;
        assert_eq!((status, &*id), expected, "{path}");
    }
    let none = message(&Reports::default());
    let own = house.post(REPORTS_PATH, &gadgets[0].token, none).await;
    assert_eq!(own.status(), StatusCode::OK, "nothing was changed");
}

/// A token is shown once, also to who asks twice in one breath.
#[tokio::test]
async fn a_request_that_comes_twice_replaces_one_token() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    register(&house, &["th-1"], &old).await;
    let asks = async || {
        let path = "/api/v1/devices/th-1/token";
        let request = house.request(Method::POST, path, &house.tokens.operations);
        let request = request.header("idempotency-key", "one");
        let request = request.body(r#"{"why":"it was stolen"}"#);
        request.send().await.unwrap()
    };
    let first: DeviceToken = house::read(asks().await).await;
    let (_, again) = problem(asks().await).await;
    assert_eq!(again, "idempotency.not-shown-again");
    let none = message(&Reports::default());
    let own = house.post(REPORTS_PATH, &first.token, none).await;
    assert_eq!(own.status(), StatusCode::OK);
}

/// Who stands behind it stays there: the thief's token speaks for nobody any more, and the gateway's new one for all.
#[tokio::test]
async fn a_gateway_with_another_token_speaks_for_its_children() {
    let house = House::new().await;
    let factory = packed(house::CLASS, "1.0.0", 1, &[]);
    let gadgets = register(&house, &["gw-1", "th-1"], &factory).await;
    let there = put(&house, "th-1", Some("gw-1")).await;
    assert_eq!(there.status(), StatusCode::OK);
    let new = given(&house, "gw-1").await;
    for (token, expected) in [(&gadgets[0].token, 401), (&new, 200)] {
        let request = house.request(Method::POST, REPORTS_PATH, token);
        let request = request.header(FOR_HEADER, "th-1");
        let answer = request.body(message(&Reports::default())).send().await;
        assert_eq!(answer.unwrap().status().as_u16(), expected);
    }
}

/// The same of a device with another update client, whose door compares with what is kept.
#[tokio::test]
async fn another_clients_token_is_replaced_too() {
    let (house, _, [one, _]) = furnished().await;
    let new = given(&house, one.id.as_str()).await;
    let url = format!("{}/default/controller/v1/{}", house.base, one.controller);
    for (token, expected) in [(&one.token, 401), (&new, 200)] {
        let request = house.http.get(&url);
        let request = request.header("Authorization", format!("TargetToken {token}"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected);
    }
}
