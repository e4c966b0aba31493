//! Who is calling: a device or a person, by the bearer token of the request.
//!
//! A wrong token, a missing one and a malformed one get the same answer. Tokens are never logged.
//! Read [`device`] and [`person`].

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mainstay_access::{Permission, Person};
use mainstay_fleet::Device;
use mainstay_store::{Devices, People};

use crate::App;
use crate::problem::Refused;
use crate::quiet::TokenHash;
use crate::token::Token;

/// What the store keeps of the token that a device's request bears.
///
/// # Errors
/// `auth.token` when it bears none.
pub(crate) fn token(headers: &HeaderMap) -> Result<TokenHash, Refused> {
    let token = bearer(headers).ok_or_else(Refused::unauthenticated)?;
    Ok(token.hash())
}

/// The device that has this token.
///
/// # Errors
/// `auth.token` when none has it.
pub(crate) async fn device(app: &App, token: &TokenHash) -> Result<Device, Refused> {
    let device = Devices::by_token_hash(&*app.store, token).await?;
    device.ok_or_else(Refused::unauthenticated)
}

/// The person whose token the request bears, if their duty includes `wanted`.
///
/// # Errors
/// `auth.token` when it bears none that a person has, `access.denied` when it isn't their duty.
pub(crate) async fn person(
    app: &App,
    headers: &HeaderMap,
    wanted: Permission,
) -> Result<Person, Refused> {
    let token = bearer(headers).ok_or_else(Refused::unauthenticated)?;
    let person = People::by_token_hash(&*app.store, &token.hash()).await?;
    let person = person.ok_or_else(Refused::unauthenticated)?;
    person.may(wanted)?;
    Ok(person)
}

/// Whether a browser's user is a person: it sends the token as the password of basic
/// authentication (RFC 7617), under any name.
///
/// # Errors
/// `auth.token` when it doesn't.
pub(crate) async fn browser(app: &App, headers: &HeaderMap) -> Result<Person, Refused> {
    let token = basic(headers).or_else(|| bearer(headers));
    let token = token.ok_or_else(Refused::unauthenticated)?;
    let person = People::by_token_hash(&*app.store, &token.hash()).await?;
    person.ok_or_else(Refused::unauthenticated)
}

fn bearer(headers: &HeaderMap) -> Option<Token> {
    Token::parse(credentials(headers, "bearer")?)
}

fn basic(headers: &HeaderMap) -> Option<Token> {
    let decoded = BASE64_STANDARD
        .decode(credentials(headers, "basic")?)
        .ok()?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Token::parse(password)
}

/// What follows the scheme in `Authorization` (RFC 9110, section 11.4: schemes ignore case).
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (named, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    named
        .eq_ignore_ascii_case(scheme)
        .then(|| credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_token_in_the_right_scheme_is_read() {
        let token = "ab".repeat(32);
        let basic_token = BASE64_STANDARD.encode(format!("ana:{token}"));
        let cases = [
            (format!("Bearer {token}"), true, false),
            (format!("bearer  {token}"), true, false),
            (format!("Basic {basic_token}"), false, true),
            (format!("Basic {token}"), false, false),
            (token.clone(), false, false),
            ("Bearer ".to_owned(), false, false),
            (format!("Bearer {}", &token[1..]), false, false),
        ];
        for (value, as_bearer, as_basic) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            assert_eq!(bearer(&headers).is_some(), as_bearer, "{value}");
            assert_eq!(basic(&headers).is_some(), as_basic, "{value}");
        }
    }
}
