//! Devices that nobody registered, where gateways ask for others and where the server gives certificates.

use mainstay_protocol::{CHECK_IN_PATH, FOR_HEADER, PAYLOADS_PATH, REPORTS_PATH, Reports};
use mainstay_server::settings::{DeviceCertificates, UnregisteredDevices};
use mainstay_server::{AppConfig, Clock as _, SystemClock};
use rcgen::KeyPair;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::json;

use super::behind::put;
use super::issuer::How;
use super::issuing::{ENROLL, REENROLL, asks, papers, request};
use super::stage::{Stage, given};
use super::welcomed::{count, device, nobody, set, welcome, welcomes};
use crate::gadget::{message, new_device};
use crate::house::{House, problem};

/// A house that gives certificates and welcomes whom nobody registered. A handshake goes by the machine's clock, and so does this house.
async fn that_issues(device_certificates: DeviceCertificates) -> Stage {
    let config = AppConfig {
        device_certificates,
        unregistered_devices: UnregisteredDevices::Welcomed,
        ..AppConfig::default()
    };
    let stage = Stage::raised(config, Some(((2020, 2099), How::Signs))).await;
    stage.house.clock.set(SystemClock.now());
    stage
}

async fn reports_at(house: &House, client: &Client) -> Response {
    let url = format!("{}{REPORTS_PATH}", house.base);
    let body = message(&Reports::default());
    client.post(url).body(body).send().await.unwrap()
}

/// Neither itself nor the other one, whoever that is, at any place of devices.
#[tokio::test]
async fn a_stranger_that_names_another_device_registers_nobody() {
    let stage = set(&[]).await;
    let house = &stage.house;
    welcome(house, json!({"uses": 9})).await;
    stage.register(vec![new_device("th-1", "B")]).await;
    let stranger = stage.device(&given(&stage.devices, "gw-7"));
    let payload = format!("{PAYLOADS_PATH}{}", "5f".repeat(32));
    let native = [
        (Method::POST, CHECK_IN_PATH),
        (Method::POST, REPORTS_PATH),
        (Method::GET, payload.as_str()),
    ];
    for child in ["th-1", "th-8", "gw-7"] {
        for (method, path) in &native {
            let url = format!("{}{path}", house.base);
            let asked = stranger.request(method.clone(), url);
            let asked = asked.header(FOR_HEADER, child);
            let asked = asked.body(message(&Reports::default())).send().await;
            assert_eq!(problem(asked.unwrap()).await, nobody(), "{child} {path}");
        }
        let url = format!("{}/DEFAULT/controller/v1/gw-7", house.base);
        let polled = stranger.get(url).header(FOR_HEADER, child).send().await;
        let status = polled.unwrap().status();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{child}");
    }
    assert_eq!((count(house).await, welcomes(house).await[0].used), (1, 0));
    // Once it has asked for itself it is a device, which speaks for nobody until people say so.
    assert_eq!(stage.hears(&stranger).await, StatusCode::OK);
    let for_child = || {
        let asked = stranger.post(format!("{}{REPORTS_PATH}", house.base));
        let asked = asked.header(FOR_HEADER, "th-1");
        asked.body(message(&Reports::default())).send()
    };
    let refused = problem(for_child().await.unwrap()).await;
    assert_eq!(refused, (403, "gateway.not-its-child".to_owned()));
    let behind = put(house, "th-1", Some("gw-7")).await;
    assert_eq!(behind.status(), StatusCode::OK);
    assert_eq!(for_child().await.unwrap().status(), StatusCode::OK);
}

/// Whoever is welcome is registered when it asks what to do, not when it asks for a certificate.
#[tokio::test]
async fn asking_for_a_certificate_registers_nobody() {
    for (means, refused) in [
        (DeviceCertificates::Optional, nobody()),
        (
            DeviceCertificates::Required,
            (401, "auth.certificate".to_owned()),
        ),
    ] {
        let stage = that_issues(means).await;
        let house = &stage.house;
        welcome(house, json!({"uses": 9})).await;
        let client = stage.device(&given(&stage.devices, "th-7"));
        let key = KeyPair::generate().unwrap();
        let wish = || request(&key, Some("th-7"));
        let enrols = asks(house, &client, (ENROLL, None), wish()).await;
        assert_eq!(problem(enrols).await, refused);
        let renews = asks(house, &client, (REENROLL, None), wish()).await;
        assert_eq!(problem(renews).await, (401, "auth.certificate".to_owned()));
        assert_eq!((count(house).await, welcomes(house).await[0].used), (0, 0));
        assert_eq!(stage.hears(&client).await, StatusCode::OK);
        let enrols = asks(house, &client, (ENROLL, None), wish()).await;
        let own = stage.device(&papers(enrols, &key).await);
        assert_eq!(stage.hears(&own).await, StatusCode::OK);
        assert_eq!((count(house).await, welcomes(house).await[0].used), (1, 1));
    }
}

/// A device of the factory that is registered, and what the house gave it: its two certificates.
async fn with_both(stage: &Stage) -> (Client, Client) {
    welcome(&stage.house, json!({"uses": 9})).await;
    let factory = stage.device(&given(&stage.devices, "th-7"));
    assert_eq!(stage.hears(&factory).await, StatusCode::OK);
    let key = KeyPair::generate().unwrap();
    let enrols = asks(
        &stage.house,
        &factory,
        (ENROLL, None),
        request(&key, Some("th-7")),
    )
    .await;
    let own = stage.device(&papers(enrols, &key).await);
    (factory, own)
}

/// In a house that doesn't know the device, what was given registers nobody, and what it came with does.
async fn only_the_factory_registers(house: &House, (factory, own): &(Client, Client)) {
    house.clock.set(SystemClock.now());
    welcome(house, json!({"uses": 9})).await;
    let refused = problem(reports_at(house, own).await).await;
    assert_eq!(refused, (401, "welcome.given".to_owned()));
    assert_eq!((count(house).await, welcomes(house).await[0].used), (0, 0));
    for client in [factory, own] {
        let heard = reports_at(house, client).await;
        assert_eq!(heard.status(), StatusCode::OK);
    }
    assert!(device(house, "th-7").await.is_some());
    assert_eq!(count(house).await, 1);
}

/// As after a backup was restored: the server gave the certificate, and doesn't know the device. Whoever else has the issuer's key registers nobody, either.
#[tokio::test]
async fn a_certificate_that_the_server_gave_registers_nobody() {
    let stage = that_issues(DeviceCertificates::Optional).await;
    let both = with_both(&stage).await;
    only_the_factory_registers(&stage.another_house().await, &both).await;
}

/// That is known by the issuer's certificate: whether its key went away while the server runs, wasn't there when it started, or doesn't answer.
#[tokio::test]
async fn nor_does_it_while_the_server_can_give_none() {
    let stage = that_issues(DeviceCertificates::Optional).await;
    let both = with_both(&stage).await;
    let (house, key) = (&stage.house, KeyPair::generate().unwrap());
    stage.token().now(How::Away);
    let renews = asks(house, &both.1, (REENROLL, None), request(&key, None)).await;
    assert_eq!(problem(renews).await, (503, "issuer.unsigned".to_owned()));
    let ran = stage.another_house().await;
    let started = stage.another_house_started().await;
    let _hanging = stage.token().hangs();
    let waits = stage.another_house_started().await;
    stage.token().hung(1).await;
    for house in [&ran, &started, &waits] {
        only_the_factory_registers(house, &both).await;
        let renews = asks(house, &both.1, (REENROLL, None), request(&key, None)).await;
        assert_eq!(renews.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
