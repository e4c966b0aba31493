//! From a setup link to a session that is whole.

use jiff::SignedDuration;
use mainstay_access::{Role, Secret};
use mainstay_server::sign_in::setup::{self, FirstLink};
use mainstay_server::{App, DataDir, PagesAccess, VirtualClock};
use reqwest::{Method, StatusCode};

use super::browser::{Browser, PASSWORD, form, link, signed_in, with_codes};
use super::told;
use crate::house::{House, PLAN, new_folder, start};
use crate::serving::{listen, open};

const KIM: &str = "kim@northwind.example";

/// Nobody has a password before somebody chooses one; the first link asks whose it is, and looks into the plan.
#[tokio::test]
async fn a_new_server_has_one_link_and_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path().join("server"));
    new_folder(&data, PLAN).await;
    let app = open(&data, &VirtualClock::new(start()), PagesAccess::People).await;
    let first = new_link(&app).await;
    let path = format!("{}{}", setup::SETUP_PATH, *first.reveal());
    let mut browser = Browser::at(&listen(app.clone()).await);
    for _ in 0..2 {
        let page = browser.get(&path).await;
        assert!(page.status == StatusCode::OK && page.says("operations"));
        assert!(page.set_cookie.is_none(), "looking uses nothing up");
    }
    let page = browser.request(Method::GET, &path).send().await.unwrap();
    let policy = &page.headers()["referrer-policy"];
    assert_eq!(policy, "strict-origin", "the path is told to nobody");
    let chosen = async |browser: &mut Browser, email, password, again| {
        let fields = [("email", email), ("password", password), ("again", again)];
        browser.post(&path, &fields).await
    };
    for (email, password, again, status, id) in [
        // The plan names Noor as a release manager.
        ("noor@northwind.example", PASSWORD, PASSWORD, 409, "duties"),
        ("kim", PASSWORD, PASSWORD, 422, "isn&#39;t the address"),
        (KIM, PASSWORD, "another one", 422, "differ"),
        (KIM, "kim northwind", "kim northwind", 422, "too little"),
        (KIM, "password1234", "password1234", 422, "tried first"),
    ] {
        let refused = chosen(&mut browser, email, password, again).await;
        assert_eq!(refused.status.as_u16(), status, "{id}");
        assert!(refused.says(id), "{id}\n{}", refused.html);
        assert!(!refused.says(password), "a page repeats no password");
    }
    let opened = chosen(&mut browser, KIM, PASSWORD, PASSWORD).await;
    assert_eq!(opened.to.as_deref(), Some("/"));
    assert!(browser.get("/account").await.says(KIM));
    let again = chosen(&mut browser, "mo@northwind.example", PASSWORD, PASSWORD).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let first = setup::first_link(&app).await.unwrap();
    assert!(matches!(first, FirstLink::NotNeeded));
}

async fn new_link(app: &App) -> Secret {
    match setup::first_link(app).await.unwrap() {
        FirstLink::New(secret) => secret,
        other => panic!("{other:?}"),
    }
}

/// A server that starts again within the hour prints no other link beside the one that works.
#[tokio::test]
async fn the_first_link_is_made_anew_once_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path().join("server"));
    new_folder(&data, PLAN).await;
    let clock = VirtualClock::new(start());
    let app = open(&data, &clock, PagesAccess::People).await;
    let first = new_link(&app).await;
    let hour = SignedDuration::from_hours(1);
    clock.set(start() + SignedDuration::from_mins(59));
    let again = setup::first_link(&app).await.unwrap();
    assert!(matches!(again, FirstLink::Shown { until } if until == start() + hour));
    clock.set(start() + hour);
    let second = new_link(&app).await;
    assert_ne!(*first.reveal(), *second.reveal());
}

#[tokio::test]
async fn a_server_with_people_prints_no_first_link() {
    let house = House::new().await;
    let first = setup::first_link(&house.app).await.unwrap();
    assert!(matches!(first, FirstLink::NotNeeded));
}

#[tokio::test]
async fn a_link_works_for_an_hour() {
    let house = House::new().await;
    let path = link(&house.app, 5, KIM, Role::Operations).await;
    house.later(60);
    let page = Browser::at(&house.base).get(&path).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.says("sign-in.no-link"));
}

/// The password is right and the code is missing: nothing is shown yet. With the code the cookie is another one, and what was
/// planted before is nobody's.
#[tokio::test]
async fn password_then_code_then_another_cookie() {
    let house = House::new().await;
    let (mut kim, app) = with_codes(&house, 5, KIM, Role::Operations).await;
    let page = kim.get("/account").await;
    assert!(page.says("by setup link and code"), "{}", page.html);
    let left = kim.send("/account", "/sign-out", &[]).await;
    assert_eq!(left.to.as_deref(), Some("/sign-in"));
    assert!(kim.cookie.is_none());
    house.later(1);

    let wrong = kim.sign_in(KIM, "glacier turnip bicyclE").await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.says("go together") && kim.cookie.is_none());
    let right = kim.sign_in(" Kim@Northwind.example ", PASSWORD).await;
    let code_page = "/sign-in/code?next=%2Fdevices";
    assert_eq!(right.to.as_deref(), Some(code_page));
    let planted = kim.clone();
    let sent_on = kim.get("/devices").await;
    assert_eq!(sent_on.to.as_deref(), Some(code_page));
    let api = kim.get("/api/v1/devices").await;
    assert!(api.status == StatusCode::UNAUTHORIZED && api.says("auth.code-missing"));

    let none = kim
        .send(code_page, "/sign-in/code", &[("code", "000000")])
        .await;
    assert!(none.status == StatusCode::FORBIDDEN && none.says("isn&#39;t the code"));
    let code = app.shown_at(house.app.now());
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let fields = [("code", &*spaced), ("next", "/devices")];
    let in_at_last = kim.send(code_page, "/sign-in/code", &fields).await;
    assert_eq!(in_at_last.to.as_deref(), Some("/devices"));
    assert_ne!(kim.cookie, planted.cookie);
    assert_eq!(kim.get("/devices").await.status, StatusCode::OK);
    let mut planted = planted;
    let nobody = planted.get("/devices").await;
    assert_eq!(nobody.to.as_deref(), Some("/sign-in?next=%2Fdevices"));
    // The same code is good once.
    let mut other = Browser::at(&house.base);
    other.sign_in(KIM, PASSWORD).await;
    let used = other.send(code_page, "/sign-in/code", &fields).await;
    assert!(used.says("used before"), "{}", used.html);
}

/// A session that somebody had before is over once they sign in anew in this browser.
#[tokio::test]
async fn a_browser_that_signs_in_anew_leaves_nothing_behind() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut before = kim.clone();
    assert_eq!(
        kim.sign_in(KIM, PASSWORD).await.status,
        StatusCode::SEE_OTHER
    );
    assert_ne!(kim.cookie, before.cookie);
    assert_eq!(kim.get("/account").await.status, StatusCode::OK);
    assert!(before.get("/account").await.to.is_some());

    let mut before = kim.clone();
    let path = link(&house.app, 6, "vi@northwind.example", Role::Viewer).await;
    let chosen = [("password", PASSWORD), ("again", PASSWORD)];
    assert!(kim.post(&path, &chosen).await.to.is_some());
    assert!(kim.get("/account").await.says("vi@northwind.example"));
    assert!(before.get("/account").await.to.is_some());
}

/// One's word for a session is a cookie that no script reads and no other host gets.
#[tokio::test]
async fn the_cookie_is_for_this_host_alone() {
    let house = House::new().await;
    let path = link(&house.app, 5, KIM, Role::Operations).await;
    let chosen = [("password", PASSWORD), ("again", PASSWORD)];
    let plain = Browser::at(&house.base).post(&path, &chosen).await;
    let plain = plain.set_cookie.unwrap();
    assert!(plain.starts_with("mainstay=mainstay_session_"), "{plain}");
    let flags = "; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax";
    assert!(plain.ends_with(flags), "{plain}");

    let public = "https://updates.northwind.example";
    let house = House::told(told(&[("MAINSTAY_PUBLIC_URL", public)])).await;
    let path = link(&house.app, 5, KIM, Role::Operations).await;
    let mut browser = Browser::at(&house.base);
    let request = browser.request(Method::POST, &path);
    let request = request
        .header("origin", public)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&chosen));
    let seen = request.send().await.unwrap();
    let seen = browser.seen(seen).await;
    let strict = seen.set_cookie.unwrap();
    assert!(
        strict.starts_with("__Host-mainstay=mainstay_session_"),
        "{strict}"
    );
    assert!(strict.ends_with(&format!("{flags}; Secure")), "{strict}");
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    let value = browser.cookie.take().unwrap();
    browser.cookie = Some(value.replace("__Host-", ""));
    assert!(
        browser.get("/account").await.to.is_some(),
        "the plain name is none here"
    );
    browser.cookie = Some(format!("{value}; {value}"));
    assert!(browser.get("/account").await.to.is_some(), "two are none");
}
