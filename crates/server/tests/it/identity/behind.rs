//! People declare which devices stand behind a gateway, over real HTTP: at once with a device or later, one by one, in an import, or by a code.

use mainstay_api::{
    Becomes, DeviceView, GivenToken, Import, ImportView, ImportedDevice, NewDevice, NewDevices,
};
use mainstay_fleet::DeviceId;
use mainstay_server::PagesAccess;
use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use super::joining::{code, question, token};
use crate::gadget::new_device;
use crate::house::{self, House, problem};

fn id(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

fn behind(name: &str, gateway: &str) -> NewDevice {
    NewDevice {
        gateway: Some(id(gateway)),
        ..new_device(name, "B")
    }
}

pub(super) async fn register(house: &House, devices: Vec<NewDevice>) -> Response {
    let body = serde_json::to_vec(&NewDevices { devices }).unwrap();
    let operations = &house.tokens.operations;
    house.post("/api/v1/devices", operations, body).await
}

/// Registers gw-1, gw-2, th-1 and th-2, none of them behind another.
async fn four(house: &House) {
    let names = ["gw-1", "gw-2", "th-1", "th-2"];
    let devices = names.map(|name| new_device(name, "B")).into();
    let made = register(house, devices).await;
    assert_eq!(made.status(), StatusCode::CREATED);
}

/// Puts a device behind a gateway, or behind none.
pub async fn put(house: &House, child: &str, gateway: Option<&str>) -> Response {
    put_as(house, &house.tokens.operations, child, gateway).await
}

async fn put_as(house: &House, token: &str, child: &str, gateway: Option<&str>) -> Response {
    let path = format!("/api/v1/devices/{child}");
    let request = house.request(Method::PATCH, &path, token);
    let body = json!({ "gateway": gateway }).to_string();
    request.body(body).send().await.unwrap()
}

async fn view(house: &House, name: &str) -> DeviceView {
    let path = format!("/api/v1/devices/{name}");
    house.get(&path, &house.tokens.engineer).await
}

async fn told(house: &House, name: &str) -> Vec<String> {
    let entries = house.app.store().timeline(&id(name), 9).await.unwrap();
    entries.into_iter().map(|entry| entry.text).collect()
}

#[tokio::test]
async fn operations_puts_a_device_behind_a_gateway_and_takes_it_back() {
    let house = House::with(PagesAccess::Anyone).await;
    four(&house).await;
    let put_there = put(&house, "th-1", Some("gw-1")).await;
    assert_eq!(put_there.status(), StatusCode::OK);
    let shown: DeviceView = house::read(put_there).await;
    assert_eq!(shown.gateway, Some(id("gw-1")));
    let again = put(&house, "th-1", Some("gw-1")).await;
    let again = problem(again).await;
    assert_eq!(again, (422, "devices.nothing-to-change".to_owned()));
    let gateway = view(&house, "gw-1").await;
    assert_eq!(gateway.children, [id("th-1")]);
    assert_eq!((gateway.children_in_all, gateway.gateway), (1, None));
    for (name, other) in [("th-1", "gw-1"), ("gw-1", "th-1")] {
        let page = format!("{}/devices/{name}", house.base);
        let html = house.http.get(page).send().await.unwrap().text().await;
        let link = format!(">{other}</a>");
        assert!(html.unwrap().contains(&link), "{name}");
    }
    // With what else is declared anew, in one step.
    let request = house.request(
        Method::PATCH,
        "/api/v1/devices/th-1",
        &house.tokens.operations,
    );
    let body = r#"{"gateway":null,"site":"store-7"}"#;
    let taken_back = request.body(body).send().await.unwrap();
    assert_eq!(taken_back.status(), StatusCode::OK);
    let shown = view(&house, "th-1").await;
    assert_eq!(shown.gateway, None);
    assert_eq!(shown.device.attributes["site"], "store-7");
    assert_eq!(
        told(&house, "th-1").await,
        [
            "is no more behind the gateway gw-1",
            "was declared anew: site from nothing to store-7",
            "was put behind the gateway gw-1",
            "was registered",
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_its_name() {
    let house = House::new().await;
    four(&house).await;
    let there = put(&house, "th-1", Some("gw-1")).await;
    assert_eq!(there.status(), StatusCode::OK);
    for (child, gateway, expected) in [
        ("th-2", "th-2", (422, "gateway.itself")),
        ("th-2", "gw-9", (422, "gateway.unknown")),
        ("th-2", "th-1", (422, "gateway.is-behind-another")),
        ("gw-1", "gw-2", (422, "gateway.has-children")),
        ("th-9", "gw-1", (404, "request.not-found")),
    ] {
        let (status, id) = problem(put(&house, child, Some(gateway)).await).await;
        assert_eq!((status, &*id), expected, "{child} behind {gateway}");
    }
    for token in [&house.tokens.engineer, &house.tokens.manager] {
        let refused = problem(put_as(&house, token, "th-1", None).await).await;
        assert_eq!(refused, (403, "access.denied".to_owned()));
    }
    assert_eq!(view(&house, "th-1").await.gateway, Some(id("gw-1")));
    assert_eq!(view(&house, "th-2").await.gateway, None);
}

/// All of them or none, as ever.
#[tokio::test]
async fn a_device_is_registered_behind_its_gateway() {
    let house = House::new().await;
    let both = vec![behind("th-1", "gw-1"), new_device("gw-1", "C")];
    let made = register(&house, both).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(view(&house, "th-1").await.gateway, Some(id("gw-1")));
    let some = vec![new_device("th-2", "B"), behind("th-3", "nobody")];
    let refused = problem(register(&house, some).await).await;
    assert_eq!(refused, (422, "gateway.unknown".to_owned()));
    let stored = house.app.store().devices(None).await.unwrap();
    assert_eq!(stored.len(), 2);
}

#[tokio::test]
async fn a_table_says_which_gateway_it_is() {
    let house = House::new().await;
    four(&house).await;
    let known = |gateway: &str| ImportedDevice {
        device: behind("th-1", gateway),
        client: None,
    };
    let import = async |devices: Vec<ImportedDevice>, anew, dry_run| {
        let import = Import {
            devices,
            anew,
            dry_run,
            ..Import::default()
        };
        let body = serde_json::to_vec(&import).unwrap();
        let operations = &house.tokens.operations;
        house.post("/api/v1/imports", operations, body).await
    };
    let becomes = async |response: Response| {
        assert_eq!(response.status(), StatusCode::OK);
        let view: ImportView = house::read(response).await;
        let becomes = view.devices.into_iter().map(|it| it.becomes);
        becomes.collect::<Vec<_>>()
    };
    let would = becomes(import(vec![known("gw-1")], false, true).await).await;
    let changes = vec!["gateway from nothing to gw-1".to_owned()];
    assert_eq!(would, [Becomes::Changed { changes }]);
    let differs = problem(import(vec![known("gw-1")], false, false).await).await;
    assert_eq!(differs, (409, "devices.differ".to_owned()));
    let mut new = behind("th-7", "gw-2");
    new.token = Some(GivenToken("0123456789abcdef".repeat(4)));
    let new = ImportedDevice {
        device: new,
        client: None,
    };
    let done = becomes(import(vec![known("gw-1"), new], true, false).await).await;
    assert_eq!(done.len(), 2);
    for (name, gateway) in [("th-1", "gw-1"), ("th-7", "gw-2")] {
        assert_eq!(view(&house, name).await.gateway, Some(id(gateway)));
    }
    let again = becomes(import(vec![known("gw-1")], false, false).await).await;
    assert_eq!(again, [Becomes::Same]);
    // What is known already to be in the way is told before anything is done.
    for (gateway, expected) in [
        ("th-1", "gateway.itself"),
        ("th-7", "gateway.is-behind-another"),
    ] {
        let would = becomes(import(vec![known(gateway)], true, true).await).await;
        let [Becomes::Refused { id, .. }] = &would[..] else {
            panic!("{gateway}: {would:?}");
        };
        assert_eq!(id, expected);
    }
    let unknown = problem(import(vec![known("gw-9")], true, false).await).await;
    assert_eq!(unknown, (422, "gateway.unknown".to_owned()));
}

/// Row by row, and as the import itself would refuse it: a gateway that nobody knows, and a chain that the table alone makes.
#[tokio::test]
async fn a_dry_run_tells_of_gateways_what_the_import_would_refuse() {
    let house = House::new().await;
    four(&house).await;
    let ask = async |rows: &[(&str, Option<&str>)], come_before: &[&str], dry_run| {
        let devices = rows.iter().map(|(name, gateway)| ImportedDevice {
            device: NewDevice {
                gateway: gateway.map(id),
                token: name
                    .starts_with("new")
                    .then(|| GivenToken(format!("sha256:{}", "5f".repeat(32)))),
                ..new_device(name, "B")
            },
            client: None,
        });
        let import = Import {
            devices: devices.collect(),
            come_before: come_before.iter().copied().map(id).collect(),
            anew: true,
            dry_run,
            ..Import::default()
        };
        let body = serde_json::to_vec(&import).unwrap();
        let operations = &house.tokens.operations;
        house.post("/api/v1/imports", operations, body).await
    };
    let unknown = [("th-1", Some("gw-1")), ("th-2", Some("gw-9"))];
    let with_it = [("th-1", Some("new-1")), ("new-1", None)];
    let chain = [("th-1", Some("gw-1")), ("gw-1", Some("gw-2"))];
    let other_way = [("gw-1", Some("gw-2")), ("th-1", Some("gw-1"))];
    for (rows, come_before, expected) in [
        (&unknown, &[][..], Some(("th-2", "gateway.unknown"))),
        (&unknown, &["gw-9"], None),
        (&with_it, &[], None),
        (&chain, &[], Some(("gw-1", "gateway.has-children"))),
        (&other_way, &[], Some(("th-1", "gateway.is-behind-another"))),
    ] {
        let would: ImportView = house::read(ask(rows, come_before, true).await).await;
        let refused = would.devices.iter().filter_map(|view| match &view.becomes {
            Becomes::Refused { id, .. } => Some((view.id.as_str(), id.as_str())),
            _ => None,
        });
        let refused: Vec<_> = refused.collect();
        assert_eq!(refused, Vec::from_iter(expected), "{rows:?}");
        // What is said to come before counts for a dry run alone.
        let Some((name, refusal)) =
            expected.or((!come_before.is_empty()).then_some(("th-2", "gateway.unknown")))
        else {
            continue;
        };
        let answer = ask(rows, come_before, false).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let told = answer.text().await.unwrap();
        let names_it = told.contains(refusal) && told.contains(&format!("The device {name} can't"));
        assert!(names_it, "{told}");
        assert_eq!(view(&house, "th-1").await.gateway, None, "all or nothing");
    }
}

#[tokio::test]
async fn a_code_says_which_gateway_its_devices_stand_behind() {
    let house = House::new().await;
    four(&house).await;
    let wish = |gateway: &str| json!({"class": "thermo-v2", "hardware": "C", "zone": "America/Denver", "gateway": gateway});
    let made = code(&house, wish("gw-1")).await;
    assert_eq!(made.view.gateway.as_deref(), Some("gw-1"));
    token(&house, &question(&made.code, "th-7")).await;
    assert_eq!(view(&house, "th-7").await.gateway, Some(id("gw-1")));
    for (gateway, expected) in [
        ("gw-9", "gateway.unknown"),
        ("th-7", "gateway.is-behind-another"),
    ] {
        let body = wish(gateway).to_string().into_bytes();
        let operations = &house.tokens.operations;
        let refused = house.refused("/api/v1/join-codes", operations, body).await;
        assert_eq!(refused, (422, expected.to_owned()));
    }
}
