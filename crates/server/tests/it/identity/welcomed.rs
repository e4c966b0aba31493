//! Devices that nobody registered, and that show a certificate: registered at their first request where that is switched on and they are welcome.

use mainstay_access::{AuthorityDigest, Declares, Email, Welcome, WelcomeId, WelcomeTerms};
use mainstay_api::{Page, WelcomeView};
use mainstay_fleet::{Device, DeviceId};
use mainstay_protocol::{REPORTS_PATH, Reports};
use mainstay_server::AppConfig;
use mainstay_server::settings::{DeviceCertificates, UnregisteredDevices};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::stage::{Authority, Papers, Stage, authority, authority_below, given};
use crate::gadget::message;
use crate::house::{self, House, problem};

pub(super) const PATH: &str = "/api/v1/welcomes";

pub(super) async fn set(others: &[&Authority]) -> Stage {
    told(DeviceCertificates::Optional, others).await
}

pub(super) async fn told(device_certificates: DeviceCertificates, others: &[&Authority]) -> Stage {
    let config = AppConfig {
        device_certificates,
        unregistered_devices: UnregisteredDevices::Welcomed,
        ..AppConfig::default()
    };
    Stage::told(config, others).await
}

/// For devices of hardware C, unless it says something else.
pub(super) fn wish(more: &Value) -> Vec<u8> {
    let mut wish = json!({"class": "thermo-v2", "hardware": "C", "zone": "America/Denver", "bootloader": "1.4.0"});
    let more = more.as_object().unwrap().clone();
    wish.as_object_mut().unwrap().extend(more);
    wish.to_string().into_bytes()
}

pub(super) async fn welcome(house: &House, more: Value) -> WelcomeView {
    let made = house.post(PATH, &house.tokens.operations, wish(&more));
    let made = made.await;
    assert_eq!(made.status(), StatusCode::CREATED);
    house::read(made).await
}

/// Puts one into the store that no server would make now: for devices of hardware C, and of this authority, if of one.
pub(super) async fn keep(house: &House, authority: Option<AuthorityDigest>) {
    let terms = WelcomeTerms {
        declares: Declares {
            class: "thermo-v2".to_owned(),
            hardware: "C".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.0".to_owned(),
            site: None,
        },
        prefix: None,
        authority,
    };
    let (kim, now) = (Email::new("kim@northwind.example"), house.app.now());
    let kept = Welcome::new(WelcomeId([7; 8]), terms, (9, 7), kim.unwrap(), now).unwrap();
    house.app.store().add_welcome(&kept).await.unwrap();
}

pub(super) async fn welcomes(house: &House) -> Vec<WelcomeView> {
    let page: Page<WelcomeView> = house.get(PATH, &house.tokens.engineer).await;
    page.items
}

pub(super) async fn revoke(house: &House, welcome: &WelcomeView) {
    let path = format!("{PATH}/{}/revoke", welcome.id);
    let revoked = house.post(&path, &house.tokens.operations, Vec::new());
    let revoked: WelcomeView = house::read(revoked.await).await;
    assert!(revoked.revoked.is_some());
}

pub(super) async fn device(house: &House, id: &str) -> Option<Device> {
    let id = DeviceId::new(id).unwrap();
    house.app.store().device(&id).await.unwrap()
}

pub(super) async fn count(house: &House) -> usize {
    house.app.store().devices(None).await.unwrap().len()
}

/// What a device is refused with.
pub(super) async fn refused(stage: &Stage, client: &Client) -> (u16, String) {
    problem(stage.reports(client, &[]).await.unwrap()).await
}

pub(super) async fn polls(stage: &Stage, papers: &Papers, controller: &str) -> StatusCode {
    let url = format!("{}/DEFAULT/controller/v1/{controller}", stage.house.base);
    let polled = stage.device(papers).get(url).send().await;
    polled.unwrap().status()
}

pub(super) fn none() -> (u16, String) {
    (401, "welcome.none".to_owned())
}

pub(super) fn nobody() -> (u16, String) {
    (401, "auth.token".to_owned())
}

#[tokio::test]
async fn a_device_that_is_welcome_is_registered_at_its_first_request() {
    let stage = set(&[]).await;
    let house = &stage.house;
    let papers = given(&stage.devices, "th-7");
    let client = stage.device(&papers);
    assert_eq!(refused(&stage, &client).await, none());
    assert_eq!(count(house).await, 0);
    let more = json!({"prefix": "th-", "uses": 2, "site": "depot"});
    let made = welcome(house, more).await;
    for _ in 0..2 {
        assert_eq!(stage.hears(&client).await, StatusCode::OK);
    }
    let found = device(house, "th-7").await.unwrap();
    assert_eq!(
        (
            &*found.class,
            &*found.hardware,
            &*found.zone,
            &*found.bootloader
        ),
        ("thermo-v2", "C", "America/Denver", "1.4.0")
    );
    assert_eq!(found.attributes["site"], "depot");
    let timeline = house.app.store().timeline(&found.id, 9).await.unwrap();
    let said: Vec<_> = timeline.iter().map(|entry| entry.text.as_str()).collect();
    let (id, print) = (&made.id, papers.fingerprint());
    let how = format!(
        "let in by the welcome {id}, which kim@northwind.example made, with the certificate {print}"
    );
    assert!(said.contains(&how.as_str()), "{said:?}");
    // It has no token that anybody could show, and a renewed certificate is the same device's.
    let url = format!("{}{REPORTS_PATH}", house.base);
    let guess = house.http.post(url).bearer_auth("0".repeat(64));
    let guess = guess.body(message(&Reports::default())).send().await;
    assert_eq!(guess.unwrap().status(), StatusCode::UNAUTHORIZED);
    let renewed = stage.device(&given(&stage.devices, "th-7"));
    assert_eq!(stage.hears(&renewed).await, StatusCode::OK);
    let stranger = stage.device(&given(&stage.devices, "gw-1"));
    assert_eq!(refused(&stage, &stranger).await, none());
    assert_eq!((count(house).await, welcomes(house).await[0].used), (1, 1));
}

/// An authority that another one of them vouches for tells nothing apart from that one, whatever a device shows along with its own certificate.
#[tokio::test]
async fn authorities_tell_classes_apart_and_who_could_be_two_is_refused() {
    let other = authority("other");
    let below = authority_below(&other, "below");
    let stage = set(&[&other, &below]).await;
    let house = &stage.house;
    let digest = |pem: String| mainstay_server::tls::fingerprint_of_pem(pem.as_bytes()).unwrap();
    let by = |authority: &Authority, hardware: &str| json!({"authority": digest(authority.pem()), "hardware": hardware, "uses": 9});
    welcome(house, by(&other, "B")).await;
    let operations = &house.tokens.operations;
    let two = house
        .refused(PATH, operations, wish(&by(&below, "C")))
        .await;
    assert_eq!(two, (409, "welcome.overlaps".to_owned()));
    welcome(house, by(&stage.devices, "C")).await;
    for (authority, name, expected) in [(&other, "th-1", "B"), (&stage.devices, "th-2", "C")] {
        let client = stage.device(&given(authority, name));
        assert_eq!(stage.hears(&client).await, StatusCode::OK);
        let hardware = device(house, name).await.map(|found| found.hardware);
        assert_eq!(hardware.as_deref(), Some(expected));
    }
    // One from before the file held both of them.
    let authority = AuthorityDigest::try_from(digest(below.pem())).unwrap();
    keep(house, Some(authority)).await;
    let ambiguous = (401, "welcome.ambiguous".to_owned());
    let shown = given(&below, "th-3").shown_with(&below.pem());
    for papers in [given(&below, "th-3"), shown] {
        assert_eq!(refused(&stage, &stage.device(&papers)).await, ambiguous);
    }
    let feigned = given(&stage.devices, "th-4").shown_with(&other.pem());
    assert_eq!(stage.hears(&stage.device(&feigned)).await, StatusCode::OK);
    let hardware = device(house, "th-4").await.map(|found| found.hardware);
    assert_eq!(hardware.as_deref(), Some("C"));
    assert_eq!(count(house).await, 3);
}

#[tokio::test]
async fn a_device_with_another_client_is_welcome_under_its_clients_name() {
    let stage = set(&[]).await;
    let house = &stage.house;
    welcome(house, json!({"uses": 9})).await;
    let mac = "02:00:5e:10:00:01";
    let papers = given(&stage.devices, mac);
    // Whoever asks as somebody else is nobody, and is registered as nobody.
    let asks_as_other = polls(&stage, &papers, "02:00:5e:10:00:02").await;
    assert_eq!(asks_as_other, StatusCode::UNAUTHORIZED);
    assert_eq!(count(house).await, 0);
    for _ in 0..3 {
        assert_eq!(polls(&stage, &papers, mac).await, StatusCode::OK);
    }
    assert!(device(house, "02-00-5e-10-00-01").await.is_some());
    assert_eq!((count(house).await, welcomes(house).await[0].used), (1, 1));
    // Its name by another way is its own name, too.
    let by_own = given(&stage.devices, "02-00-5e-10-00-01");
    assert_eq!(polls(&stage, &by_own, mac).await, StatusCode::OK);
    // A name that would become another device's is that one's.
    let near = "02-00:5e:10:00:01";
    let near_papers = given(&stage.devices, near);
    let polled = polls(&stage, &near_papers, near).await;
    assert_eq!(polled, StatusCode::UNAUTHORIZED);
    assert_eq!(count(house).await, 1);
}

#[tokio::test]
async fn where_certificates_are_required_a_newcomer_shows_one_all_the_more() {
    let stage = told(DeviceCertificates::Required, &[]).await;
    let house = &stage.house;
    let (one, gateway) = (
        given(&stage.devices, "th-1"),
        given(&stage.devices, "serial-0815"),
    );
    let client = stage.device(&one);
    let required = (401, "auth.certificate".to_owned());
    assert_eq!(refused(&stage, &house.http).await, required);
    assert_eq!(refused(&stage, &client).await, none());
    welcome(house, json!({"uses": 9})).await;
    assert_eq!(refused(&stage, &house.http).await, required);
    assert_eq!(stage.hears(&client).await, StatusCode::OK);
    let polled = polls(&stage, &gateway, "serial-0815").await;
    assert_eq!(polled, StatusCode::OK);
    stage.revoke(&one).await;
    assert_eq!(refused(&stage, &client).await, required);
    assert_eq!(count(house).await, 2);
}

/// Each device asks two servers at one moment, twice each, on connections of their own: so do those of other clients.
#[tokio::test]
async fn first_requests_at_two_servers_make_one_device_each() {
    let stage = set(&[]).await;
    let house = &stage.house;
    welcome(house, json!({"uses": 8})).await;
    let (_server, other) = stage.another_server().await;
    let body = message(&Reports::default());
    let mut asked = Vec::new();
    for n in 0..8 {
        let name = format!("th-{n}");
        let papers = given(&stage.devices, &name);
        for base in [&house.base, &other, &house.base, &other] {
            let client = stage.device(&papers);
            let request = match n % 2 {
                0 => client
                    .post(format!("{base}{REPORTS_PATH}"))
                    .body(body.clone()),
                _ => client.get(format!("{base}/DEFAULT/controller/v1/{name}")),
            };
            asked.push(tokio::spawn(request.send()));
        }
    }
    for answer in asked {
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!((count(house).await, welcomes(house).await[0].used), (8, 8));
    // One more at either is one too many.
    let late = stage.device(&given(&stage.devices, "th-8"));
    assert_eq!(refused(&stage, &late).await, none());
}
