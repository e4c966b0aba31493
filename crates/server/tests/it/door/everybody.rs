//! Every place, by every role and by nobody.
//!
//! The routers are made of the tables that are walked here, so that no place is left out. Read
//! [`every_place_answers_whom_its_row_names`].

use std::collections::BTreeMap;

use mainstay_access::{
    Account, Email, Means, PasswordHash, Permission, Role, Secret, SecretKind, Session, SetupLink,
};
use mainstay_server::places::{self, Place, Whom};
use reqwest::{Method, StatusCode};

use super::browser::{Browser, form};
use crate::house::House;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Somebody of each role, signed in.
async fn everybody(house: &House) -> Vec<(Role, Browser, String)> {
    let mut all = Vec::new();
    for (n, role) in (1_u8..).zip(Role::ALL) {
        all.push(somebody(house, n, role).await);
    }
    all
}

pub async fn somebody(house: &House, n: u8, role: Role) -> (Role, Browser, String) {
    let email = Email::new(&format!("every-{role}@northwind.example")).unwrap();
    let (store, now) = (house.app.store(), house.app.now());
    let link = Secret::new(SecretKind::SetupLink, [n; 32]);
    let account = Account {
        email: email.clone(),
        role,
        password: PasswordHash::new("$argon2id$x".to_owned()).unwrap(),
        second_factor: None,
        since: now,
        closed: None,
    };
    let made = SetupLink::on_the_machine(link.hash(), email.clone(), role, now);
    store.add_setup_link(&made, None).await.unwrap();
    store
        .use_setup_link(&link.hash(), &account, now)
        .await
        .unwrap();
    let secret = Secret::new(SecretKind::Session, [n; 32]);
    let session = Session::begin(secret.hash(), email, Means::Password, now);
    store
        .add_session(&session, &account.password)
        .await
        .unwrap();
    let mut browser = Browser::at(&house.base);
    browser.cookie = Some(format!("mainstay={}", *secret.reveal()));
    (role, browser, secret.form_token())
}

/// Each place with the path before it, and whether it is a browser's.
fn all_places() -> Vec<(&'static str, bool, &'static Place)> {
    let api = places::of_the_api()
        .iter()
        .map(|place| ("/api/v1", false, place));
    let monitors = places::of_monitors().iter().map(|place| ("", false, place));
    let browsers = places::of_browsers().into_iter().flatten();
    let browsers = browsers.map(|place| ("", true, place));
    api.chain(monitors).chain(browsers).collect()
}

/// A path of that place, with names that are nobody's.
fn path(before: &str, place: &Place) -> String {
    let parts = place
        .path
        .split('/')
        .map(|part| match part.starts_with('{') {
            true => "nobody",
            false => part,
        });
    format!("{before}{}", parts.collect::<Vec<_>>().join("/"))
}

/// What came back, in one word.
async fn asked(browser: &Browser, method: &str, path: &str, token: &str) -> (StatusCode, String) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = browser.request(method.clone(), path);
    let request = request.header("origin", &browser.base);
    let request = request.header("mainstay-form", token);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = match method == Method::GET {
        true => request,
        false => request.body(form(&[("form", token)])),
    };
    let response = request.send().await.unwrap();
    let status = response.status();
    let to = response
        .headers()
        .get("location")
        .map(|to| to.to_str().unwrap().to_owned());
    // What happens is told for as long as somebody listens.
    let kind = response.headers().get("content-type");
    if kind.is_some_and(|kind| kind == "text/event-stream") {
        return (status, String::new());
    }
    (
        status,
        to.unwrap_or(response.text().await.unwrap_or_default()),
    )
}

fn may(whom: Whom, role: Role) -> bool {
    match whom {
        Whom::Anyone | Whom::SignedIn => true,
        Whom::May(wanted) | Whom::MayInPerson(wanted) => wanted.is_for(role),
    }
}

/// Nobody is sent away, or to sign in; who may is let through, to whatever is wrong with an empty request; and who mayn't is told so.
#[tokio::test]
async fn every_place_answers_whom_its_row_names() {
    let house = House::new().await;
    let all = everybody(&house).await;
    let nobody = Browser::at(&house.base);
    let mut looked_at = BTreeMap::<bool, usize>::new();
    for (before, is_browsers, place) in all_places() {
        let path = path(before, place);
        for (method, whom) in place.methods {
            let case = format!("{method} {path}");
            let (status, text) = asked(&nobody, method, &path, "").await;
            let sent_away = match is_browsers {
                true => status == StatusCode::SEE_OTHER && text.starts_with("/sign-in"),
                false => status == StatusCode::UNAUTHORIZED && text.contains("auth.token"),
            };
            let is_open = *whom == Whom::Anyone;
            // Who isn't signed in signs out, and shows a code, by signing in.
            let begins_there = ["/sign-out", "/sign-in/code"].contains(&&*path);
            assert!(
                sent_away != is_open || begins_there,
                "{case} by nobody: {status} {text}"
            );
            if is_open {
                continue;
            }
            for (role, browser, token) in &all {
                let (status, text) = asked(browser, method, &path, token).await;
                let is_refused = status == StatusCode::FORBIDDEN && text.contains("access.denied");
                assert_eq!(
                    is_refused,
                    !may(*whom, *role),
                    "{case} by {role}: {status} {text}"
                );
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{case} by {role}");
                assert!(!text.starts_with("/sign-in"), "{case} by {role}: {text}");
            }
            *looked_at.entry(is_browsers).or_default() += 1;
        }
    }
    assert!(
        looked_at[&false] > 40 && looked_at[&true] > 12,
        "{looked_at:?}"
    );
}

/// What a row doesn't name isn't there.
#[tokio::test]
async fn a_method_without_a_row_is_refused_to_everybody() {
    let house = House::new().await;
    let (_, operations, token) = somebody(&house, 9, Role::Operations).await;
    for (before, _, place) in all_places() {
        let path = path(before, place);
        let named = |method: &&str| place.methods.iter().any(|(known, _)| known == method);
        for method in METHODS.iter().filter(|method| !named(method)) {
            let (status, text) = asked(&operations, method, &path, &token).await;
            assert_eq!(
                status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}: {text}"
            );
        }
        assert!(
            place
                .methods
                .iter()
                .all(|(method, _)| METHODS.contains(method))
        );
    }
}

/// What people do themselves, no token does: neither a person's of before nor one for programs.
#[tokio::test]
async fn no_token_does_what_people_do_in_person() {
    let house = House::new().await;
    let tokens = [
        &house.tokens.engineer,
        &house.tokens.manager,
        &house.tokens.operations,
    ];
    let mut looked_at = 0;
    for (before, is_browsers, place) in all_places() {
        for (method, whom) in place.methods {
            let in_person = matches!(whom, Whom::SignedIn | Whom::MayInPerson(_));
            for token in tokens.iter().filter(|_| in_person) {
                let path = path(before, place);
                let mut bearing = Browser::at(&house.base);
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let request = bearing.request(method, &path).bearer_auth(token);
                let seen = request.send().await.unwrap();
                let seen = bearing.seen(seen).await;
                let refused = match is_browsers {
                    true => seen.to.is_some_and(|to| to.starts_with("/sign-in")),
                    false => seen.status == StatusCode::FORBIDDEN,
                };
                assert!(refused, "{path}: {}", seen.status);
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 30, "{looked_at}");
}

/// No row asks for a permission that nobody is asked for elsewhere, and every permission opens something.
#[test]
fn every_permission_opens_a_place() {
    let rows = all_places()
        .into_iter()
        .flat_map(|(_, _, place)| place.methods);
    let wanted: Vec<Permission> = rows
        .filter_map(|(_, whom)| match whom {
            Whom::May(wanted) | Whom::MayInPerson(wanted) => Some(*wanted),
            Whom::Anyone | Whom::SignedIn => None,
        })
        .collect();
    // Its place is still to come.
    let to_come = [Permission::ReadAudit];
    for permission in Permission::ALL {
        let is_asked = wanted.contains(&permission);
        assert_eq!(is_asked, !to_come.contains(&permission), "{permission:?}");
    }
}
