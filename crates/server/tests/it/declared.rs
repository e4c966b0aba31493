//! Devices are declared anew: what may be changed, by whom, and what is told of it.

use mainstay_fleet::{Device, DeviceId};
use reqwest::{Method, Response, StatusCode};

use crate::gadget::register;
use crate::house::{self, House, packed, problem, read};

/// A house with th-1, of hardware B.
async fn house() -> House {
    let house = House::new().await;
    register(&house, &["th-1"], &packed(house::CLASS, "1.0.0", 1, &[])).await;
    house
}

async fn patch(house: &House, id: &str, token: &str, body: &str) -> Response {
    let path = format!("/api/v1/devices/{id}");
    let request = house.request(Method::PATCH, &path, token);
    request.body(body.to_owned()).send().await.unwrap()
}

#[tokio::test]
async fn a_device_is_declared_anew_and_the_rest_stays() {
    let house = house().await;
    let before: Device = house
        .get("/api/v1/devices/th-1", &house.tokens.engineer)
        .await;
    let body = r#"{"bootloader":"1.5.0","hardware":"C","zone":"America/Phoenix","site":"store-7",
        "attributes":{"floor":"3"}}"#;
    let answer = patch(&house, "th-1", &house.tokens.operations, body).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let attributes = [("floor", "3"), ("site", "store-7")];
    let expected = Device {
        bootloader: "1.5.0".to_owned(),
        hardware: "C".to_owned(),
        zone: "America/Phoenix".to_owned(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..before
    };
    assert_eq!(read::<Device>(answer).await, expected);
    let id = DeviceId::new("th-1").unwrap();
    let timeline = house.app.store().timeline(&id, 1).await.unwrap();
    let told = "was declared anew: hardware from B to C, zone from America/Denver to America/Phoenix, \
                boot loader from 1.4.2 to 1.5.0, floor from nothing to 3, site from nothing to store-7";
    assert_eq!(timeline[0].text, told);
    let floor = r#"{"attributes":{"floor":"4"}}"#;
    let answer = patch(&house, "th-1", &house.tokens.operations, floor).await;
    let device: Device = read(answer).await;
    assert_eq!(device.attributes["floor"], "4");
    assert_eq!(device.attributes["site"], "store-7");
    assert_eq!(device.bootloader, "1.5.0");
}

#[tokio::test]
async fn what_is_no_longer_so_is_taken_away() {
    let house = house().await;
    let kim = &house.tokens.operations;
    let declared = r#"{"site":"store-7","attributes":{"floor":"3","hall":"b"}}"#;
    let answer = patch(&house, "th-1", kim, declared).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let attributes = async |body| -> Vec<String> {
        let device: Device = read(patch(&house, "th-1", kim, body).await).await;
        let pairs = device.attributes.into_iter();
        pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    };
    // What was never there is taken away, too.
    let without = r#"{"attributes":{"floor":null,"wing":null,"hall":"c"}}"#;
    assert_eq!(attributes(without).await, ["hall=c", "site=store-7"]);
    let gone = r#"{"attributes":{"floor":null}}"#;
    let again = problem(patch(&house, "th-1", kim, gone).await).await;
    assert_eq!(again, (422, "devices.nothing-to-change".to_owned()));
    let as_attribute = r#"{"attributes":{"site":null}}"#;
    let refused = problem(patch(&house, "th-1", kim, as_attribute).await).await;
    assert_eq!(refused, (422, "fleet.attribute".to_owned()));
    assert_eq!(attributes(r#"{"site":null}"#).await, ["hall=c"]);
    let id = DeviceId::new("th-1").unwrap();
    let timeline = house.app.store().timeline(&id, 2).await.unwrap();
    assert_eq!(
        timeline[0].text,
        "was declared anew: site from store-7 to nothing"
    );
    assert_eq!(
        timeline[1].text,
        "was declared anew: floor from 3 to nothing, hall from b to c"
    );
}

#[tokio::test]
async fn what_cant_be_declared_changes_nothing() {
    let house = house().await;
    let kim = &house.tokens.operations;
    let all: Vec<_> = (0..16).map(|n| format!(r#""a{n}":"x""#)).collect();
    let many = format!(r#"{{"attributes":{{{}}}}}"#, all.join(","));
    for (id, token, body, expected) in [
        ("th-1", &house.tokens.engineer, "{}", (403, "access.denied")),
        (
            "th-9",
            kim,
            r#"{"zone":"America/Phoenix"}"#,
            (404, "request.not-found"),
        ),
        ("th-1", kim, "{}", (422, "devices.nothing-to-change")),
        (
            "th-1",
            kim,
            r#"{"hardware":"B"}"#,
            (422, "devices.nothing-to-change"),
        ),
        (
            "th-1",
            kim,
            r#"{"hardware":"Z"}"#,
            (422, "devices.hardware"),
        ),
        (
            "th-1",
            kim,
            r#"{"bootloader":"new"}"#,
            (422, "devices.bootloader"),
        ),
        ("th-1", kim, r#"{"zone":"EST"}"#, (422, "fleet.zone")),
        (
            "th-1",
            kim,
            r#"{"attributes":{"site":"x"}}"#,
            (422, "fleet.attribute"),
        ),
        (
            "th-1",
            kim,
            r#"{"attributes":{"floor":""}}"#,
            (422, "fleet.attribute"),
        ),
        ("th-1", kim, &many, (422, "fleet.attribute")),
        ("th-1", kim, r#"{"site":"a/b"}"#, (400, "request.malformed")),
        // The class is what the device was made as.
        (
            "th-1",
            kim,
            r#"{"class":"thermo-v3"}"#,
            (400, "request.malformed"),
        ),
    ] {
        let refused = problem(patch(&house, id, token, body).await).await;
        assert_eq!(refused, (expected.0, expected.1.to_owned()), "{body}");
    }
    let id = DeviceId::new("th-1").unwrap();
    let timeline = house.app.store().timeline(&id, 10).await.unwrap();
    assert_eq!(timeline.len(), 1, "it was registered, and no more");
}
