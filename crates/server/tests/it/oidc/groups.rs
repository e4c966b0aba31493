//! Roles by the provider's groups: an account for who has none, and none for who left.

use mainstay_access::{Email, Role};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::provider::OwnProvider;
use super::visit::{Visit, refused};
use super::{KIM, VI, house_of};
use crate::house::House;

const TABLE: &str = "fw-ops=operations, fw-release=release-manager, everyone=viewer, audit=auditor";

fn of(email: &str, groups: &[&str]) -> Value {
    json!({ "email": email, "email_verified": true, "groups": groups })
}

async fn grouped() -> (House, OwnProvider) {
    house_of(&[("MAINSTAY_OIDC_GROUPS", TABLE)]).await
}

async fn role_of(house: &House, email: &str) -> Option<Role> {
    let who = Email::new(email).unwrap();
    let found = house.app.store().account(&who).await.unwrap();
    found.map(|account| account.role)
}

#[tokio::test]
async fn a_group_makes_an_account_with_its_role() {
    let (house, provider) = grouped().await;
    for (n, (groups, role)) in [
        (&["everyone"][..], Role::Viewer),
        (&["everyone", "fw-ops"], Role::Operations),
        (&["fw-release", "of-nothing"], Role::ReleaseManager),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("new-{n}@northwind.example");
        let mut visit = Visit::at(&house.base);
        let seen = visit
            .comes_in(&provider, &format!("n-{n}"), of(&email, groups))
            .await;
        assert_eq!(seen.to.as_deref(), Some("/devices"), "{}", seen.html);
        assert_eq!(role_of(&house, &email).await, Some(role));
        assert!(visit.get("/account").await.says(&format!("role {role}")));
    }
    // No password leads to it: there is none.
    let mut thief = Visit::at(&house.base);
    for password in ["", "everyone", "glacier turnip bicycle"] {
        let fields = [("email", "new-0@northwind.example"), ("password", password)];
        let seen = thief.post("/sign-in", &fields).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn nobody_gets_a_role_that_conflicts() {
    let (house, provider) = grouped().await;
    for (email, groups, status, id) in [
        ("new@northwind.example", &[][..], 403, "oidc.no-group"),
        ("new@northwind.example", &["FW-OPS"], 403, "oidc.no-group"),
        (
            "new@northwind.example",
            &["fw-ops", "fw-release"],
            403,
            "oidc.two-roles",
        ),
        (
            "new@northwind.example",
            &["fw-ops", "audit"],
            403,
            "oidc.two-roles",
        ),
        // The plan gives Ana and Li another duty; a role without one isn't theirs either.
        (
            "li@northwind.example",
            &["fw-ops"],
            409,
            "access.two-duties",
        ),
        (
            "ana@northwind.example",
            &["fw-ops"],
            409,
            "access.two-duties",
        ),
        (
            "li@northwind.example",
            &["everyone"],
            409,
            "access.planned-duty",
        ),
        // Vi has an account with another role.
        (VI, &["fw-ops"], 403, "oidc.other-role"),
    ] {
        let mut visit = Visit::at(&house.base);
        let seen = visit.comes_in(&provider, "n-1", of(email, groups)).await;
        refused(&seen, status, id);
        assert!(visit.jar.is_empty());
    }
    assert_eq!(house.app.store().accounts().await.unwrap().len(), 2);
    assert_eq!(role_of(&house, VI).await, Some(Role::Viewer));
}

/// Who has left the group has nothing going at the next sign-in, and is back with it.
#[tokio::test]
async fn who_left_the_group_is_shut_out() {
    let (house, provider) = grouped().await;
    for groups in [&[][..], &["fw-release"], &["fw-ops", "fw-release"]] {
        let mut kim = Visit::at(&house.base);
        let seen = kim.comes_in(&provider, "k-1", of(KIM, &["fw-ops"])).await;
        assert_eq!(seen.to.as_deref(), Some("/devices"), "{}", seen.html);
        assert_eq!(kim.get("/account").await.status, StatusCode::OK);
        let mut elsewhere = Visit::at(&house.base);
        let seen = elsewhere.comes_in(&provider, "k-1", of(KIM, groups)).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{}", seen.html);
        assert_eq!(
            kim.get("/account").await.status,
            StatusCode::SEE_OTHER,
            "{groups:?}"
        );
    }
    assert_eq!(role_of(&house, KIM).await, Some(Role::Operations));
}

/// Who never came in by the provider loses nothing by trying: somebody else may have their address there.
#[tokio::test]
async fn who_is_not_bound_shuts_nobody_out() {
    let (house, provider) = grouped().await;
    let mut kim = Visit::at(&house.base);
    let fields = [("email", KIM), ("password", crate::door::browser::PASSWORD)];
    assert_eq!(
        kim.post("/sign-in", &fields).await.status,
        StatusCode::SEE_OTHER
    );
    let seen = Visit::at(&house.base)
        .comes_in(&provider, "k-1", of(KIM, &[]))
        .await;
    refused(&seen, 403, "oidc.no-group");
    assert_eq!(kim.get("/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn groups_may_stand_in_another_claim() {
    let more = [
        ("MAINSTAY_OIDC_GROUPS", "Mainstay/Viewer=viewer"),
        ("MAINSTAY_OIDC_GROUPS_CLAIM", "roles"),
    ];
    let (house, provider) = house_of(&more).await;
    let claims = json!({ "email": "new@northwind.example", "email_verified": true,
        "groups": ["else"], "roles": "Mainstay/Viewer" });
    let seen = Visit::at(&house.base)
        .comes_in(&provider, "n-1", claims)
        .await;
    assert_eq!(seen.to.as_deref(), Some("/devices"), "{}", seen.html);
}
