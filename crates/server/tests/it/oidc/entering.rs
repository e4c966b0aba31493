//! Who comes in by a provider's word, and that it is the same person next time.

use mainstay_access::{Email, Role};
use reqwest::StatusCode;
use serde_json::json;

use super::provider::Kind;
use super::visit::{Visit, refused};
use super::{KIM, VI, house_of};
use crate::door::browser::{PASSWORD, link};

fn verified(email: &str) -> serde_json::Value {
    json!({ "email": email, "email_verified": true })
}

#[tokio::test]
async fn somebody_presses_the_button_and_is_in() {
    let (house, provider) = house_of(&[]).await;
    let mut kim = Visit::at(&house.base);
    let page = kim.get("/sign-in?next=/devices").await;
    let href = "href=\"/sign-in/provider?next=%2Fdevices\"";
    assert!(
        page.says(href) && page.says("Sign in with Northwind ID"),
        "{}",
        page.html
    );
    assert!(page.says("name=\"password\""));
    let seen = kim
        .comes_in(&provider, "k-1", verified("Kim@Northwind.example"))
        .await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.html);
    assert_eq!(seen.to.as_deref(), Some("/devices"));
    assert_eq!(kim.jar.keys().collect::<Vec<_>>(), ["mainstay"]);
    let account = kim.get("/account").await;
    assert!(
        account.says(KIM) && account.says("by the provider"),
        "{}",
        account.html
    );
    // Signing out ends it here, and nothing signs in again by itself.
    let out = kim.send("/account", "/sign-out", &[]).await;
    assert_eq!(out.to.as_deref(), Some("/sign-in"));
    assert_eq!(kim.get("/account").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn each_way_to_sign_is_taken() {
    let (house, provider) = house_of(&[]).await;
    for kind in Kind::ALL {
        provider.signs_with(kind);
        let mut kim = Visit::at(&house.base);
        let seen = kim.comes_in(&provider, "k-1", verified(KIM)).await;
        assert_eq!(
            seen.to.as_deref(),
            Some("/devices"),
            "{kind:?}: {}",
            seen.html
        );
    }
}

/// An address may be given to somebody else one day; a subject never is.
#[tokio::test]
async fn an_account_is_its_first_subjects() {
    let (house, provider) = house_of(&[]).await;
    let mut kim = Visit::at(&house.base);
    kim.comes_in(&provider, "k-1", verified(KIM)).await;
    let mut other = Visit::at(&house.base);
    let seen = other.comes_in(&provider, "k-2", verified(KIM)).await;
    refused(&seen, 403, "oidc.other-subject");
    assert!(!other.is_signed_in());
    // Who is bound comes in with any address, or none that is verified, and is who they were.
    for claims in [verified(VI), json!({ "email": KIM }), json!({})] {
        let mut kim = Visit::at(&house.base);
        kim.comes_in(&provider, "k-1", claims).await;
        assert!(kim.get("/account").await.says(KIM));
    }
    // A setup link unbinds: what comes next is bound.
    let path = link(&house.app, 90, KIM, Role::Operations).await;
    let chosen = [("password", PASSWORD), ("again", PASSWORD)];
    let opened = Visit::at(&house.base).post(&path, &chosen).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.html);
    let seen = other.comes_in(&provider, "k-2", verified(KIM)).await;
    assert_eq!(seen.to.as_deref(), Some("/devices"), "{}", seen.html);
    let seen = Visit::at(&house.base)
        .comes_in(&provider, "k-1", verified(KIM))
        .await;
    refused(&seen, 403, "oidc.other-subject");
}

#[tokio::test]
async fn who_has_no_account_or_no_verified_address_stays_out() {
    let (house, provider) = house_of(&[]).await;
    for (claims, id) in [
        (json!({}), "oidc.email"),
        (json!({ "email": KIM }), "oidc.email"),
        (
            json!({ "email": KIM, "email_verified": false }),
            "oidc.email",
        ),
        (
            json!({ "email": KIM, "email_verified": "true" }),
            "oidc.email",
        ),
        (verified("not an address"), "oidc.email"),
        // The sign of Kelvin, of which the small letter is a k.
        (verified("\u{212a}im@northwind.example"), "oidc.email"),
        (verified("eve@northwind.example"), "oidc.unknown-person"),
        // Sam has a token of before, and no account.
        (verified("sam@northwind.example"), "oidc.unknown-person"),
    ] {
        let mut eve = Visit::at(&house.base);
        let seen = eve.comes_in(&provider, "subject-of-eve", claims).await;
        refused(&seen, 403, id);
        assert!(eve.jar.is_empty(), "{id}: {:?}", eve.jar);
        assert!(
            !seen.says("eve@") && !seen.says("subject-of-eve"),
            "{}",
            seen.html
        );
    }
    assert_eq!(house.app.store().accounts().await.unwrap().len(), 2);
    let vi = Email::new(VI).unwrap();
    let mut visit = Visit::at(&house.base);
    visit.comes_in(&provider, "v-1", verified(VI)).await;
    house
        .app
        .store()
        .close_account(&vi, house.app.now())
        .await
        .unwrap();
    let seen = visit.comes_in(&provider, "v-1", verified(VI)).await;
    refused(&seen, 403, "oidc.unknown-person");
    assert_eq!(visit.get("/account").await.status, StatusCode::SEE_OTHER);
}

/// What the browser showed before is nobody's any more.
#[tokio::test]
async fn a_session_is_new_and_ends_the_one_before() {
    let (house, provider) = house_of(&[]).await;
    let mut kim = Visit::at(&house.base);
    kim.comes_in(&provider, "k-1", verified(KIM)).await;
    let before = kim.jar["mainstay"].clone();
    kim.comes_in(&provider, "k-1", verified(KIM)).await;
    assert_ne!(kim.jar["mainstay"], before);
    kim.jar.insert("mainstay".to_owned(), before);
    assert_eq!(kim.get("/account").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_server_without_a_provider_says_so() {
    let house = crate::house::House::new().await;
    let mut kim = Visit::at(&house.base);
    assert!(!kim.get("/sign-in").await.says("/sign-in/provider"));
    refused(&kim.get("/sign-in/provider").await, 404, "oidc.off");
    let seen = kim.back(&[("code", "x"), ("state", "y")]).await;
    refused(&seen, 403, "oidc.state");
}
