//! Inviting people, and being the second person behind it: on the pages and by the API.

use mainstay_access::Role;
use mainstay_api::{MadeSetupLink, SetupLinkView};
use reqwest::{Method, StatusCode};

use super::browser::{Browser, PASSWORD, hidden, signed_in, with_codes};
use crate::house::{House, problem, read};

const KIM: &str = "kim@northwind.example";
const SAM: &str = "sam@northwind.example";

/// The path of the link that a page shows.
fn shown_path(html: &str, base: &str) -> String {
    let begin = format!("<code>{base}/setup/");
    let (_, rest) = html.split_once(&begin).unwrap_or_else(|| panic!("{html}"));
    format!("/setup/{}", rest.split('<').next().unwrap())
}

#[tokio::test]
async fn another_duty_takes_a_second_person() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut sam = signed_in(&house, 6, SAM, Role::ReleaseManager).await;
    let wish = [
        ("email", "mo@northwind.example"),
        ("role", "release-manager"),
    ];
    let page = kim.send("/people", "/people/links", &wish).await;
    assert_eq!(page.status, StatusCode::OK);
    let path = shown_path(&page.html, &house.base);
    assert!(
        !kim.get("/people").await.says("mainstay_setup_"),
        "shown once"
    );
    let mut mo = Browser::at(&house.base);
    let early = mo.get(&path).await;
    assert!(early.status == StatusCode::CONFLICT && early.says("second-missing"));

    let id = hidden(&sam.get("/people").await.html, "link");
    let vouch = [("link", &*id)];
    let page = sam.get("/people").await;
    for text in [
        "mo@northwind.example",
        "release-manager",
        KIM,
        "could open it",
        "waits for",
    ] {
        assert!(page.says(text), "{text}");
    }
    let own = kim.send("/people", "/people/links/vouch", &vouch).await;
    assert!(
        own.status == StatusCode::CONFLICT && own.says("second person"),
        "{}",
        own.html
    );
    let vouched = sam.send("/people", "/people/links/vouch", &vouch).await;
    assert_eq!(vouched.to.as_deref(), Some("/people"));
    assert!(
        kim.get("/people")
            .await
            .says("sam@northwind.example vouches")
    );
    let chosen = [("password", PASSWORD), ("again", PASSWORD)];
    assert!(mo.post(&path, &chosen).await.to.is_some());
    assert!(mo.get("/account").await.says("role release-manager"));
    assert!(sam.get("/people").await.says("mo@northwind.example"));
}

/// The duties of a plan count, and so do those of people with tokens, before anybody can open anything.
#[tokio::test]
async fn nobody_is_invited_to_a_second_duty() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    for (email, role, id) in [
        ("noor@northwind.example", "engineer", "duties"),
        ("ana@northwind.example", "operations", "duties"),
        ("ana@northwind.example", "viewer", "already"),
        (KIM, "viewer", "already"),
    ] {
        let wish = [("email", email), ("role", role)];
        let page = kim.send("/people", "/people/links", &wish).await;
        assert!(
            page.status == StatusCode::CONFLICT && page.says(id),
            "{email} {role}\n{}",
            page.html
        );
    }
    let page = kim.get("/people").await;
    assert!(page.says("Nobody is invited now"), "{}", page.html);
}

/// One person's word gives a new password, and leaves the app of before.
#[tokio::test]
async fn one_persons_word_changes_no_second_factor() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let (_, app) = with_codes(&house, 7, "vi@northwind.example", Role::Viewer).await;
    house.later(1);
    let wish = [("email", "vi@northwind.example"), ("role", "viewer")];
    let page = kim.send("/people", "/people/links", &wish).await;
    let path = shown_path(&page.html, &house.base);
    let mut thief = Browser::at(&house.base);
    let page = thief.get(&path).await;
    assert!(page.says("app of before stays") && !page.says("otpauth"));
    let own = mainstay_access::TotpSecret::new([9; 20]);
    let (secret, code) = (own.reveal(), own.shown_at(house.app.now()));
    let chosen = [
        ("password", PASSWORD),
        ("again", PASSWORD),
        ("totp", &**secret),
        ("code", &*code),
    ];
    let opened = thief.post(&path, &chosen).await;
    assert_eq!(opened.to.as_deref(), Some("/sign-in/code?next=%2F"));
    let page = "/sign-in/code";
    let refused = thief.send(page, page, &[("code", &*code)]).await;
    assert!(refused.says("isn&#39;t the code"), "{}", refused.html);
    let code = app.shown_at(house.app.now());
    assert_eq!(
        thief
            .send(page, page, &[("code", &*code)])
            .await
            .to
            .as_deref(),
        Some("/")
    );
}

/// What the pages do, programs of a browser do by the API, with what the pages' forms carry.
#[tokio::test]
async fn the_api_invites_and_takes_back() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let token = kim.form_token("/account").await;
    let call = async |method: Method, path: &str, body: &str| {
        let request = kim.request(method, &format!("/api/v1{path}"));
        let request = request.header("origin", &house.base);
        let request = request.header("mainstay-form", &token);
        request.body(body.to_owned()).send().await.unwrap()
    };
    let wish = r#"{"email": "vi@northwind.example", "role": "viewer"}"#;
    let made = call(Method::POST, "/setup-links", wish).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: MadeSetupLink = read(made).await;
    assert!(
        made.url
            .starts_with(&format!("{}/setup/mainstay_setup_", house.base))
    );
    assert!(!made.view.waits_for_second_person);
    let all: Vec<SetupLinkView> = read(call(Method::GET, "/setup-links", "").await).await;
    assert_eq!(all, [made.view.clone()]);
    let one = format!("/setup-links/{}", made.view.id);
    let own = call(Method::POST, &format!("{one}/vouch"), "").await;
    assert_eq!(problem(own).await, (409, "store.conflict".to_owned()));
    let gone = call(Method::DELETE, &one, "").await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    for path in [&*one, "/setup-links/x"] {
        let (status, _) = problem(call(Method::DELETE, path, "").await).await;
        assert_eq!(status, 404, "{path}");
    }
    let secret = made.url.strip_prefix(&house.base).unwrap();
    assert_eq!(
        Browser::at(&house.base).get(secret).await.status,
        StatusCode::NOT_FOUND
    );
    let people: Vec<mainstay_api::AccountView> = read(call(Method::GET, "/people", "").await).await;
    assert_eq!(people.len(), 1);
    let close = format!("/people/{KIM}/close");
    let last = problem(call(Method::POST, &close, "").await).await;
    assert_eq!(last, (409, "access.last-of-operations".to_owned()));
    signed_in(&house, 8, "mo@northwind.example", Role::Operations).await;
    let closed = call(Method::POST, &close, "").await;
    assert_eq!(closed.status(), StatusCode::NO_CONTENT);
    let over = call(Method::GET, "/people", "").await;
    assert_eq!(over.status(), StatusCode::UNAUTHORIZED);
}
