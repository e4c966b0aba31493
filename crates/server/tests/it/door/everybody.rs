//! Every place of people's, by every role and by nobody; those of devices, in `devices.rs`.
//!
//! No place is left out, since no route is without a row ([`every_route_of_the_server_is_a_row`]). Read
//! [`every_place_answers_whom_its_row_names`].

use std::collections::{BTreeMap, BTreeSet};

use mainstay_access::{
    Account, Email, Means, PasswordHash, Permission, Role, Secret, SecretKind, Session, SetupLink,
};
use mainstay_server::places::Whom;
use mainstay_server::router;
use reqwest::{Method, StatusCode};

use super::browser::{Browser, form};
use crate::house::House;
use crate::rows::{filled, rows};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Somebody of each role, signed in.
pub async fn everybody(house: &House) -> Vec<(Role, Browser, String)> {
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

/// Whether a place that answers `whom` answers somebody of this role.
pub fn may(whom: Whom, role: Role) -> bool {
    match whom {
        Whom::Anyone | Whom::SignedIn => true,
        Whom::May(wanted) | Whom::MayInPerson(wanted) => wanted.is_for(role),
        Whom::Shows(_) => false,
    }
}

/// The paths of all routes of the whole server, as its router tells them of itself.
fn routes(house: &House) -> BTreeSet<String> {
    let told = format!("{:?}", router(house.app.clone()));
    let (_, paths) = told
        .split_once("paths: {")
        .expect("a router tells its paths");
    let (paths, _) = paths
        .split_once("fallback_router")
        .expect("what comes next");
    let quoted = paths.split('"').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

/// Whoever adds a route says in a row whom it answers, and is asked for it by all that walk the rows. A router that tells of itself in another form
/// has none of these paths, and fails here too.
#[tokio::test]
async fn every_route_of_the_server_is_a_row() {
    let house = House::new().await;
    let named: BTreeSet<_> = rows().into_iter().map(|row| row.path).collect();
    assert_eq!(routes(&house), named);
    assert!(named.len() > 90, "{}", named.len());
}

/// Nobody is sent away, or to sign in; who may is let through, to whatever is wrong with an empty request; and who mayn't is told so.
#[tokio::test]
async fn every_place_answers_whom_its_row_names() {
    let house = House::new().await;
    let all = everybody(&house).await;
    let nobody = Browser::at(&house.base);
    let mut looked_at = BTreeMap::<bool, usize>::new();
    let of_people = rows()
        .into_iter()
        .filter(|row| !matches!(row.whom, Whom::Shows(_)));
    for row in of_people {
        let (method, path, whom) = (row.method, row.of_nobody(), row.whom);
        let case = format!("{method} {path}");
        let (status, text) = asked(&nobody, method, &path, "").await;
        let sent_away = match row.is_browsers() {
            true => status == StatusCode::SEE_OTHER && text.starts_with("/sign-in"),
            false => status == StatusCode::UNAUTHORIZED && text.contains("auth.token"),
        };
        let is_open = whom == Whom::Anyone;
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
                !may(whom, *role),
                "{case} by {role}: {status} {text}"
            );
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{case} by {role}");
            assert!(!text.starts_with("/sign-in"), "{case} by {role}: {text}");
        }
        *looked_at.entry(row.is_browsers()).or_default() += 1;
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
    let rows = rows();
    let paths: BTreeSet<_> = rows.iter().map(|row| &*row.path).collect();
    for path in paths {
        let own = rows.iter().filter(|row| row.path == path);
        let named: Vec<_> = own.map(|row| row.method).collect();
        assert!(named.iter().all(|method| METHODS.contains(method)));
        let path = filled(path, &[], "nobody");
        for method in METHODS.iter().filter(|method| !named.contains(method)) {
            let (status, text) = asked(&operations, method, &path, &token).await;
            assert_eq!(
                status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}: {text}"
            );
        }
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
    for row in rows() {
        let in_person = matches!(row.whom, Whom::SignedIn | Whom::MayInPerson(_));
        for token in tokens.iter().filter(|_| in_person) {
            let path = row.of_nobody();
            let mut bearing = Browser::at(&house.base);
            let method = Method::from_bytes(row.method.as_bytes()).unwrap();
            let request = bearing.request(method, &path).bearer_auth(token);
            let seen = request.send().await.unwrap();
            let seen = bearing.seen(seen).await;
            let refused = match row.is_browsers() {
                true => seen.to.is_some_and(|to| to.starts_with("/sign-in")),
                false => seen.status == StatusCode::FORBIDDEN,
            };
            assert!(refused, "{path}: {}", seen.status);
            looked_at += 1;
        }
    }
    assert!(looked_at > 30, "{looked_at}");
}

/// No row asks for a permission that nobody is asked for elsewhere, and every permission opens something.
#[test]
fn every_permission_opens_a_place() {
    let wanted: Vec<Permission> = rows()
        .into_iter()
        .filter_map(|row| match row.whom {
            Whom::May(wanted) | Whom::MayInPerson(wanted) => Some(wanted),
            Whom::Anyone | Whom::SignedIn | Whom::Shows(_) => None,
        })
        .collect();
    // Its place is still to come.
    let to_come = [Permission::ReadAudit];
    for permission in Permission::ALL {
        let is_asked = wanted.contains(&permission);
        assert_eq!(is_asked, !to_come.contains(&permission), "{permission:?}");
    }
}
