//! Who may still use a password where people come in by a provider.

use mainstay_access::Role;
use reqwest::StatusCode;
use serde_json::json;

use super::visit::{Visit, refused};
use super::{KIM, VI, house_of};
use crate::door::browser::{PASSWORD, link};

#[tokio::test]
async fn only_who_is_named_signs_in_by_password() {
    let (house, _provider) = house_of(&[("MAINSTAY_PASSWORDS", KIM)]).await;
    let sign_in = async |email: &str, password: &str| {
        let mut visit = Visit::at(&house.base);
        let fields = [("email", email), ("password", password)];
        visit.post("/sign-in", &fields).await
    };
    assert_eq!(sign_in(KIM, PASSWORD).await.status, StatusCode::SEE_OTHER);
    let seen = sign_in(VI, PASSWORD).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert!(
        seen.says("takes no password of this address"),
        "{}",
        seen.html
    );
    // Who doesn't have the password doesn't learn who may use one.
    for email in [KIM, VI, "nobody@northwind.example"] {
        let seen = sign_in(email, "another password").await;
        assert!(seen.says("don&#39;t go together"), "{}", seen.html);
    }
}

/// On the day on which the provider is gone, whoever has the machine makes a link, which lets in by itself.
#[tokio::test]
async fn where_nobody_has_a_password_a_link_still_lets_in() {
    let (house, provider) = house_of(&[("MAINSTAY_PASSWORDS", "nobody")]).await;
    let mut kim = Visit::at(&house.base);
    let page = kim.get("/sign-in").await;
    assert!(
        page.says("/sign-in/provider") && !page.says("name=\"password\""),
        "{}",
        page.html
    );
    let fields = [("email", KIM), ("password", PASSWORD)];
    let seen = kim.post("/sign-in", &fields).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    let claims = json!({ "email": KIM, "email_verified": true });
    kim.comes_in(&provider, "k-1", claims).await;
    // Nor does a password stand in for signing in anew.
    let fields = [
        ("email", "new@northwind.example"),
        ("role", "viewer"),
        ("current", PASSWORD),
    ];
    let seen = kim.send("/people", "/people/links", &fields).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN, "{}", seen.html);
    let path = link(&house.app, 91, KIM, Role::Operations).await;
    let mut kim = Visit::at(&house.base);
    let chosen = [("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(kim.post(&path, &chosen).await.to.as_deref(), Some("/"));
    assert_eq!(kim.get("/account").await.status, StatusCode::OK);
    refused(&kim.back(&[]).await, 403, "oidc.state");
}
