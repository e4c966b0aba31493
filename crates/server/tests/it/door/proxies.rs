//! Who signs in behind a proxy.

use mainstay_access::Role;
use reqwest::{Method, StatusCode};

use super::browser::{Browser, PASSWORD, Seen, form, signed_in};
use super::told;
use crate::house::House;

const KIM: &str = "kim@northwind.example";

/// Signs in as a proxy asks for somebody.
async fn by_proxy(house: &House, whom: &[(&str, &str)], password: &str) -> Seen {
    let mut browser = Browser::at(&house.base);
    let mut request = browser.request(Method::POST, "/sign-in");
    for (name, value) in whom {
        request = request.header(*name, *value);
    }
    let request = request
        .header("origin", &house.base)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("email", KIM), ("password", password)]));
    let response = request.send().await.unwrap();
    browser.seen(response).await
}

/// A proxy that nobody named shows at the first attempt, before anybody is counted with everybody.
#[tokio::test]
async fn a_proxy_that_nobody_named_is_told_of() {
    let house = House::new().await;
    signed_in(&house, 5, KIM, Role::Operations).await;
    for whom in [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
    ] {
        for _ in 0..8 {
            let seen = by_proxy(&house, &[whom], "some other words").await;
            assert_eq!(seen.status, StatusCode::INTERNAL_SERVER_ERROR);
            assert!(seen.says("trusted_proxies"), "{}", seen.html);
        }
    }
    let direct = by_proxy(&house, &[], PASSWORD).await;
    assert!(direct.to.is_some(), "nothing was counted");
}

/// Behind one that is named, each client waits for their own slips.
#[tokio::test]
async fn behind_a_named_proxy_each_client_is_counted_apart() {
    let house = House::told(told(&[("MAINSTAY_TRUSTED_PROXIES", "127.0.0.1")])).await;
    signed_in_by(&house).await;
    let guesser = [("x-forwarded-for", "198.51.100.1, 203.0.113.66")];
    for n in 0..6 {
        let expected = if n < 5 { 403 } else { 429 };
        let seen = by_proxy(&house, &guesser, "some other words").await;
        assert_eq!(seen.status.as_u16(), expected, "{n}");
    }
    // What stands before is the client's own word, and buys nothing.
    let other_word = [("x-forwarded-for", "198.51.100.2, 203.0.113.66")];
    let seen = by_proxy(&house, &other_word, PASSWORD).await;
    assert_eq!(seen.status, StatusCode::TOO_MANY_REQUESTS);
    let owner = [("x-forwarded-for", "203.0.113.7")];
    assert!(by_proxy(&house, &owner, PASSWORD).await.to.is_some());
    let nobody = by_proxy(&house, &[], PASSWORD).await;
    assert!(nobody.says("doesn&#39;t say for whom"), "{}", nobody.html);
}

/// A link is used without anybody being counted.
async fn signed_in_by(house: &House) {
    signed_in(house, 5, KIM, Role::Operations).await;
}
