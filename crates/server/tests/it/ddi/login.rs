//! Whose token opens what.

use mainstay_api::{DeviceTokens, GivenToken, NewDevices};
use mainstay_protocol::FOR_HEADER;
use mainstay_server::{AppConfig, settings};
use reqwest::{Method, StatusCode};

use super::gateway::{furnished, new_gateway, offered};
use crate::house::{self, House, problem};

#[tokio::test]
async fn only_a_devices_own_token_opens_its_door() {
    let (house, _, [one, other]) = furnished().await;
    let url = format!("{}/DEFAULT/controller/v1/{}", house.base, one.controller);
    let ours = format!("TargetToken {}", one.token);
    for (url, value, status) in [
        (url.clone(), ours.clone(), 200),
        (url.replace("DEFAULT", "default"), ours.clone(), 200),
        (url.replace("DEFAULT", "other"), ours.clone(), 404),
        (url.replace(":01", ":02"), ours.clone(), 401),
        (url.replace(":01", "%2F01"), ours.clone(), 401),
        (url.clone(), format!("targettoken {}", one.token), 401),
        (url.clone(), format!("TargetToken  {}", one.token), 401),
        (url.clone(), format!("TargetToken {}", other.token), 401),
        (url.clone(), format!("GatewayToken {}", one.token), 401),
        (url.clone(), format!("TargetToken {}", "0".repeat(64)), 401),
        (url.clone(), String::new(), 401),
    ] {
        let sent = house.http.get(&url).header("Authorization", &value);
        let sent = sent
            .header("X-Controller-Id", &one.controller)
            .header("X-Authority", "any");
        let response = sent.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{url} {value}");
        if status == 401 {
            assert_eq!(response.text().await.unwrap(), "", "{value}");
        }
    }
}

/// By this protocol no gateway asks for others, and none is answered as if it did: neither of a device that is remembered, nor where something is said.
#[tokio::test]
async fn nobody_asks_here_in_the_name_of_another_device() {
    let (house, _, [one, other]) = offered().await;
    let number = one.order(&house).await.number;
    let own = format!("{}/DEFAULT/controller/v1/{}", house.base, one.controller);
    let asks = async |method: Method, rest: &str, whom: Option<&str>| {
        let request = house.http.request(method, format!("{own}{rest}"));
        let request = request.header("Authorization", format!("TargetToken {}", one.token));
        let request = whom
            .into_iter()
            .fold(request, |it, whom| it.header(FOR_HEADER, whom));
        request.send().await.unwrap()
    };
    for whom in [one.id.as_str(), other.id.as_str(), "nobody", ""] {
        for (method, rest) in [
            (Method::GET, String::new()),
            (Method::GET, format!("/deploymentBase/{number}")),
            (Method::POST, format!("/deploymentBase/{number}/feedback")),
            (Method::PUT, "/configData".to_owned()),
            (Method::GET, format!("/softwaremodules/{number}/artifacts")),
        ] {
            assert_eq!(asks(Method::GET, "", None).await.status(), StatusCode::OK);
            let refused = asks(method, &rest, Some(whom)).await;
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{whom} {rest}");
            let told = refused.text().await.unwrap();
            assert!(told.contains("gateway.not-here"), "{told}");
        }
    }
}

#[tokio::test]
async fn nothing_of_another_device_is_reached() {
    let (house, _, [one, other]) = offered().await;
    let number = one.order(&house).await.number;
    for (method, rest) in [
        (Method::GET, format!("/deploymentBase/{number}")),
        (Method::POST, format!("/deploymentBase/{number}/feedback")),
        (Method::GET, format!("/cancelAction/{number}")),
        (Method::POST, format!("/cancelAction/{number}/feedback")),
        (Method::GET, format!("/installedBase/{number}")),
        (Method::GET, format!("/softwaremodules/{number}/artifacts")),
        (
            Method::GET,
            format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin"),
        ),
        (Method::GET, "/deploymentBase/0".to_owned()),
        (Method::GET, "/deploymentBase/99999999999".to_owned()),
        (Method::GET, "/nothing/here".to_owned()),
    ] {
        let body = r#"{"status":{"execution":"closed","result":{"finished":"success"}}}"#;
        let sent = other
            .request(&house, method, &rest)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 404, "{rest}");
        let said: serde_json::Value = house::read(sent).await;
        assert_eq!(said["exceptionClass"], "mainstay.Refused", "{rest}");
    }
    assert_eq!(
        one.order(&house).await.seen.log,
        0,
        "nobody else speaks for it"
    );
}

/// A fleet that comes from another server keeps its tokens, and changes only the address that it asks.
#[tokio::test]
async fn a_token_from_another_server_is_taken_over_and_never_told() {
    let (house, _, _) = furnished().await;
    let token = "7c1e0a3fb2d94e5586aa";
    let mut device = new_gateway("gw-3", "B", "serial 3");
    device.token = Some(GivenToken(token.to_owned()));
    let operations = &house.tokens.operations;
    let register = async |device| {
        let devices = NewDevices {
            devices: vec![device],
        };
        let body = serde_json::to_vec(&devices).unwrap();
        house.post("/api/v1/devices", operations, body).await
    };
    let response = register(device.clone()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let told: DeviceTokens = house::read(response).await;
    assert_eq!(told.devices, [], "it has its token already");
    let url = format!("{}/DEFAULT/controller/v1/serial%203", house.base);
    let sent = house
        .http
        .get(url)
        .header("Authorization", format!("TargetToken {token}"));
    assert_eq!(sent.send().await.unwrap().status(), 200);

    device.id = mainstay_fleet::DeviceId::new("gw-4").unwrap();
    let taken = problem(register(device.clone()).await).await;
    assert_eq!(taken.0, 409, "the controller is another device's");
    device.token = Some(GivenToken("short".to_owned()));
    let unfit = problem(register(device.clone()).await).await;
    assert_eq!(unfit, (422, "devices.token".to_owned()));
    device.token = Some(GivenToken("b".repeat(32)));
    device.controller = None;
    let unfit = problem(register(device).await).await;
    assert_eq!(
        unfit,
        (422, "devices.token".to_owned()),
        "ours draw their own"
    );
}

/// A server of these settings, as an operator would tell it.
fn told(pairs: &[(&str, &str)]) -> AppConfig {
    let variables = pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .chain([("MAINSTAY_DATA".into(), "elsewhere".into())])
        .collect();
    let asked = settings::Asked {
        variables,
        ..settings::Asked::default()
    };
    let (settings, findings) = settings::read(&asked).settled().unwrap();
    assert_eq!(findings, []);
    AppConfig {
        public_url: settings.public_url,
        tenant: settings.hawkbit_tenant,
        ..AppConfig::default()
    }
}

/// Whoever stands between a device and the server, or plays it, has no say in where links lead once the operator has said it.
#[tokio::test]
async fn links_begin_as_the_settings_say_and_the_tenant_is_theirs() {
    let config = told(&[
        ("MAINSTAY_PUBLIC_URL", "https://updates.example"),
        ("MAINSTAY_HAWKBIT_TENANT", "north_wind"),
    ]);
    let house = House::told(config).await;
    let mut device = new_gateway("gw-1", "B", "serial 1");
    device.token = Some(GivenToken("c".repeat(32)));
    let devices = vec![device];
    let body = serde_json::to_vec(&NewDevices { devices }).unwrap();
    let operations = &house.tokens.operations;
    let registered = house.post("/api/v1/devices", operations, body).await;
    assert_eq!(registered.status(), StatusCode::CREATED);
    let polls = async |tenant: &str| {
        let url = format!("{}/{tenant}/controller/v1/serial%201", house.base);
        let token = format!("TargetToken {}", "c".repeat(32));
        let sent = house.http.get(url).header("Authorization", token);
        let sent = sent.header("X-Forwarded-Host", "evil.example");
        sent.send().await.unwrap()
    };
    assert_eq!(polls("DEFAULT").await.status(), 404);
    let said: serde_json::Value = house::read(polls("North_Wind").await).await;
    assert_eq!(
        said["_links"]["configData"]["href"],
        "https://updates.example/north_wind/controller/v1/serial%201/configData"
    );
}
