//! Payloads on other ways than by a device's own token: headers, links, mirrors.

mod crowded;
mod hawkbit;
mod headers;
mod in_a_bucket;
mod links;
mod mirrors;
mod payloads;

use mainstay_server::{AppConfig, DeliveryKey, PagesAccess};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};

use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, PLAN, packed};
use crate::serving::listen;

pub const KEY: &str = "0123456789abcdef0123456789abcdef";
pub const MIRROR: &str = "https://denver.example/fw";

/// The plan, with a mirror near the devices of these tests, which is entered like this.
pub fn plan(links: &str) -> String {
    format!(
        "{PLAN}\n[delivery]\nby = \"zone\"\n[[delivery.mirror]]\nname = \"denver\"\nfor = [\"America/\"]\nlinks = \"{links}\"\nurl = \"{MIRROR}\"\n"
    )
}

/// A house under that plan, whose server has a key for links.
pub async fn house(plan: &str) -> House {
    let config = AppConfig {
        pages: PagesAccess::Anyone,
        delivery_key: DeliveryKey::from_text(KEY),
        ..AppConfig::default()
    };
    furnished(plan, config).await
}

pub async fn furnished(plan: &str, config: AppConfig) -> House {
    let mut house = House::furnished(plan, config).await;
    house.base = listen(house.app.clone()).await;
    house.http = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .unwrap();
    house
}

/// Devices that were promised 1.1.0, in Denver's zone.
pub async fn promised(house: &House) -> (Vec<Gadget>, Artifact) {
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let new = house.built("1.1.0", 2, &[]);
    let mut gadgets = register(house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(house, &[]).await;
    }
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    for gadget in &mut gadgets {
        assert!(gadget.check_in(house, &[]).await.install.is_some());
    }
    (gadgets, new)
}

/// Asks for a payload as a device, with these headers.
pub async fn asked(
    house: &House,
    gadget: &Gadget,
    image: &Artifact,
    headers: &[(&str, &str)],
) -> Response {
    let path = format!("/device/v1/payloads/{}", image.image_digest);
    let mut request = house.request(Method::GET, &path, &gadget.token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// Asks as nobody in particular, at an address of this server.
pub async fn anybody(house: &House, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = house.http.get(format!("{}{path}", house.base));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// Where a device is sent for the first hundred bytes; the part behind the mirror's address, as this server has it.
pub async fn link(house: &House, gadget: &Gadget, image: &Artifact) -> String {
    let headers = [("mainstay-elsewhere", "sha-256"), ("range", "bytes=0-99")];
    let sent = asked(house, gadget, image, &headers).await;
    assert_eq!(sent.status(), 307);
    let to = header(&sent, "location");
    let rest = to.strip_prefix(MIRROR).unwrap();
    format!("/delivery/v1{rest}")
}

pub fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

pub async fn halt(house: &House) {
    let why = serde_json::to_vec(&mainstay_api::HaltRequest {
        why: "it is harmful".to_owned(),
    });
    let path = "/api/v1/rollouts/1/halt";
    let halted = house.post(path, &house.tokens.engineer, why.unwrap()).await;
    assert_eq!(halted.status(), 200);
}
