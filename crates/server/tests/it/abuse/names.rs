//! Names in a path that would lead elsewhere, if anything followed them.

use mainstay_server::{PagesAccess, places};

use super::raw::{asked, assert_well};
use crate::gadget::register;
use crate::house::{self, House, packed};

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
    let browsers = places::of_browsers().into_iter().flatten();
    let api = places::of_the_api().iter().map(|place| ("/api/v1", place));
    let all = browsers.map(|place| ("", place)).chain(api);
    for (before, place) in all.filter(|(_, place)| place.path.contains('{')) {
        for (method, _) in place.methods {
            patterns.push((
                format!("{method} {before}{}", place.path),
                &house.tokens.operations,
            ));
        }
    }
    assert!(patterns.len() > 30, "{}", patterns.len());
    for (pattern, token) in patterns {
        for name in NAMES {
            let line = filled(&pattern, name);
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

/// The pattern with this name in each of its variable parts.
fn filled(pattern: &str, name: &str) -> String {
    let parts = pattern.split('/').map(|part| match part.starts_with('{') {
        true => name,
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
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

/// What one device may have, no other one gets, whatever it asks by.
#[tokio::test]
async fn another_devices_things_are_not_reached() {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let new = house.built("1.1.0", 2, &[]);
    let other_class = packed("northwind.example/production/kettle-v1/A", "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    house.submit(&new).await;
    for image in [new.image_digest, old.image_digest, other_class.image_digest] {
        let line = format!("GET /device/v1/payloads/{image}");
        let heard = asked(&house, &line, &gadgets[0].token, b"").await;
        assert_eq!(heard.statuses, [404], "nobody offered it: {heard:?}");
    }
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
