//! What other sites make a browser send.

use mainstay_access::Role;
use reqwest::{Method, StatusCode};

use super::browser::{Browser, PASSWORD, form, signed_in};
use crate::house::{House, problem};

const KIM: &str = "kim@northwind.example";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn posted(
    browser: &mut Browser,
    path: &str,
    headers: &[(&str, &str)],
    fields: &[(&str, &str)],
) -> super::browser::Seen {
    let mut request = browser.request(Method::POST, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(form(fields)).send().await.unwrap();
    browser.clone().seen(response).await
}

/// Every form takes a page of this server and of this session.
#[tokio::test]
async fn a_form_of_another_page_does_nothing() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let mut vi = signed_in(&house, 6, "vi@northwind.example", Role::Viewer).await;
    let own = kim.form_token("/account").await;
    let others = vi.form_token("/account").await;
    assert_ne!(own, others);
    let here = ("origin", house.base.as_str());
    let elsewhere = ("origin", "https://evil.example");
    for path in [
        "/sign-out",
        "/account/password",
        "/account/sessions/end",
        "/account/second-factor",
        "/account/second-factor/remove",
        "/account/tokens",
        "/account/tokens/revoke",
        "/people/links",
        "/people/links/forget",
        "/people/links/vouch",
        "/people/shut-out",
        "/people/close",
    ] {
        for (headers, token, id) in [
            (&[FORM][..], &*own, "page of another site"),
            (&[FORM, elsewhere], &own, "page of another site"),
            (&[FORM, ("origin", "null")], &own, "page of another site"),
            (
                &[FORM, here, ("sec-fetch-site", "cross-site")],
                &own,
                "page of another site",
            ),
            (&[FORM, here], "", "isn&#39;t of the session"),
            (&[FORM, here], &others, "isn&#39;t of the session"),
            (
                &[("content-type", "text/plain"), here],
                &own,
                "isn&#39;t a form",
            ),
        ] {
            let fields = [("form", token), ("email", KIM), ("current", PASSWORD)];
            let seen = posted(&mut kim, path, headers, &fields).await;
            assert!(
                seen.status.is_client_error() && seen.says(id),
                "{path} {id}\n{}",
                seen.html
            );
        }
    }
    assert!(kim.get("/account").await.says(KIM), "nothing was ended");
}

/// Nobody is signed in as somebody else by another site, nor has a link used up by it.
#[tokio::test]
async fn nobody_is_signed_in_from_elsewhere() {
    let house = House::new().await;
    signed_in(&house, 5, KIM, Role::Operations).await;
    let path = super::browser::link(&house.app, 6, "vi@northwind.example", Role::Viewer).await;
    let mut browser = Browser::at(&house.base);
    let fields = [("email", KIM), ("password", PASSWORD), ("again", PASSWORD)];
    for place in ["/sign-in", &path] {
        let evil = [FORM, ("origin", "https://evil.example")];
        let seen = posted(&mut browser, place, &evil, &fields).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{place}");
        assert!(seen.set_cookie.is_none());
    }
    assert_eq!(browser.get(&path).await.status, StatusCode::OK);
}

/// A browser sends no cookie along with a form of another site, and so looks like one that has none. It keeps what it has.
#[tokio::test]
async fn nobody_is_signed_out_from_elsewhere() {
    let house = House::new().await;
    let mut without = Browser::at(&house.base);
    let evil = [FORM, ("origin", "https://evil.example")];
    let seen = posted(&mut without, "/sign-out", &evil, &[]).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert_eq!(seen.set_cookie, None);
}

/// With a cookie alone the API is looked at, and changed by nobody.
#[tokio::test]
async fn the_api_takes_a_cookie_with_what_a_page_knows() {
    let house = House::new().await;
    let mut kim = signed_in(&house, 5, KIM, Role::Operations).await;
    let looked = kim.request(Method::GET, "/api/v1/devices").send().await;
    let looked = looked.unwrap();
    assert_eq!(looked.status(), StatusCode::OK);
    let kept = &looked.headers()["cache-control"];
    assert_eq!(kept, "no-store", "a cache doesn't see whose it is");
    let token = kim.form_token("/account").await;
    let call = async |headers: &[(&str, &str)]| {
        let mut request = kim.request(Method::POST, "/api/v1/devices");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        problem(request.body("{}").send().await.unwrap()).await.1
    };
    let (here, proof) = (("origin", &*house.base), ("mainstay-form", &*token));
    assert_eq!(call(&[]).await, "sign-in.other-site");
    assert_eq!(call(&[proof]).await, "sign-in.other-site");
    assert_eq!(call(&[here]).await, "sign-in.form");
    assert_eq!(
        call(&[here, proof]).await,
        "request.malformed",
        "it is read"
    );
}
