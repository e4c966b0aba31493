//! Whom no welcome lets in, and which welcomes are made.

use std::collections::BTreeSet;

use mainstay_protocol::{REPORTS_PATH, Reports};
use mainstay_server::AppConfig;
use mainstay_server::flow::{Limits, Rate};
use mainstay_server::settings::{DeviceCertificates, UnregisteredDevices};
use reqwest::StatusCode;
use serde_json::json;

use super::stage::{Stage, authority, given};
use super::welcomed::{
    PATH, count, keep, nobody, none, polls, refused, revoke, set, welcome, welcomes, wish,
};
use crate::ddi::gateway::new_gateway;
use crate::gadget::{message, new_device};
use crate::house::problem;

/// Also if there is a welcome, from a time when it was.
#[tokio::test]
async fn nobody_is_registered_unless_it_is_switched_on() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let operations = &house.tokens.operations;
    let in_vain = house.refused(PATH, operations, wish(&json!({}))).await;
    assert_eq!(in_vain, (409, "welcome.switched-off".to_owned()));
    keep(house, None).await;
    let papers = given(&stage.devices, "th-7");
    let client = stage.device(&papers);
    assert_eq!(refused(&stage, &client).await, nobody());
    let polled = polls(&stage, &papers, "th-7").await;
    assert_eq!(polled, StatusCode::UNAUTHORIZED);
    assert_eq!(count(house).await, 0);
    revoke(house, &welcomes(house).await[0]).await;
}

#[tokio::test]
async fn who_can_prove_nothing_is_never_registered() {
    let stage = set(&[]).await;
    let house = &stage.house;
    welcome(house, json!({"uses": 9})).await;
    assert_eq!(refused(&stage, &house.http).await, nobody());
    let url = format!("{}{REPORTS_PATH}", house.base);
    let token = house.http.post(&url).bearer_auth("5f".repeat(32));
    let token = token.body(message(&Reports::default())).send().await;
    assert_eq!(problem(token.unwrap()).await, nobody());
    // One of an authority that only has the right name.
    let impostor = given(&authority("devices"), "th-7");
    let shown = stage.reports(&stage.device(&impostor), &[]).await;
    assert!(shown.is_err());
    let copied = given(&stage.devices, "th-7");
    let connected = stage.device(&copied);
    assert_eq!(stage.revoke(&copied).await.status(), StatusCode::CREATED);
    assert_eq!(refused(&stage, &connected).await, nobody());
    // Who bears a token is who that says, and nobody else.
    let good = stage.device(&given(&stage.devices, "th-7"));
    let both = good.post(url).bearer_auth("5f".repeat(32));
    let both = both.body(message(&Reports::default())).send().await;
    assert_eq!(problem(both.unwrap()).await, nobody());
    assert_eq!((count(house).await, welcomes(house).await[0].used), (0, 0));
    assert_eq!(stage.hears(&good).await, StatusCode::OK);
}

#[tokio::test]
async fn a_welcome_that_is_used_up_revoked_or_over_lets_nobody_in() {
    let stage = set(&[]).await;
    let house = &stage.house;
    let client = |name: &str| stage.device(&given(&stage.devices, name));
    welcome(house, json!({})).await;
    let first = client("th-1");
    assert_eq!(stage.hears(&first).await, StatusCode::OK);
    assert_eq!(refused(&stage, &client("th-2")).await, none());
    let made = welcome(house, json!({"uses": 9})).await;
    assert_eq!(stage.hears(&client("th-2")).await, StatusCode::OK);
    revoke(house, &made).await;
    assert_eq!(refused(&stage, &client("th-3")).await, none());
    welcome(house, json!({"uses": 9, "days": 1})).await;
    assert_eq!(stage.hears(&client("th-3")).await, StatusCode::OK);
    house.later(60 * 24);
    assert_eq!(refused(&stage, &client("th-4")).await, none());
    assert_eq!(count(house).await, 3);
    assert_eq!(stage.hears(&first).await, StatusCode::OK);
}

#[tokio::test]
async fn names_that_are_none_or_somebodys_register_nobody() {
    let stage = set(&[]).await;
    let house = &stage.house;
    welcome(house, json!({"uses": 99})).await;
    let malformed = (401, "welcome.name".to_owned());
    for name in ["02:00:5e:10:00:01", "a/b", "..%2f", &"x".repeat(65)] {
        let client = stage.device(&given(&stage.devices, name));
        assert_eq!(refused(&stage, &client).await, malformed, "{name}");
    }
    // What names nobody at all is no certificate.
    for name in ["", "th 1", "th-\u{131}"] {
        let client = stage.device(&given(&stage.devices, name));
        assert_eq!(refused(&stage, &client).await, nobody(), "{name}");
    }
    stage
        .register(vec![
            new_gateway("gw-1", "B", "serial-0815"),
            new_gateway("th-9", "B", "th-8"),
            new_device("th-8", "B"),
        ])
        .await;
    // Another's controller id: the certificate is that one's, and nobody new.
    let of_gateway = stage.device(&given(&stage.devices, "serial-0815"));
    assert_eq!(stage.hears(&of_gateway).await, StatusCode::OK);
    // One device's own name and another's controller id: it stays nobody's.
    let clash = stage.device(&given(&stage.devices, "th-8"));
    let taken = (401, "welcome.name-taken".to_owned());
    assert_eq!(refused(&stage, &clash).await, taken);
    // Who is registered under its own name is no other client's device.
    let native = polls(&stage, &given(&stage.devices, "th-9"), "th-9").await;
    assert_eq!(native, StatusCode::UNAUTHORIZED);
    assert_eq!((count(house).await, welcomes(house).await[0].used), (3, 0));
}

/// People made a code for the device of that name: nobody else is it.
#[tokio::test]
async fn a_name_that_a_code_is_for_is_not_welcome() {
    let stage = set(&[]).await;
    let house = &stage.house;
    welcome(house, json!({"uses": 9})).await;
    let wish = json!({"class": "thermo-v2", "device": "th-9"}).to_string();
    let operations = &house.tokens.operations;
    let code = house.post("/api/v1/join-codes", operations, wish.into_bytes());
    assert_eq!(code.await.status(), StatusCode::CREATED);
    let kept = stage.device(&given(&stage.devices, "th-9"));
    let refused_as_kept = refused(&stage, &kept).await;
    assert_eq!(refused_as_kept, (401, "welcome.name-kept".to_owned()));
    let other = stage.device(&given(&stage.devices, "th-8"));
    assert_eq!(stage.hears(&other).await, StatusCode::OK);
    assert_eq!(count(house).await, 1);
}

/// Whoever has a certificate and isn't welcome is held to what one device may ask.
#[tokio::test]
async fn who_is_not_welcome_asks_no_more_often_than_a_device() {
    let config = AppConfig {
        unregistered_devices: UnregisteredDevices::Welcomed,
        limits: Limits {
            device: Some(Rate::per_second(1)),
            address: None,
        },
        ..AppConfig::default()
    };
    let stage = Stage::told(config, &[]).await;
    let client = stage.device(&given(&stage.devices, "th-7"));
    let mut heard = BTreeSet::new();
    for _ in 0..60 {
        heard.insert(refused(&stage, &client).await);
    }
    let too_often = (429, "flow.device".to_owned());
    assert_eq!(heard, BTreeSet::from([none(), too_often]));
    welcome(&stage.house, json!({})).await;
    let other = stage.device(&given(&stage.devices, "th-8"));
    assert_eq!(stage.hears(&other).await, StatusCode::OK);
}

#[tokio::test]
async fn welcomes_are_made_by_operations_within_bounds_and_mean_one_thing() {
    let stage = set(&[]).await;
    let house = &stage.house;
    let operations = &house.tokens.operations;
    welcome(house, json!({"prefix": "th-"})).await;
    for (more, expected) in [
        (json!({"class": "nothing"}), (422, "devices.class")),
        (json!({"hardware": "Z"}), (422, "devices.hardware")),
        (json!({"zone": "Mars/Base"}), (422, "fleet.zone")),
        (json!({"bootloader": "x"}), (422, "devices.bootloader")),
        (json!({"uses": 0}), (422, "welcome.uses")),
        (json!({"uses": 10_001}), (422, "welcome.uses")),
        (json!({"days": 400}), (422, "welcome.days")),
        (json!({"prefix": ""}), (422, "welcome.prefix")),
        (json!({"prefix": "th 1"}), (422, "welcome.prefix")),
        (json!({"authority": "ab"}), (400, "welcome.authority")),
        (json!({"hardware": "B"}), (409, "welcome.overlaps")),
        (
            json!({"hardware": "B", "prefix": "th-1"}),
            (409, "welcome.overlaps"),
        ),
        (json!({"secret": "x"}), (400, "request.malformed")),
    ] {
        let (status, id) = house.refused(PATH, operations, wish(&more)).await;
        assert_eq!((status, &*id), expected, "{more}");
    }
    let denied = house.refused(PATH, &house.tokens.engineer, wish(&json!({})));
    assert_eq!(denied.await, (403, "access.denied".to_owned()));
    for id in ["nobody", "0000000000000000"] {
        let path = format!("{PATH}/{id}/revoke");
        let unknown = house.refused(&path, operations, Vec::new()).await;
        assert_eq!(unknown.0, 404, "{id}: {}", unknown.1);
    }
    // What declares the same may overlap: so one follows another.
    welcome(house, json!({"prefix": "th-1"})).await;
    welcome(house, json!({"hardware": "B", "prefix": "gw-"})).await;
    assert_eq!(welcomes(house).await.len(), 3);
}
