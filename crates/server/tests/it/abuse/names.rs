//! Names in a path that would lead elsewhere, if anything followed them.

use mainstay_protocol::{Event, FOR_HEADER, REPORTS_PATH, Reports};
use mainstay_server::PagesAccess;
use mainstay_trust::Digest;
use reqwest::{Method, StatusCode};

use super::raw::{asked, assert_well};
use crate::gadget::{Gadget, message, register};
use crate::house::{self, House, packed, problem};
use crate::rows::{filled, rows};

const NAMES: [&str; 14] = [
    "..",
    "%2e%2e",
    "..%2f..%2fmainstay.sqlite",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%2Fetc%2Fpasswd",
    "..%5c..%5cmainstay.sqlite",
    "%252e%252e%252fmainstay.sqlite",
    "....//....//mainstay.sqlite",
    "/mainstay.sqlite",
    "%00",
    "th-1%00.json",
    "%c0%ae%c0%ae%c0%af",
    "%ff%fe",
    "%zz",
];

/// Every place that takes a name or a number, whoever may ask there: nothing is there, and nothing fails.
#[tokio::test]
async fn no_name_leads_elsewhere() {
    let house = House::with(PagesAccess::Anyone).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let gadget = register(&house, &["th-1"], &old).await.remove(0);
    let mut patterns: Vec<(String, &str)> = vec![
        ("GET /device/v1/payloads/{digest}".to_owned(), &gadget.token),
        (
            "GET /DEFAULT/controller/v1/{controller}".to_owned(),
            &gadget.token,
        ),
        ("GET /{tenant}/controller/v1/th-1".to_owned(), &gadget.token),
        (
            "GET /DEFAULT/controller/v1/th-1/softwaremodules/1/artifacts/{file}".to_owned(),
            &gadget.token,
        ),
        (
            "GET /DEFAULT/controller/v1/th-1/deploymentBase/{number}".to_owned(),
            &gadget.token,
        ),
    ];
    for row in rows().iter().filter(|row| row.path.contains('{')) {
        let pattern = format!("{} {}", row.method, row.path);
        patterns.push((pattern, &house.tokens.operations));
    }
    assert!(patterns.len() > 30, "{}", patterns.len());
    for (pattern, token) in patterns {
        for name in NAMES {
            let line = filled(&pattern, &[], name);
            let heard = asked(&house, &line, token, b"").await;
            let [status] = heard.statuses[..] else {
                panic!("{line}: {heard:?}");
            };
            let led_on = (300..400).contains(&status) && heard.text.contains("location: /sign-in");
            assert!((400..500).contains(&status) || led_on, "{line}: {heard:?}");
        }
    }
    assert_well(&house).await;
}

/// The same place by another spelling is another place, which isn't there.
#[tokio::test]
async fn a_path_has_one_spelling() {
    let house = House::new().await;
    let token = &house.tokens.engineer;
    for path in [
        "//healthz",
        "/healthz/",
        "/./healthz",
        "/x/../healthz",
        "/%2e/healthz",
        "/x/%2e%2e/healthz",
        "/HEALTHZ",
        "/healthz%00",
        "/healthz;x=y",
        "//api/v1/devices",
        "/api//v1/devices",
        "/api/v1/../v1/devices",
        "/api/v1/devices/",
        "/api%2fv1%2fdevices",
        "http://h//api/v1/devices",
    ] {
        let heard = asked(&house, &format!("GET {path}"), token, b"").await;
        assert!(
            heard.statuses.len() == 1 && (400..500).contains(&heard.statuses[0]),
            "{path}: {heard:?}"
        );
    }
    let whole = asked(&house, "GET http://h/api/v1/devices", token, b"").await;
    assert_eq!(whole.statuses, [200]);
}

/// The status that a device hears who asks for these bytes.
async fn fetches(house: &House, gadget: &Gadget, image: Digest) -> u16 {
    let line = format!("GET /device/v1/payloads/{image}");
    let heard = asked(house, &line, &gadget.token, b"").await;
    let [status] = heard.statuses[..] else {
        panic!("{image}: {heard:?}");
    };
    status
}

/// What one device may have, no other one gets, whatever it asks by. Both are of the same canary, and only one of them was promised its release so far.
#[tokio::test]
async fn another_devices_things_are_not_reached() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let (new, waiting) = (house.built("1.1.0", 2, &[]), house.built("1.2.0", 3, &[]));
    let mut gadgets = register(&house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    house.roll_out(&new).await;
    assert_eq!(house.submit(&waiting).await.status(), StatusCode::CREATED);
    house.advance().await;
    house.later(1);
    assert!(gadgets[1].check_in(&house, &[]).await.install.is_some());
    assert_eq!(fetches(&house, &gadgets[1], new.image_digest).await, 200);
    assert_eq!(fetches(&house, &gadgets[0], new.image_digest).await, 404);
    // Nobody was offered that one.
    for gadget in &gadgets {
        assert_eq!(fetches(&house, gadget, waiting.image_digest).await, 404);
    }
    // Nor does it come by what is the other one's in that one's name, or say anything there.
    let payload = format!("/device/v1/payloads/{}", new.image_digest);
    for (method, path) in [(Method::GET, &*payload), (Method::POST, REPORTS_PATH)] {
        let request = house.request(method, path, &gadgets[0].token);
        let request = request.header(FOR_HEADER, "th-2");
        let heard = request.body(message(&Reports::default())).send().await;
        let refused = problem(heard.unwrap()).await;
        assert_eq!(refused, (403, "gateway.not-its-child".to_owned()), "{path}");
    }
    let said = gadgets[0].report(Event::PowerLost);
    assert_eq!(gadgets[0].send(&house, &[said]).await, 1);
    assert_eq!(gadgets[1].check_in(&house, &[]).await.acknowledged, 0);
    // Once it asks for itself, and is promised it, it has it as well.
    assert!(gadgets[0].check_in(&house, &[]).await.install.is_some());
    assert_eq!(fetches(&house, &gadgets[0], new.image_digest).await, 200);
    let theirs = &gadgets[1].token;
    for line in [
        "GET /api/v1/devices",
        "GET /api/v1/devices/th-2",
        "GET /api/v1/rollouts/1",
        "GET /metrics",
        "POST /api/v1/devices",
    ] {
        let heard = asked(&house, line, theirs, b"").await;
        assert_eq!(heard.statuses, [401], "{line}: {heard:?}");
        assert!(!heard.text.contains(theirs.as_str()));
    }
}
