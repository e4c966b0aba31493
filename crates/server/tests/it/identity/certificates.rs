//! Devices that show certificates, over real TLS.

use mainstay_api::{Page, RevokedCertificateView};
use mainstay_protocol::{CHECK_IN_PATH, PAYLOADS_PATH, REPORTS_PATH, Reports};
use mainstay_server::settings::DeviceCertificates;
use reqwest::StatusCode;
use serde_json::json;

use super::stage::{Stage, acknowledged, authority, given, given_for, report};
use crate::ddi::gateway::new_gateway;
use crate::gadget::{message, new_device, register};
use crate::house::{self, packed, problem};

#[tokio::test]
async fn a_certificate_is_its_devices_and_tokens_go_on() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(house, &[]).await;
    }
    let one = stage.device(&given(&stage.devices, "th-1"));
    let other = stage.device(&given(&stage.devices, "th-2"));
    let told = stage.reports(&one, &[report()]).await.unwrap();
    assert_eq!(acknowledged(told).await, 1);
    let told = stage.reports(&other, &[]).await.unwrap();
    assert_eq!(
        acknowledged(told).await,
        0,
        "another device's report isn't its"
    );
    // What came by the certificate is the same device's that has the token.
    let again = gadgets[0].send(house, &[report()]).await;
    assert_eq!(again, 1);
    // Pages and tools are reached without a certificate.
    let health = format!("{}/api/v1/health", house.base);
    let health = house.http.get(health).send().await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
    assert_eq!(stage.hears(&house.http).await, StatusCode::UNAUTHORIZED);
    // A token says more than a certificate: whoever bears a wrong one isn't let in by the other.
    let url = format!("{}{REPORTS_PATH}", house.base);
    let wrong = one.post(url).bearer_auth("0".repeat(64));
    let wrong = wrong.body(message(&Reports::default())).send().await;
    assert_eq!(wrong.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn no_certificate_fetches_what_another_device_was_offered() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(house, &[]).await;
    }
    let new = house.built("1.1.0", 2, &[]);
    house.roll_out(&new).await;
    stage.register(vec![new_device("th-3", "C")]).await;
    house.advance().await;
    house.later(1);
    assert!(gadgets[0].check_in(house, &[]).await.install.is_some());
    let url = format!("{}{PAYLOADS_PATH}{}", house.base, new.image_digest);
    for (name, status) in [
        ("th-1", StatusCode::OK),
        ("th-3", StatusCode::NOT_FOUND),
        ("nobody", StatusCode::UNAUTHORIZED),
    ] {
        let device = stage.device(&given(&stage.devices, name));
        let got = device.get(&url).send().await.unwrap();
        assert_eq!(got.status(), status, "{name}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_ends_the_handshake() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    stage.register(vec![new_device("th-1", "B")]).await;
    let elsewhere = authority("elsewhere");
    // One that only has the right name.
    let impostor = authority("devices");
    for papers in [
        given(&elsewhere, "th-1"),
        given(&impostor, "th-1"),
        given_for(&stage.devices, "th-1", (2020, 2021)),
        given_for(&stage.devices, "th-1", (2098, 2099)),
    ] {
        let device = stage.device(&papers);
        assert!(stage.reports(&device, &[]).await.is_err());
    }
    let good = stage.device(&given(&stage.devices, "th-1"));
    assert_eq!(stage.hears(&good).await, StatusCode::OK);
}

/// On the connection that is open: the client keeps it.
#[tokio::test]
async fn what_is_revoked_or_over_ends_at_once_and_a_new_one_goes_on() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    stage.register(vec![new_device("th-1", "B")]).await;
    let (old, new) = (
        given_for(&stage.devices, "th-1", (2020, 2090)),
        given(&stage.devices, "th-1"),
    );
    let (with_old, with_new) = (stage.device(&old), stage.device(&new));
    for device in [&with_old, &with_new] {
        assert_eq!(stage.hears(device).await, StatusCode::OK);
    }
    let revoked = stage.revoke(&old).await;
    assert_eq!(revoked.status(), StatusCode::CREATED);
    let revoked: RevokedCertificateView = house::read(revoked).await;
    assert_eq!(revoked.why, "its key was copied");
    assert_eq!(stage.hears(&with_old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(stage.hears(&with_new).await, StatusCode::OK);
    let again = problem(stage.revoke(&old).await).await;
    assert_eq!(again, (409, "store.already-exists".to_owned()));
    // Nor does a new connection help.
    let anew = stage.device(&old);
    assert_eq!(stage.hears(&anew).await, StatusCode::UNAUTHORIZED);
    // By the server's clock the other one ends while its connection is open.
    stage
        .house
        .clock
        .set("2099-06-01T00:00:00Z".parse().unwrap());
    assert_eq!(stage.hears(&with_new).await, StatusCode::UNAUTHORIZED);
}

/// Whoever has nothing to do is answered from memory, by whichever means it comes; a certificate is looked at all the same.
#[tokio::test]
async fn what_is_remembered_of_a_device_lets_no_revoked_certificate_in() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(house, &["th-1"], &old).await.remove(0);
    let papers = given(&stage.devices, "th-1");
    let device = stage.device(&papers);
    let url = format!("{}{CHECK_IN_PATH}", house.base);
    let asks = async |body: Vec<u8>| {
        let asked = device.post(&url).body(body).send().await;
        asked.unwrap().status()
    };
    for _ in 0..3 {
        let by_certificate = asks(gadget.check_in_message(&[])).await;
        assert_eq!(by_certificate, StatusCode::OK);
        gadget.check_in(house, &[]).await;
    }
    assert_eq!(stage.revoke(&papers).await.status(), StatusCode::CREATED);
    let by_certificate = asks(gadget.check_in_message(&[])).await;
    assert_eq!(by_certificate, StatusCode::UNAUTHORIZED);
    gadget.check_in(house, &[]).await;
}

#[tokio::test]
async fn a_revocation_says_which_and_why() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    let house = &stage.house;
    let path = "/api/v1/revoked-certificates";
    for (body, token, expected) in [
        (
            json!({"fingerprint": "ab", "why": "x"}),
            &house.tokens.operations,
            (400, "certificates.fingerprint"),
        ),
        (
            json!({"fingerprint": "ab".repeat(32), "why": " "}),
            &house.tokens.operations,
            (400, "rollouts.why"),
        ),
        (
            json!({"fingerprint": "ab".repeat(32), "why": "x"}),
            &house.tokens.engineer,
            (403, "access.denied"),
        ),
    ] {
        let refused = house
            .refused(path, token, body.to_string().into_bytes())
            .await;
        assert_eq!((refused.0, &*refused.1), expected, "{body}");
    }
    let listed: Page<RevokedCertificateView> = house.get(path, &house.tokens.engineer).await;
    assert_eq!(listed.items, []);
}

#[tokio::test]
async fn a_device_with_another_client_comes_by_its_certificate() {
    let stage = Stage::set(DeviceCertificates::Optional).await;
    let (mac, other) = ("02:00:5e:10:00:01", "02:00:5e:10:00:02");
    // One whose own name is another one's controller: its certificate could mean either.
    let clash = new_gateway("th-9", "B", "th-8");
    stage
        .register(vec![
            new_gateway("gw-1", "B", mac),
            new_gateway("gw-2", "C", other),
            clash,
            new_device("th-8", "B"),
        ])
        .await;
    let polls = async |name: &str, controller: &str| {
        let device = stage.device(&given(&stage.devices, name));
        let base = &stage.house.base;
        let url = format!("{base}/DEFAULT/controller/v1/{controller}");
        device.get(url).send().await.unwrap().status()
    };
    for (name, controller, status) in [
        (mac, mac, 200),
        ("gw-1", mac, 200),
        (mac, other, 401),
        ("gw-1", other, 401),
        (mac, "nobody", 401),
        ("th-8", "th-8", 401),
    ] {
        let got = polls(name, controller).await;
        assert_eq!(got.as_u16(), status, "{name} at {controller}");
    }
    let ambiguous = stage.device(&given(&stage.devices, "th-8"));
    assert_eq!(stage.hears(&ambiguous).await, StatusCode::UNAUTHORIZED);
}
