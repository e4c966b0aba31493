//! Signing in anew at the provider, in place of a password that is typed once more.

use mainstay_access::{Role, TotpSecret};
use reqwest::StatusCode;
use serde_json::json;

use super::provider::{Forgery, OwnProvider};
use super::visit::{Visit, refused};
use super::{KIM, house_of};
use crate::door::browser::{PASSWORD, Seen, hidden, link};
use crate::house::House;

/// Kim signs in anew, as somebody who last did so at the provider `ago` seconds before now.
async fn anew(house: &House, provider: &OwnProvider, kim: &mut Visit, ago: Option<i64>) -> Seen {
    let sent = kim.leave("?anew=1&next=/people").await;
    assert_eq!((sent.get("prompt"), sent.get("max_age")), ("login", "0"));
    let then = ago.map(|ago| house.app.now().as_second() - ago);
    let claims = json!({ "email": KIM, "email_verified": true, "auth_time": then });
    let code = provider.code(&sent, "k-1", claims, Forgery::None);
    kim.back(&[("code", &code), ("state", sent.get("state"))])
        .await
}

/// Kim signs in, and at the provider at this moment.
async fn comes_in(house: &House, provider: &OwnProvider, kim: &mut Visit) {
    let now = house.app.now().as_second();
    let claims = json!({ "email": KIM, "email_verified": true, "auth_time": now });
    let seen = kim.comes_in(provider, "k-1", claims).await;
    assert_eq!(seen.to.as_deref(), Some("/devices"), "{}", seen.html);
}

async fn invites(kim: &mut Visit, email: &str) -> Seen {
    let fields = [("email", email), ("role", "viewer")];
    kim.send("/people", "/people/links", &fields).await
}

#[tokio::test]
async fn who_signed_in_anew_types_no_password_for_ten_minutes() {
    let (house, provider) = house_of(&[]).await;
    let mut kim = Visit::at(&house.base);
    comes_in(&house, &provider, &mut kim).await;
    // A sign-in that nobody was asked for anew proves nothing, however young it is.
    let page = kim.get("/people").await;
    assert!(
        page.says("/sign-in/provider?anew=1&amp;next=/people"),
        "{}",
        page.html
    );
    let seen = invites(&mut kim, "new@northwind.example").await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN, "{}", seen.html);
    let seen = anew(&house, &provider, &mut kim, Some(2)).await;
    assert_eq!(seen.to.as_deref(), Some("/people"), "{}", seen.html);
    assert!(kim.get("/people").await.says("no password is asked for"));
    let seen = invites(&mut kim, "new@northwind.example").await;
    assert!(
        seen.status == StatusCode::OK && seen.says("/setup/"),
        "{}",
        seen.html
    );
    house.later(10);
    let seen = invites(&mut kim, "other@northwind.example").await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN, "{}", seen.html);
}

#[tokio::test]
async fn a_provider_that_does_not_say_when_proves_nothing() {
    let (house, provider) = house_of(&[]).await;
    for ago in [None, Some(3600), Some(-3600)] {
        let mut kim = Visit::at(&house.base);
        let seen = anew(&house, &provider, &mut kim, ago).await;
        refused(&seen, 403, "oidc.not-anew");
        assert!(!kim.is_signed_in(), "{ago:?}");
    }
}

/// A provider that asks nobody for anything says when its user really signed in: a browser that was left open a few minutes later gives
/// whoever finds it nothing, whatever they do with its cookies.
#[tokio::test]
async fn a_provider_that_asks_nobody_proves_nothing() {
    let (house, provider) = house_of(&[]).await;
    let mut kim = Visit::at(&house.base);
    comes_in(&house, &provider, &mut kim).await;
    house.later(3);
    provider.set_clock(house.app.now());
    // Without the session of before there is a new one, which proves nothing, and is younger than Kim's sign-in there.
    kim.jar.clear();
    let seen = anew(&house, &provider, &mut kim, Some(180)).await;
    assert_eq!(seen.to.as_deref(), Some("/people"), "{}", seen.html);
    let seen = invites(&mut kim, "new@northwind.example").await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN, "{}", seen.html);
    refused(
        &anew(&house, &provider, &mut kim, Some(180)).await,
        403,
        "oidc.not-anew",
    );
    let seen = invites(&mut kim, "new@northwind.example").await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN, "{}", seen.html);
    // Whoever really signs in has proved it.
    anew(&house, &provider, &mut kim, Some(0)).await;
    let seen = invites(&mut kim, "new@northwind.example").await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.html);
}

/// What follows by itself on such a session proves nothing more.
#[tokio::test]
async fn a_changed_password_begins_no_new_ten_minutes() {
    let (house, provider) = house_of(&[]).await;
    let mut kim = Visit::at(&house.base);
    comes_in(&house, &provider, &mut kim).await;
    anew(&house, &provider, &mut kim, Some(0)).await;
    let chosen = "walnut harbour trumpet";
    let fields = [("password", chosen), ("again", chosen)];
    let seen = kim.send("/account", "/account/password", &fields).await;
    assert_eq!(seen.to.as_deref(), Some("/account"), "{}", seen.html);
    let seen = kim.send("/account", "/account/password", &fields).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN, "{}", seen.html);
}

/// A code of the app that somebody has here is asked for, however they come in.
#[tokio::test]
async fn the_app_of_an_account_is_asked_for_all_the_same() {
    let (house, provider) = house_of(&[]).await;
    let path = link(&house.app, 81, "joe@northwind.example", Role::Operations).await;
    let mut joe = Visit::at(&house.base);
    let offered = hidden(&joe.get(&path).await.html, "totp");
    let app = TotpSecret::parse(&offered).unwrap();
    let shown = app.shown_at(house.app.now());
    let chosen = [
        ("password", PASSWORD),
        ("again", PASSWORD),
        ("totp", &offered),
        ("code", &shown),
    ];
    let opened = joe.post(&path, &chosen).await;
    assert_eq!(opened.to.as_deref(), Some("/"), "{}", opened.html);
    let mut joe = Visit::at(&house.base);
    let claims = json!({ "email": "joe@northwind.example", "email_verified": true });
    let seen = joe.comes_in(&provider, "j-1", claims).await;
    assert_eq!(
        seen.to.as_deref(),
        Some("/sign-in/code?next=%2Fdevices"),
        "{}",
        seen.html
    );
    assert_eq!(joe.get("/account").await.status, StatusCode::SEE_OTHER);
    house.later(1);
    let code = app.shown_at(house.app.now());
    let fields = [("code", &*code), ("next", "/devices")];
    let seen = joe.send("/sign-in/code", "/sign-in/code", &fields).await;
    assert_eq!(seen.to.as_deref(), Some("/devices"), "{}", seen.html);
}
