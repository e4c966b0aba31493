//! Servers to which devices come by certificates alone.

use mainstay_api::{DeviceTokens, NewDevices};
use mainstay_protocol::{CHECK_IN_PATH, JOIN_PATH, REPORTS_PATH, ReportList, Reports};
use mainstay_server::flow::{Limits, Rate};
use mainstay_server::settings::DeviceCertificates;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, StatusCode};

use super::joining::{plain, question};
use super::stage::{Stage, acknowledged, given, report};
use crate::ddi::gateway::new_gateway;
use crate::gadget::{message, register};
use crate::house::{self, packed, problem};

#[tokio::test]
async fn where_certificates_are_required_no_token_lets_a_device_in() {
    let stage = Stage::set(DeviceCertificates::Required).await;
    let house = &stage.house;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let gadgets = register(house, &["th-1", "th-2"], &old).await;
    let body = message(&Reports::default());
    let by_token = house.refused(REPORTS_PATH, &gadgets[0].token, body).await;
    assert_eq!(by_token, (401, "auth.certificate".to_owned()));
    let [one, other] = ["th-1", "th-2"].map(|name| stage.device(&given(&stage.devices, name)));
    assert_eq!(stage.hears(&one).await, StatusCode::OK);
    // Another device's token changes nothing: the certificate speaks.
    let url = format!("{}{REPORTS_PATH}", house.base);
    let reports = ReportList([report()].into_iter().collect());
    let both = one.post(url).bearer_auth(&gadgets[1].token);
    let both = both.body(message(&Reports { reports })).send().await;
    assert_eq!(acknowledged(both.unwrap()).await, 1);
    let told = stage.reports(&other, &[]).await.unwrap();
    assert_eq!(acknowledged(told).await, 0);
    // People aren't asked for one.
    let operations = &house.tokens.operations;
    let asked = house.request(Method::GET, "/api/v1/devices", operations);
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::OK);
}

/// What is remembered is answered before any route is looked for. There, too, a token is nobody's word, and a certificate counts only as long as it does.
#[tokio::test]
async fn where_certificates_are_required_memory_answers_no_token() {
    let stage = Stage::set(DeviceCertificates::Required).await;
    let house = &stage.house;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(house, &["th-1"], &old).await.remove(0);
    let papers = given(&stage.devices, "th-1");
    let device = stage.device(&papers);
    let url = format!("{}{CHECK_IN_PATH}", house.base);
    for _ in 0..3 {
        let asked = device.post(&url).body(gadget.check_in_message(&[])).send();
        assert_eq!(asked.await.unwrap().status(), StatusCode::OK);
    }
    let body = gadget.check_in_message(&[]);
    let by_token = house.refused(CHECK_IN_PATH, &gadget.token, body).await;
    assert_eq!(by_token, (401, "auth.certificate".to_owned()));
    // Nor does the token help whoever shows a certificate that is revoked.
    stage.revoke(&papers).await;
    let both = device.post(&url).bearer_auth(&gadget.token);
    let both = both.body(gadget.check_in_message(&[])).send().await;
    let refused = problem(both.unwrap()).await;
    assert_eq!(refused, (401, "auth.certificate".to_owned()));
}

/// The same of a device with another client.
#[tokio::test]
async fn where_certificates_are_required_memory_answers_no_target_token() {
    let stage = Stage::set(DeviceCertificates::Required).await;
    let house = &stage.house;
    let devices = vec![new_gateway("gw-1", "B", "serial-0815")];
    let body = serde_json::to_vec(&NewDevices { devices }).unwrap();
    let operations = &house.tokens.operations;
    let made = house.post("/api/v1/devices", operations, body).await;
    let made: DeviceTokens = house::read(made).await;
    let token = format!("TargetToken {}", made.devices[0].token);
    let polls = async |client: &Client, token: Option<&str>| {
        let base = &house.base;
        let poll = client.get(format!("{base}/DEFAULT/controller/v1/serial-0815"));
        let poll = token
            .into_iter()
            .fold(poll, |poll, token| poll.header(AUTHORIZATION, token));
        poll.send().await.unwrap().status()
    };
    let device = stage.device(&given(&stage.devices, "gw-1"));
    for _ in 0..3 {
        assert_eq!(polls(&device, None).await, StatusCode::OK);
    }
    let by_token = polls(&house.http, Some(&token)).await;
    assert_eq!(by_token, StatusCode::UNAUTHORIZED);
}

/// The code registers, the certificate lets in; and whoever has the code alone takes no name.
#[tokio::test]
async fn where_certificates_are_required_a_device_joins_by_both() {
    let stage = Stage::set(DeviceCertificates::Required).await;
    let house = &stage.house;
    let code = plain(house, 9).await;
    let url = format!("{}{JOIN_PATH}", house.base);
    let joins = async |client: &Client| {
        let join = message(&question(&code, "th-7"));
        client.post(&url).body(join).send().await.unwrap()
    };
    let (copied, good) = (given(&stage.devices, "th-7"), given(&stage.devices, "th-7"));
    stage.revoke(&copied).await;
    for stranger in [
        house.http.clone(),
        stage.device(&given(&stage.devices, "th-8")),
        stage.device(&copied),
    ] {
        let refused = problem(joins(&stranger).await).await;
        assert_eq!(refused, (401, "auth.certificate".to_owned()));
    }
    let device = stage.device(&good);
    assert_eq!(stage.hears(&device).await, StatusCode::UNAUTHORIZED);
    assert_eq!(joins(&device).await.status(), StatusCode::OK);
    assert_eq!(stage.hears(&device).await, StatusCode::OK);
}

/// Nobody guesses a certificate: whoever shows wrong tokens at the same address keeps no device out that shows one.
#[tokio::test]
async fn guesses_beside_a_device_do_not_touch_its_certificate() {
    let limits = Limits {
        device: None,
        address: Some(Rate::per_second(1)),
    };
    let stage = Stage::limited(DeviceCertificates::Optional, limits).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    register(&stage.house, &["th-1"], &old).await;
    let url = format!("{}{REPORTS_PATH}", stage.house.base);
    let mut told = StatusCode::OK;
    // Twenty are free, and one more in each second.
    for nth in 0..60 {
        let guess = stage
            .house
            .http
            .post(&url)
            .bearer_auth(format!("{nth:064x}"));
        let guess = guess.body(message(&Reports::default())).send().await;
        told = guess.unwrap().status();
        if told == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(told, StatusCode::TOO_MANY_REQUESTS);
    let device = stage.device(&given(&stage.devices, "th-1"));
    assert_eq!(stage.hears(&device).await, StatusCode::OK);
}
