//! One's own account, up to its end.

use mainstay_access::{Email, Role, TotpSecret};
use reqwest::{Method, StatusCode};

use super::browser::{Browser, PASSWORD, hidden, link, signed_in, with_codes};
use crate::house::House;

const KIM: &str = "kim@northwind.example";
const OTHER: &str = "lantern quarry oboe";

/// A wish for a token that looks.
fn job() -> [(&'static str, &'static str); 4] {
    [
        ("name", "job"),
        ("days", "9"),
        ("may", "read"),
        ("current", PASSWORD),
    ]
}

#[tokio::test]
async fn a_changed_password_ends_what_the_old_one_began() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut elsewhere = Browser::at(&house.base);
    elsewhere.sign_in(KIM, PASSWORD).await;
    let change = async |kim: &mut Browser, now: &str, new: &str| {
        let fields = [("current", now), ("password", new), ("again", new)];
        kim.send("/account", "/account/password", &fields).await
    };
    let wrong = change(&mut kim, OTHER, OTHER).await;
    assert!(wrong.status == StatusCode::FORBIDDEN && wrong.says("go together"));
    let short = change(&mut kim, PASSWORD, "short").await;
    assert!(short.says("fewer than 12"), "{}", short.html);
    assert!(elsewhere.get("/account").await.says(KIM));
    let changed = change(&mut kim, PASSWORD, OTHER).await;
    assert_eq!(changed.to.as_deref(), Some("/account"));
    assert!(kim.get("/account").await.says(KIM), "signed in anew here");
    assert!(elsewhere.get("/account").await.to.is_some());
    assert_eq!(
        elsewhere.sign_in(KIM, PASSWORD).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        elsewhere.sign_in(KIM, OTHER).await.status,
        StatusCode::SEE_OTHER
    );
}

/// An app is set up with the password and a code of it, which ends the other sessions.
#[tokio::test]
async fn a_second_factor_is_set_up() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut elsewhere = Browser::at(&house.base);
    elsewhere.sign_in(KIM, PASSWORD).await;
    let page = kim.get("/account/second-factor").await;
    let (offered, token) = (hidden(&page.html, "totp"), hidden(&page.html, "form"));
    assert!(page.says("<svg class=\"qr\"") && page.says("otpauth://totp/Mainstay:kim%40"));
    let app = TotpSecret::parse(&offered).unwrap();
    let set_up = async |kim: &mut Browser, code: &str, password: &str| {
        let fields = [
            ("form", &*token),
            ("totp", &offered),
            ("code", code),
            ("current", password),
        ];
        kim.post("/account/second-factor", &fields).await
    };
    let code = app.shown_at(house.app.now());
    let off = set_up(&mut kim, "000000", PASSWORD).await;
    assert!(off.says(&offered), "the app keeps what it was offered");
    assert!(set_up(&mut kim, &code, OTHER).await.says("go together"));
    assert!(kim.get("/account").await.says("Not set up"));
    assert!(set_up(&mut kim, &code, PASSWORD).await.to.is_some());
    let page = kim.get("/account").await;
    assert!(
        page.says("Asked for at each sign-in") && page.says("and code"),
        "{}",
        page.html
    );
    assert!(elsewhere.get("/account").await.to.is_some());
}

/// The password alone takes no app away, by going without or by another app: a code of it does, once.
#[tokio::test]
async fn an_app_goes_with_a_code_of_it() {
    let house = House::new().await;
    let (mut kim, app) = with_codes(&house, 5, KIM, Role::Operations).await;
    let mut elsewhere = Browser::at(&house.base);
    let code = app.shown_at(house.app.now());
    let without = "/account/second-factor/remove";
    let wrong = kim.send("/account", without, &[("current", OTHER)]).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    let typed = ("current", PASSWORD);
    for code in ["", "000000", &code] {
        let typed = [typed, ("present", code)];
        let refused = kim.send("/account", without, &typed).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{code}");
    }
    house.later(1);
    let page = kim.get("/account/second-factor").await;
    let another = TotpSecret::parse(&hidden(&page.html, "totp")).unwrap();
    let (secret, its_code) = (another.reveal(), another.shown_at(house.app.now()));
    let mut replace = vec![typed, ("totp", &**secret), ("code", &*its_code)];
    let place = "/account/second-factor";
    let refused = kim.send(place, place, &replace).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.html);
    let present = app.shown_at(house.app.now());
    replace.push(("present", &*present));
    let replaced = kim.send(place, place, &replace).await;
    assert_eq!(
        replaced.to.as_deref(),
        Some("/account"),
        "{}",
        replaced.html
    );
    house.later(1);
    let present = another.shown_at(house.app.now());
    let typed = [typed, ("present", &*present)];
    let removed = kim.send("/account", without, &typed).await;
    assert!(removed.to.is_some(), "{}", removed.html);
    assert!(kim.get("/account").await.says("Not set up"));
    let plain = elsewhere.sign_in(KIM, PASSWORD).await;
    assert_eq!(plain.to.as_deref(), Some("/devices"));
}

#[tokio::test]
async fn sessions_are_seen_and_ended_by_their_owner_alone() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut phone = Browser::at(&house.base);
    phone.sign_in(KIM, PASSWORD).await;
    let mut vi = signed_in(&house, 6, "vi@northwind.example", Role::Viewer).await;
    let page = kim.get("/account").await;
    assert_eq!(page.html.matches("name=\"session\"").count(), 1);
    let id = hidden(&page.html, "session");
    let end = [("session", &*id)];
    vi.send("/account", "/account/sessions/end", &end).await;
    assert!(phone.get("/account").await.says(KIM), "it isn't Vi's");
    kim.send("/account", "/account/sessions/end", &end).await;
    assert!(phone.get("/account").await.to.is_some());
    assert!(kim.get("/account").await.says(KIM));
}

/// A token is for a part of what its owner may, for a year at most, and takes their password.
#[tokio::test]
async fn no_token_is_made_for_too_much() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    for current in ["", OTHER] {
        let mut wish = job();
        wish[3].1 = current;
        let page = kim.send("/account", "/account/tokens", &wish).await;
        assert!(page.says("go together") && !page.says("mainstay_api_"));
    }
    kim.send("/account", "/account/tokens", &job()).await;
    for (field, value, says) in [
        ("may", "manage-people", "can&#39;t invite people"),
        ("may", "approve-release", "no more than its owner"),
        ("days", "366", "a year at most"),
        ("days", "soon", "from 1 to 365"),
        ("name", "job", "already"),
    ] {
        let mut wish = vec![("name", "other"), ("days", "30"), ("may", "read")];
        wish.push(("current", PASSWORD));
        wish.retain(|(known, _)| *known != field || field == "may");
        wish.push((field, value));
        let page = kim.send("/account", "/account/tokens", &wish).await;
        assert!(page.says(says), "{field} {value}\n{}", page.html);
    }
}

/// A token does what it was made for, until it is revoked, and never lets anybody in.
#[tokio::test]
async fn a_token_does_no_more_than_it_was_made_for() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let make = [
        ("name", "night job"),
        ("days", "30"),
        ("may", "read"),
        ("may", "halt-rollout"),
        ("current", PASSWORD),
    ];
    let page = kim.send("/account", "/account/tokens", &make).await;
    let (_, rest) = page.html.split_once("<code>mainstay_api_").unwrap();
    let token = format!("mainstay_api_{}", &rest[..64]);
    let refused = async |method: Method, path: &str, token: &str| {
        let asked = house
            .request(method, path, token)
            .body("{}")
            .send()
            .await
            .unwrap();
        crate::house::problem(asked).await
    };
    let _all: mainstay_api::DevicePage = house.get("/api/v1/devices", &token).await;
    let home = house
        .request(Method::GET, "/", &token)
        .send()
        .await
        .unwrap();
    assert_eq!(home.status(), StatusCode::OK);
    for (method, path, id) in [
        (Method::POST, "/api/v1/devices", "access.token-scope"),
        (
            Method::GET,
            "/api/v1/setup-links",
            "access.token-scope-people",
        ),
        (
            Method::POST,
            "/api/v1/setup-links",
            "access.token-scope-people",
        ),
        (Method::POST, "/api/v1/rollouts/1/halt", "request.malformed"),
        (Method::PUT, "/api/v1/plan", "access.denied"),
    ] {
        let (_, found) = refused(method, path, &token).await;
        assert_eq!(found, id, "{path}");
    }
    kim.send(
        "/account",
        "/account/tokens/revoke",
        &[("name", "night job")],
    )
    .await;
    let gone = refused(Method::GET, "/api/v1/devices", &token).await;
    assert_eq!(gone, (401, "auth.token".to_owned()));
}

/// A closed account is no account to anybody: its password is as wrong as any.
#[tokio::test]
async fn a_closed_account_lets_nobody_in() {
    let house = House::new().await;
    let (mut vi, _) = with_codes(&house, 6, "vi@northwind.example", Role::Viewer).await;
    let wish = job();
    let page = vi.send("/account", "/account/tokens", &wish).await;
    let (_, rest) = page.html.split_once("<code>mainstay_api_").unwrap();
    let token = format!("mainstay_api_{}", &rest[..64]);
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let closed = kim
        .send(
            "/people",
            "/people/close",
            &[("email", "vi@northwind.example"), ("current", PASSWORD)],
        )
        .await;
    assert_eq!(closed.to.as_deref(), Some("/people"));
    assert!(vi.get("/account").await.to.is_some());
    let refused = house
        .request(Method::GET, "/api/v1/devices", &token)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let mut browser = Browser::at(&house.base);
    let told = browser.sign_in("vi@northwind.example", PASSWORD).await;
    let nobody = browser.sign_in("no@northwind.example", PASSWORD).await;
    assert_eq!(told.status, nobody.status);
    let one = told.html.replace("vi@", "no@");
    assert_eq!(one, nobody.html, "nobody is told that there was one");
    let who = Email::new("vi@northwind.example").unwrap();
    let entropy = mainstay_server::SeededEntropy::new(9);
    let again = mainstay_server::sign_in::setup::on_the_machine(
        house.app.store(),
        &entropy,
        who,
        Role::Viewer,
        house.app.now(),
    );
    assert_eq!(again.await.unwrap_err().id(), "store.already-exists");
}

/// A laptop was stolen: what it was signed in to ends, and its owner goes on with the password.
#[tokio::test]
async fn operations_shut_somebody_out() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut vi = signed_in(&house, 6, "vi@northwind.example", Role::Viewer).await;
    let page = vi.send("/account", "/account/tokens", &job()).await;
    let (_, rest) = page.html.split_once("<code>mainstay_api_").unwrap();
    let token = format!("mainstay_api_{}", &rest[..64]);
    let who = [("email", "vi@northwind.example")];
    let ended = kim.send("/people", "/people/shut-out", &who).await;
    assert_eq!(ended.to.as_deref(), Some("/people"), "{}", ended.html);
    assert!(vi.get("/account").await.to.is_some());
    let asked = house.request(Method::GET, "/api/v1/devices", &token);
    let refused = asked.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let again = vi.sign_in("vi@northwind.example", PASSWORD).await;
    assert_eq!(again.to.as_deref(), Some("/devices"));
    let nobody = [("email", "no@northwind.example")];
    let page = kim.send("/people", "/people/shut-out", &nobody).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

/// The way back after a theft: what the thief made goes with it.
#[tokio::test]
async fn a_new_link_takes_back_what_the_account_gave_away() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let wish = job();
    let page = kim.send("/account", "/account/tokens", &wish).await;
    let (_, rest) = page.html.split_once("<code>mainstay_api_").unwrap();
    let token = format!("mainstay_api_{}", &rest[..64]);
    let path = link(&house.app, 8, KIM, Role::Operations).await;
    let mut owner = Browser::at(&house.base);
    assert!(
        owner
            .get(&path)
            .await
            .says("tokens for programs are revoked")
    );
    let chosen = [("password", OTHER), ("again", OTHER)];
    assert!(owner.post(&path, &chosen).await.to.is_some());
    assert!(kim.get("/account").await.to.is_some());
    let refused = house
        .request(Method::GET, "/api/v1/devices", &token)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}
