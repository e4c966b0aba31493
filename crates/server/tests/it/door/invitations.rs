//! Inviting people, and being the second person behind it: on the pages and by the API.

use mainstay_access::{Email, Role};
use mainstay_api::{MadeSetupLink, NewSetupLink, OnceMore, SetupLinkView, TypedPassword};
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

/// A stolen session invites nobody, vouches for nobody and closes nothing: each takes the password.
#[tokio::test]
async fn a_session_alone_changes_nothing_about_people() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut sam = signed_in(&house, 6, SAM, Role::ReleaseManager).await;
    let mo = [("email", "mo@northwind.example"), ("role", "engineer")];
    let by = |password| ("current", password);
    let page = kim
        .send("/people", "/people/links", &[mo[0], mo[1], by(PASSWORD)])
        .await;
    let path = shown_path(&page.html, &house.base);
    let id = hidden(&sam.get("/people").await.html, "link");
    let sams = [("email", SAM)];
    for password in ["", "some other words"] {
        let typed = by(password);
        for (is_kim, place, fields) in [
            (true, "/people/links", vec![mo[0], mo[1], typed]),
            (false, "/people/links/vouch", vec![("link", &*id), typed]),
            (true, "/people/close", vec![sams[0], typed]),
        ] {
            let browser = if is_kim { &mut kim } else { &mut sam };
            let page = browser.send("/people", place, &fields).await;
            let is_refused = page.status == StatusCode::FORBIDDEN && page.says("go together");
            assert!(is_refused, "{place}\n{}", page.html);
        }
    }
    assert!(kim.get("/people").await.says("waits for"));
    assert_eq!(kim.get(&path).await.status, StatusCode::CONFLICT);
    assert_eq!(sam.get("/people").await.status, StatusCode::OK);
}

/// Two of operations together end a hold: one alone makes no other, and no link for themselves.
#[tokio::test]
async fn nobody_of_operations_makes_another_alone() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let wish = |email| {
        [
            ("email", email),
            ("role", "operations"),
            ("current", PASSWORD),
        ]
    };
    let made = wish("kim-too@northwind.example");
    let page = kim.send("/people", "/people/links", &made).await;
    let path = shown_path(&page.html, &house.base);
    let page = Browser::at(&house.base).get(&path).await;
    assert!(page.status == StatusCode::CONFLICT && page.says("second-missing"));
    let page = kim.send("/people", "/people/links", &wish(KIM)).await;
    assert!(page.status == StatusCode::CONFLICT && page.says("for themselves"));

    // A colleague is let in again.
    signed_in(&house, 6, "joe@northwind.example", Role::Operations).await;
    let page = kim
        .send("/people", "/people/links", &wish("joe@northwind.example"))
        .await;
    assert!(page.says("gives the account a new password"));
    let path = shown_path(&page.html, &house.base);
    let page = Browser::at(&house.base).get(&path).await;
    assert!(page.status == StatusCode::OK && page.says("Choose a new password"));
}

/// Whoever vouches is told what their word does, and nobody is asked for one who can't give it.
#[tokio::test]
async fn a_second_person_knows_what_they_vouch_for() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut sam = signed_in(&house, 6, SAM, Role::ReleaseManager).await;
    with_codes(&house, 7, "vi@northwind.example", Role::Viewer).await;
    let wish = [
        ("email", "vi@northwind.example"),
        ("role", "viewer"),
        ("current", PASSWORD),
    ];
    kim.send("/people", "/people/links", &wish).await;
    let page = sam.get("/people").await;
    for text in ["its app stays, unless", "With your word", "Vouch"] {
        assert!(page.says(text), "{text}\n{}", page.html);
    }
    let own = kim.get("/people").await;
    assert!(own.says("its app stays, unless") && !own.says("With your word"));
    let id = hidden(&page.html, "link");
    let vouch = [("link", &*id), ("current", PASSWORD)];
    sam.send("/people", "/people/links/vouch", &vouch).await;
    let page = kim.get("/people").await;
    assert!(page.says("its app of before goes"), "{}", page.html);
}

#[tokio::test]
async fn a_duty_takes_a_second_person() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut sam = signed_in(&house, 6, SAM, Role::ReleaseManager).await;
    let wish = [
        ("email", "mo@northwind.example"),
        ("role", "release-manager"),
        ("current", PASSWORD),
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
    let vouch = [("link", &*id), ("current", PASSWORD)];
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
    signed_in(&house, 6, "vi@northwind.example", Role::Viewer).await;
    for (email, role, id) in [
        ("noor@northwind.example", "engineer", "duties"),
        ("ana@northwind.example", "operations", "duties"),
        ("ana@northwind.example", "viewer", "The plan gives"),
        ("noor@northwind.example", "viewer", "The plan gives"),
        ("vi@northwind.example", "support", "already"),
    ] {
        let wish = [("email", email), ("role", role), ("current", PASSWORD)];
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
    let wish = [
        ("email", "vi@northwind.example"),
        ("role", "viewer"),
        ("current", PASSWORD),
    ];
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
    let password = TypedPassword(PASSWORD.to_owned());
    let wish = NewSetupLink {
        email: Email::new("vi@northwind.example").unwrap(),
        role: Role::Viewer,
        password: password.clone(),
    };
    let wish = serde_json::to_string(&wish).unwrap();
    let without = wish.replace(PASSWORD, "");
    let refused = call(Method::POST, "/setup-links", &without).await;
    assert_eq!(problem(refused).await, (403, "sign-in.wrong".to_owned()));
    let made = call(Method::POST, "/setup-links", &wish).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: MadeSetupLink = read(made).await;
    assert!(
        made.url
            .starts_with(&format!("{}/setup/mainstay_setup_", house.base))
    );
    assert!(!made.view.waits_for_second_person);
    let all: Vec<SetupLinkView> = read(call(Method::GET, "/setup-links", "").await).await;
    assert_eq!(all, std::slice::from_ref(&made.view));
    let one = format!("/setup-links/{}", made.view.id);
    let once_more = serde_json::to_string(&OnceMore { password }).unwrap();
    let vouch = format!("{one}/vouch");
    let without = problem(call(Method::POST, &vouch, "{}").await).await;
    assert_eq!(without, (400, "request.malformed".to_owned()));
    let own = call(Method::POST, &vouch, &once_more).await;
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
    let last = problem(call(Method::POST, &close, &once_more).await).await;
    assert_eq!(last, (409, "access.last-of-operations".to_owned()));
    signed_in(&house, 8, "mo@northwind.example", Role::Operations).await;
    let closed = call(Method::POST, &close, &once_more).await;
    assert_eq!(closed.status(), StatusCode::NO_CONTENT);
    let over = call(Method::GET, "/people", "").await;
    assert_eq!(over.status(), StatusCode::UNAUTHORIZED);
}
