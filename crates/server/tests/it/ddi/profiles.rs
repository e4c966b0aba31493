//! What people say of a device's client, and what they have it asked for.

use mainstay_api::{AttributesAsked, ClientView};
use mainstay_fleet::{Assurance, ClientProfile, DeviceClient};
use reqwest::{Method, StatusCode};

use super::gateway::{Gateway, furnished, offered};
use crate::gadget::register;
use crate::house::{self, House, problem};

const ZEPHYR: &str = r#"{"profile": "zephyr", "why": "its client sends no name"}"#;

async fn says(house: &House, device: &str, token: &str, body: &str) -> reqwest::Response {
    let path = format!("/api/v1/devices/{device}/client");
    let request = house.request(Method::PUT, &path, token);
    request.body(body.to_owned()).send().await.unwrap()
}

/// The kind of module that the device is to install.
async fn part(house: &House, gateway: &Gateway) -> String {
    let number = gateway.order(house).await.number;
    let deployment = gateway.deployment(house, number).await;
    let part = &deployment["deployment"]["chunks"][0]["part"];
    part.as_str().expect("a word").to_owned()
}

async fn client(house: &House, device: &str) -> ClientView {
    let path = format!("/api/v1/devices/{device}/client");
    house.get(&path, &house.tokens.engineer).await
}

/// Zephyr's client sends no name and takes one kind of module alone.
#[tokio::test]
async fn what_people_say_of_a_client_decides_what_it_is_told() {
    let (house, _, [one, other]) = offered().await;
    let operations = &house.tokens.operations;
    let seen = client(&house, "gw-1").await;
    assert_eq!(seen.client, DeviceClient::default());
    assert_eq!(part(&house, &one).await, "os");
    let said = says(&house, "gw-1", operations, ZEPHYR).await;
    assert_eq!(said.status(), StatusCode::OK);
    let said: ClientView = house::read(said).await;
    let zephyr = DeviceClient::chosen(Some(ClientProfile::Zephyr));
    assert_eq!(said.client, zephyr);
    let controller = said.controller.as_ref().map(|it| it.as_str());
    assert_eq!(controller, Some(&*one.controller));
    assert_eq!(part(&house, &one).await, "bApp");
    assert_eq!(part(&house, &other).await, "os");
    assert_eq!(
        client(&house, "gw-1").await,
        said,
        "its requests undo nothing"
    );
    let page = one.page(&house).await;
    assert!(page.contains("set by people"), "{page}");

    let nobody = r#"{"profile": null, "why": "it names itself by now"}"#;
    let taken_back = says(&house, "gw-1", operations, nobody).await;
    assert_eq!(taken_back.status(), StatusCode::OK);
    assert_eq!(client(&house, "gw-1").await.client, DeviceClient::default());
    assert_eq!(part(&house, &one).await, "os");
}

#[tokio::test]
async fn who_may_say_it_and_of_what() {
    let (house, old, _) = furnished().await;
    register(&house, &["th-1"], &old).await;
    let (operations, engineer) = (&house.tokens.operations, &house.tokens.engineer);
    let native = r#"{"profile": "native", "why": "to look safer"}"#;
    for (device, token, body, expected) in [
        ("gw-1", engineer, ZEPHYR, (403, "access.denied")),
        ("gw-1", operations, native, (400, "devices.client")),
        ("th-1", operations, ZEPHYR, (409, "devices.client")),
        ("gw-9", operations, ZEPHYR, (404, "request.not-found")),
        (
            "gw-1",
            operations,
            r#"{"profile": "rauc", "why": " "}"#,
            (400, "rollouts.why"),
        ),
        (
            "gw-1",
            operations,
            r#"{"why": "who knows"}"#,
            (400, "request.malformed"),
        ),
    ] {
        let (status, id) = problem(says(&house, device, token, body).await).await;
        assert_eq!((status, &*id), expected, "{device}: {body}");
    }
    let untouched = client(&house, "gw-1").await.client;
    assert_eq!(untouched, DeviceClient::default());
    let ours = client(&house, "th-1").await;
    assert_eq!(ours.controller, None);
    assert_eq!(ours.assurance, Assurance::DeviceChecked);
}

#[tokio::test]
async fn a_device_is_asked_for_its_attributes_again() {
    let (house, old, [one, other]) = furnished().await;
    register(&house, &["th-1"], &old).await;
    let path = |id: &str| format!("/api/v1/devices/{id}/attributes/ask");
    assert!(one.poll(&house).await.config_data_request().is_none());
    let engineer = &house.tokens.engineer;
    let denied = house.refused(&path("gw-1"), engineer, vec![]).await;
    assert_eq!(denied, (403, "access.denied".to_owned()));
    let operations = &house.tokens.operations;
    let ours = house.refused(&path("th-1"), operations, vec![]).await;
    assert_eq!(ours, (409, "devices.client".to_owned()));
    let asked = house.post(&path("gw-1"), operations, vec![]).await;
    assert_eq!(asked.status(), StatusCode::OK);
    let asked: AttributesAsked = house::read(asked).await;
    assert_eq!(asked.device, one.id);
    assert_eq!(asked.controller.as_str(), one.controller);
    assert!(other.poll(&house).await.config_data_request().is_none());
    one.says_it_runs(&house, "1.0.0").await;
    assert!(one.poll(&house).await.config_data_request().is_none());
}
