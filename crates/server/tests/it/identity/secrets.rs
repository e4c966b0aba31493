//! What is written down, and told to others, of what devices and programs show: nothing that lets anybody in. What people show is in `door/secrets.rs`.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use mainstay_access::Role;
use mainstay_api::{DeviceToken, DeviceTokens, GivenToken, MadeJoinCode, MadeWebhook, NewDevice};
use mainstay_fleet::DeviceId;
use mainstay_protocol::{
    FOR_HEADER, JOIN_PATH, Join, Joined, REPORTS_PATH, Reports, read as read_message,
};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::joining::question;
use crate::ddi::gateway::new_gateway;
use crate::door::browser::{PASSWORD, signed_in};
use crate::door::secrets::Log;
use crate::gadget::{message, new_device};
use crate::house::House;
use crate::patience::until;
use crate::receiver::{Does, Receiver};
use crate::webhooks;

/// The token of a device that comes from hawkBit, as hawkBit draws them.
const GIVEN: &str = "949f1c3487125467464a960d750373c1";

/// What a device draws for itself before it joins.
const OWN: [u8; 32] = *b"hV3m9qLz0Xw7Tt2KcRb8YnJd5Gs1PfAe";

/// A house, what was shown to it or by it that nobody else may learn, and what it answered.
struct Ears {
    house: House,
    secrets: Vec<String>,
    /// The heads of all answers, and the bodies of those that give nobody a secret.
    told: String,
}

impl Ears {
    async fn open() -> Self {
        let house = House::told(webhooks::config("127.0.0.0/8")).await;
        let tokens = &house.tokens;
        let people = [&tokens.engineer, &tokens.manager, &tokens.operations];
        let mut secrets = Vec::from(people.map(String::clone));
        secrets.extend([webhooks::key(), hex::encode(OWN)]);
        secrets.push(String::from_utf8_lossy(&OWN).into_owned());
        Self {
            house,
            secrets,
            told: String::new(),
        }
    }

    /// Takes note of a secret.
    fn notes(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// Another one of its form, which opens nothing. It is as secret: whoever shows it may have slipped by one sign.
    fn slip(&mut self, secret: &str) -> String {
        let (rest, last) = secret.split_at(secret.len() - 1);
        let slip = format!("{rest}{}", if last == "0" { '1' } else { '0' });
        self.notes(&slip);
        slip
    }

    fn request(&self, method: Method, path: &str, shows: &str) -> RequestBuilder {
        let request = self
            .house
            .http
            .request(method, format!("{}{path}", self.house.base));
        request.header("authorization", shows)
    }

    /// What is answered, with this status. What isn't a refusal may give whoever asks a secret.
    async fn hears(&mut self, status: u16, sent: RequestBuilder) -> Vec<u8> {
        let answer = sent.send().await.unwrap();
        for (name, value) in answer.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            writeln!(self.told, "{name}: {value}").unwrap();
        }
        let (found, path) = (answer.status().as_u16(), answer.url().path().to_owned());
        let body = answer.bytes().await.unwrap().to_vec();
        let text = String::from_utf8_lossy(&body);
        assert_eq!(found, status, "{path}: {text}");
        if status >= 400 {
            self.told.push_str(&text);
        }
        body
    }

    /// The same, where nobody is given one.
    async fn gives_nothing(&mut self, status: u16, sent: RequestBuilder) {
        let body = self.hears(status, sent).await;
        self.told.push_str(&String::from_utf8_lossy(&body));
    }

    /// What operations is answered that wishes for this.
    async fn wishes<T: DeserializeOwned>(&mut self, status: u16, path: &str, wish: &Value) -> T {
        let shows = format!("Bearer {}", self.house.tokens.operations);
        let request = self.request(Method::POST, path, &shows);
        let body = self.hears(status, request.body(wish.to_string())).await;
        serde_json::from_slice(&body).unwrap()
    }

    /// A device's reports, of which there are none, by whoever shows this.
    async fn reports(&mut self, status: u16, shows: &str) {
        let request = self.request(Method::POST, REPORTS_PATH, shows);
        let request = request.body(message(&Reports::default()));
        self.gives_nothing(status, request).await;
    }

    /// The same, of a gateway in the name of another device.
    async fn reports_for(&mut self, status: u16, shows: &str, child: &str) {
        let request = self.request(Method::POST, REPORTS_PATH, shows);
        let request = request.header(FOR_HEADER, child);
        let request = request.body(message(&Reports::default()));
        self.gives_nothing(status, request).await;
    }

    /// The list of devices, by whoever shows this.
    async fn looks(&mut self, status: u16, shows: &str) {
        let request = self.request(Method::GET, "/api/v1/devices", shows);
        self.gives_nothing(status, request).await;
    }

    /// A poll of hawkBit's protocol.
    async fn polls(&mut self, status: u16, controller: &str, shows: &str) {
        let path = format!("/DEFAULT/controller/v1/{controller}");
        let request = self.request(Method::GET, &path, shows);
        self.gives_nothing(status, request).await;
    }

    async fn joins(&mut self, status: u16, code: &str, device: &str) -> Vec<u8> {
        let join = Join {
            secret: OWN,
            ..question(code, device)
        };
        let request = self
            .house
            .http
            .post(format!("{}{JOIN_PATH}", self.house.base));
        self.hears(status, request.body(message(&join))).await
    }
}

/// A device joins by a code, and gets another token later. Each of the three is shown where it counts, and where it doesn't.
async fn a_device_joins(ears: &mut Ears) {
    let wish = json!({"class": "thermo-v2", "hardware": "C", "zone": "America/Denver", "uses": 1});
    let made: MadeJoinCode = ears.wishes(201, "/api/v1/join-codes", &wish).await;
    let code = made.code;
    ears.notes(&code);
    let wrong = ears.slip(&code);
    ears.joins(403, &wrong, "th-7").await;
    ears.joins(400, &code, "th 7").await;
    let joined = ears.joins(200, &code, "th-7").await;
    let first = hex::encode(read_message::<Joined>(&joined).unwrap().token);
    ears.notes(&first);
    ears.joins(403, &code, "th-8").await;
    ears.reports(401, &format!("Bearer {code}")).await;
    ears.reports(200, &format!("Bearer {first}")).await;
    let path = "/api/v1/devices/th-7/token";
    let why = json!({"why": "it was stolen"});
    let second: DeviceToken = ears.wishes(200, path, &why).await;
    let second = second.token;
    ears.notes(&second);
    ears.reports(401, &format!("Bearer {first}")).await;
    ears.reports(200, &format!("Bearer {second}")).await;
    let wrong = ears.slip(&second);
    for shows in [
        format!("Bearer {wrong}"),
        format!("Bearer {}", &second[1..]),
        format!("Token {second}"),
        second.clone(),
    ] {
        ears.reports(401, &shows).await;
    }
    ears.looks(401, &format!("Bearer {second}")).await;
}

/// Devices with hawkBit's clients, with a token of ours and with one that they had, and a gateway of ours with a child.
async fn gateways_ask(ears: &mut Ears) {
    let came = |token: &str| NewDevice {
        token: Some(GivenToken(token.to_owned())),
        ..new_gateway("gw-2", "B", "serial-2")
    };
    let child = NewDevice {
        gateway: Some(DeviceId::new("gw-9").unwrap()),
        ..new_device("th-1", "C")
    };
    let spaced = GIVEN.replacen('c', " ", 1);
    ears.notes(&spaced);
    ears.notes(GIVEN);
    let unfit = json!({"devices": [came(&spaced)]});
    let _: Value = ears.wishes(422, "/api/v1/devices", &unfit).await;
    let devices = json!({"devices": [
        new_gateway("gw-1", "B", "serial-1"),
        came(GIVEN),
        new_device("gw-9", "B"),
        child,
    ]});
    let told: DeviceTokens = ears.wishes(201, "/api/v1/devices", &devices).await;
    let [ours, gateway, own] = ["gw-1", "gw-9", "th-1"].map(|name| {
        let of_it = |token: &&DeviceToken| token.id.as_str() == name;
        told.devices.iter().find(of_it).unwrap().token.clone()
    });
    for token in [&ours, &gateway, &own] {
        ears.notes(token);
    }
    for (controller, token) in [("serial-1", &*ours), ("serial-2", GIVEN)] {
        ears.polls(200, controller, &format!("TargetToken {token}"))
            .await;
        let wrong = ears.slip(token);
        for shows in [
            format!("TargetToken {wrong}"),
            format!("GatewayToken {token}"),
            format!("GatewayToken {wrong}"),
            format!("Bearer {token}"),
        ] {
            ears.polls(401, controller, &shows).await;
        }
        ears.polls(401, "serial-3", &format!("TargetToken {token}"))
            .await;
    }
    ears.polls(401, "serial-1", &format!("TargetToken {GIVEN}"))
        .await;
    let (shows, wrong) = (format!("Bearer {gateway}"), ears.slip(&gateway));
    ears.reports_for(200, &shows, "th-1").await;
    ears.reports_for(403, &shows, "gw-1").await;
    ears.reports_for(401, &format!("Bearer {wrong}"), "th-1")
        .await;
    ears.reports(200, &format!("Bearer {own}")).await;
}

/// A program that looks, and may do no more.
async fn a_program_looks(ears: &mut Ears) {
    let mut vi = signed_in(&ears.house, 5, "vi@northwind.example", Role::Viewer).await;
    let wish = [
        ("name", "night job"),
        ("days", "30"),
        ("may", "read"),
        ("current", PASSWORD),
    ];
    let page = vi.send("/account", "/account/tokens", &wish).await;
    let (_, rest) = page.html.split_once("<code>mainstay_api_").unwrap();
    let token = format!("mainstay_api_{}", &rest[..64]);
    ears.notes(&token);
    ears.looks(200, &format!("Bearer {token}")).await;
    let wrong = ears.slip(&token);
    for shows in [
        format!("Bearer {wrong}"),
        format!("Bearer {}", &token[1..]),
        format!("Token {token}"),
        token.clone(),
    ] {
        ears.looks(401, &shows).await;
    }
    ears.reports(401, &format!("Bearer {token}")).await;
    let shows = format!("Bearer {token}");
    let request = ears.request(Method::POST, "/api/v1/join-codes", &shows);
    let wish = json!({"class": "thermo-v2"}).to_string();
    ears.gives_nothing(403, request.body(wish)).await;
}

/// A receiver whose address holds a secret of its own hears what happens, signed, and fails.
async fn a_receiver_is_told(ears: &mut Ears, log: &Log) {
    let receiver = Receiver::start(Does::Fails(500)).await;
    let its_own = "Vq4nT8xKw2Lr6Zs0";
    ears.notes(its_own);
    let wish =
        json!({"url": format!("{}?key={its_own}", receiver.url), "kinds": ["release.added"]});
    let made: MadeWebhook = ears.wishes(201, "/api/v1/webhooks", &wish).await;
    let secret = made.secret;
    ears.notes(&secret);
    let test = format!("/api/v1/webhooks/{}/test", made.webhook.id);
    let tried: Value = ears.wishes(200, &test, &json!({})).await;
    assert_eq!(tried["delivered"], false);
    let handed_in = ears.house.submit(&ears.house.built("1.1.0", 2, &[])).await;
    assert!(handed_in.status().is_success(), "{handed_in:?}");
    let failed = async || log.text().contains("a delivery failed");
    until("that it failed is logged", failed).await;
    receiver.does(Does::Takes);
    let tried: Value = ears.wishes(200, &test, &json!({})).await;
    assert_eq!(tried["delivered"], true);
    for got in receiver.got() {
        got.check(&secret, ears.house.app.now().as_second());
        for spelling in spellings(&secret) {
            assert!(!got.holds(&spelling), "its receiver is told {secret}");
        }
    }
    let wrong = ears.slip(&secret);
    for secret in [&secret, &wrong] {
        ears.looks(401, &format!("Bearer {secret}")).await;
        let url = format!("https://kim:{secret}@hooks.example/");
        let _: Value = ears
            .wishes(400, "/api/v1/webhooks", &json!({"url": url}))
            .await;
    }
}

/// How a secret might be written down: either half of it as it is shown, and the beginning of its bytes in other ways.
fn spellings(secret: &str) -> Vec<String> {
    // What stands before its digits says what it is.
    let digits = secret.rsplit('_').next().unwrap().trim_end_matches('=');
    let (first, second) = digits.split_at(digits.len() / 2);
    let bytes = hex::decode(digits).or_else(|_| STANDARD_NO_PAD.decode(digits));
    let bytes = bytes.unwrap_or_else(|_| digits.as_bytes().to_vec());
    let list = format!("{:?}", &bytes[..8]);
    vec![
        first.to_owned(),
        second.to_owned(),
        list.trim_matches(['[', ']']).to_owned(),
        hex::encode(&bytes[..8]),
        // Nine bytes are twelve signs, whatever comes after.
        STANDARD_NO_PAD.encode(&bytes[..9]),
    ]
}

/// With everything logged that can be, and each secret shown where it counts and where it doesn't: none is written down, and none is in what others are told.
#[tokio::test]
async fn neither_logs_nor_refusals_hold_a_secret_of_devices_and_programs() {
    let (log, _listening) = Log::listen();
    let mut ears = Ears::open().await;
    a_device_joins(&mut ears).await;
    gateways_ask(&mut ears).await;
    a_program_looks(&mut ears).await;
    a_receiver_is_told(&mut ears, &log).await;
    let log = log.text();
    for told in [
        "join code made",
        "device joined",
        "a device doesn't join",
        "token of a device replaced",
        "devices registered",
        "API token made",
        "webhook added",
        "a delivery failed",
    ] {
        assert!(log.contains(told), "the log lacks {told:?}");
    }
    for told in ["join.code", "auth.token", "devices.token", "webhooks.url"] {
        assert!(ears.told.contains(told), "nobody was told {told}");
    }
    for secret in &ears.secrets {
        for spelling in spellings(secret) {
            assert!(!log.contains(&spelling), "the log holds {secret}");
            assert!(!ears.told.contains(&spelling), "an answer holds {secret}");
        }
    }
}
