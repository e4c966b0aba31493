//! What browsers see.

use mainstay_server::PagesAccess;
use reqwest::{Method, StatusCode};

use crate::door::browser;
use crate::gadget::register;
use crate::house::{self, House, packed};
use crate::starting::register_many;

async fn page(house: &House, path: &str) -> (StatusCode, String) {
    let response = house
        .http
        .get(format!("{}{path}", house.base))
        .send()
        .await
        .unwrap();
    let headers = response.headers();
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    (response.status(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_halted_rollout_shows_on_every_page() {
    let house = House::with(PagesAccess::Anyone).await;
    assert_eq!(page(&house, "/").await.0, StatusCode::OK);
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    let new = house.built("1.1.0", 2, &[old.manifest]);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    gadgets[0].check_in(&house, &[]).await;
    gadgets[0].update_to(&house, &new).await;
    let body = br#"{"why": "displays stay dark"}"#.to_vec();
    house
        .post("/api/v1/rollouts/1/halt", &house.tokens.operations, body)
        .await;
    let expected = [
        ("/", "displays stay dark"),
        ("/devices", "th-2"),
        ("/devices/th-1", "confirmed 1.1.0"),
        ("/rollouts/1", "sam@northwind.example"),
        ("/incidents/1", "displays stay dark"),
    ];
    for (path, text) in expected {
        let (status, html) = page(&house, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(html.contains(text), "{path} doesn't say {text:?}:\n{html}");
    }
    for path in ["/devices/nobody", "/rollouts/7", "/incidents/x"] {
        assert_eq!(page(&house, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

/// The names of the devices in a page's table, and the next page's address.
fn listed(html: &str) -> (Vec<String>, Option<String>) {
    let names = html.split("href=\"/devices/many-").skip(1);
    let names = names.map(|rest| rest.split('"').next().unwrap().to_owned());
    let next = html.split("<a href=\"").find(|link| {
        let tag = link.split('>').next().unwrap();
        tag.contains("rel=\"next\"")
    });
    let next = next.map(|link| link.split('"').next().unwrap().to_owned());
    (names.collect(), next)
}

/// A rollout's page shows a hundred of its devices, those that went wrong first, and leads to all of them.
#[tokio::test]
async fn all_devices_of_a_rollout_are_listed_a_page_at_a_time() {
    let house = House::with(PagesAccess::Anyone).await;
    register_many(&house, 301, "thermo-v2", "1.4.2").await;
    house.roll_out(&house.built("1.1.0", 2, &[])).await;
    house.advance().await;
    let (status, html) = page(&house, "/rollouts/1").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(listed(&html).0.len(), 100);
    assert!(
        html.contains("301 devices in this rollout; 100 are shown"),
        "{html}"
    );
    assert!(html.contains("href=\"/rollouts/1/devices\""), "{html}");

    let (mut all, mut next, mut pages) = (Vec::new(), Some("/rollouts/1/devices".to_owned()), 0);
    while let Some(path) = next {
        let (status, html) = page(&house, &path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let (names, following) = listed(&html);
        all.extend(names);
        (next, pages) = (following, pages + 1);
        assert!(pages < 9, "{path}");
    }
    let expected: Vec<_> = (0..301).map(|n| n.to_string()).collect();
    assert_eq!(
        (all, pages),
        (expected, 4),
        "in the order of their registration"
    );
    // A name that nobody has begins at the beginning.
    let (_, html) = page(&house, "/rollouts/1/devices?after=nobody").await;
    assert_eq!(listed(&html).0[0], "0");
    assert_eq!(
        page(&house, "/rollouts/7/devices").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_devices_page_says_where_it_stands() {
    let house = House::with(PagesAccess::Anyone).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    register(&house, &["th-1"], &old).await;
    let heading = "<dt>Site</dt>";
    assert!(!page(&house, "/devices/th-1").await.1.contains(heading));
    let body = r#"{"site":"store-7"}"#;
    let operations = &house.tokens.operations;
    let request = house.request(Method::PATCH, "/api/v1/devices/th-1", operations);
    let declared = request.body(body).send().await.unwrap();
    assert_eq!(declared.status(), StatusCode::OK);
    let (_, html) = page(&house, "/devices/th-1").await;
    assert!(html.contains("<dt>Site</dt><dd>store-7</dd>"), "{html}");
}

/// Browsers are sent to sign in and come back; a program shows its token.
#[tokio::test]
async fn pages_are_for_people() {
    let house = House::new().await;
    let sent_on = browser::without_redirects();
    let asked = sent_on.get(format!("{}/devices?page=2", house.base));
    let response = asked.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let place = &response.headers()["location"];
    assert_eq!(place, "/sign-in?next=%2Fdevices%3Fpage%3D2");
    let program = |token: &str| house.request(Method::GET, "/", token).send();
    let page = program(&house.tokens.engineer).await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let refused = program(&"ab".repeat(32)).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(refused.text().await.unwrap().contains("auth.token"));
}
