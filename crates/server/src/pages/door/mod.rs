//! The pages by which people come in, and those of their accounts: all that browsers send.
//!
//! A form is read by [`form::Form`] alone, which looks at where it comes from before anybody sees its fields. What a form changed is shown
//! by another page, so that loading that one again changes nothing; but for secrets, which are shown this once.

mod account;
mod factor;
mod form;
mod people;
mod provider;
mod setup;
mod sign_in;
mod tokens;
mod visitor;

pub(super) use visitor::Visitor;

use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use mainstay_access::Permission;
use mainstay_report::Notice;

use crate::App;
use crate::places::{Place, Whom};
use crate::problem::Refused;
use crate::sign_in::provider::BACK_PATH;

const NOBODY: Whom = Whom::Anyone;
const OWN: Whom = Whom::SignedIn;
const MANAGE: Whom = Whom::MayInPerson(Permission::ManagePeople);
const VOUCH: Whom = Whom::MayInPerson(Permission::VouchForPeople);

/// The places.
pub(crate) const PLACES: &[Place] = &[
    Place::new("/sign-in", &[("GET", NOBODY), ("POST", NOBODY)], || {
        get(sign_in::page).post(sign_in::submit)
    }),
    Place::new(
        "/sign-in/code",
        &[("GET", NOBODY), ("POST", NOBODY)],
        || get(sign_in::code_page).post(sign_in::code),
    ),
    Place::new("/sign-in/provider", &[("GET", NOBODY)], || {
        get(provider::away)
    }),
    Place::new(BACK_PATH, &[("GET", NOBODY)], || get(provider::back)),
    Place::new("/sign-out", &[("POST", NOBODY)], || post(sign_in::out)),
    Place::new(
        "/setup/{secret}",
        &[("GET", NOBODY), ("POST", NOBODY)],
        || get(setup::page).post(setup::submit),
    ),
    Place::new("/account", &[("GET", OWN)], || get(account::page)),
    Place::new("/account/password", &[("POST", OWN)], || {
        post(account::password)
    }),
    Place::new("/account/sessions/end", &[("POST", OWN)], || {
        post(account::end_session)
    }),
    Place::new(
        "/account/second-factor",
        &[("GET", OWN), ("POST", OWN)],
        || get(factor::page).post(factor::submit),
    ),
    Place::new("/account/second-factor/remove", &[("POST", OWN)], || {
        post(factor::remove)
    }),
    Place::new("/account/tokens", &[("POST", OWN)], || post(tokens::make)),
    Place::new("/account/tokens/revoke", &[("POST", OWN)], || {
        post(tokens::revoke)
    }),
    Place::new("/people", &[("GET", VOUCH)], || get(people::page)),
    Place::new("/people/links", &[("POST", MANAGE)], || {
        post(people::invite)
    }),
    Place::new("/people/links/forget", &[("POST", MANAGE)], || {
        post(people::forget)
    }),
    Place::new("/people/links/vouch", &[("POST", VOUCH)], || {
        post(people::vouch)
    }),
    Place::new("/people/shut-out", &[("POST", MANAGE)], || {
        post(people::shut_out)
    }),
    Place::new("/people/close", &[("POST", MANAGE)], || post(people::close)),
];

/// Where whoever signs in goes on if they came from nowhere.
const HOME: &str = "/";

/// A page. Nobody keeps it: it may hold what is shown once.
fn html(status: StatusCode, html: String) -> Response {
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends a browser on, with another request.
fn go(path: &str) -> Response {
    let path = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static(HOME));
    let kept = HeaderValue::from_static("no-store");
    let headers = [(LOCATION, path), (CACHE_CONTROL, kept)];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The same with something to show from now on.
fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}

/// What came of it, or the refusal as a page.
fn answer(app: &App, done: Result<Response, Refused>) -> Response {
    match done {
        Ok(response) => response,
        Err(refused) => super::answer(app, Err(refused)),
    }
}

/// A refusal above the form that was refused.
fn notice(refused: &Refused) -> Notice {
    Notice {
        is_bad: true,
        sentence: refused.cause().to_owned(),
        next: refused.cure().to_owned(),
    }
}

/// `next` if it leads to a page of this server, and to its home page otherwise. A path that begins with two slashes, or with one that
/// browsers read as a second, leads elsewhere.
fn own_path(next: &str) -> &str {
    let leads_on = next
        .strip_prefix('/')
        .is_some_and(|rest| !rest.starts_with(['/', '\\']));
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic()) && next.len() <= 512;
    if leads_on && is_plain { next } else { HOME }
}

/// `path?next=...`, for somebody who is to come back.
fn and_then(path: &str, next: &str) -> String {
    let next: String = form_urlencoded::byte_serialize(own_path(next).as_bytes()).collect();
    format!("{path}?next={next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (next, expected) in [
            ("/devices?page=2", "/devices?page=2"),
            ("/", "/"),
            ("", "/"),
            ("devices", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("/\u{fc}", "/"),
        ] {
            assert_eq!(own_path(next), expected, "{next:?}");
        }
        let there = and_then("/sign-in", "/devices?page=2");
        assert_eq!(there, "/sign-in?next=%2Fdevices%3Fpage%3D2");
    }
}
