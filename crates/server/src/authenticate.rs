//! Who is calling: a device or a person, by the bearer token of the request, or a person by their browser's session.
//!
//! A wrong token, a missing one and a malformed one get the same answer. Tokens are never logged.
//! Read [`device`] and [`caller`].

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::{
    ApiTokenDenied, Email, Origin, Permission, Person, Role, Secret, SecretKind, SessionStanding,
};
use mainstay_fleet::Device;
use mainstay_store::{Devices, People};

use crate::App;
use crate::identity::{self, Peer};
use crate::newcomers::AsksAs;
use crate::places::Whom;
use crate::problem::Refused;
use crate::quiet::TokenHash;
use crate::sign_in::{SignedIn, same_site};
use crate::token::Token;

/// A person who calls, by whatever they bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Who.
    pub email: Email,
    /// What they may do.
    pub role: Role,
}

/// What the store keeps of the token of the device that asks, by whichever means it shows who it is.
///
/// # Errors
/// `auth.token` when it shows nothing, `auth.certificate` when it doesn't show what is required here, `welcome.*` when it would have to be welcome and isn't.
pub(crate) async fn token(
    app: &App,
    headers: &HeaderMap,
    peer: &Peer,
) -> Result<TokenHash, Refused> {
    let token = peer.token(app, borne(headers), AsksAs::Itself).await?;
    token.ok_or_else(Refused::unauthenticated)
}

/// The same of a device that is registered; nobody is by this.
///
/// # Errors
/// As [`token`], but for `welcome.*`.
pub(crate) async fn registered(
    app: &App,
    headers: &HeaderMap,
    peer: &Peer,
) -> Result<TokenHash, Refused> {
    let token = peer.known(app, borne(headers)).await?;
    token.ok_or_else(|| identity::shows_nothing(app))
}

/// The same without asking the store, for answers from memory; none if that has to be asked.
pub(crate) fn token_at_once(app: &App, headers: &HeaderMap) -> Option<TokenHash> {
    identity::at_once(app, borne(headers))
}

/// What is kept of the token that a device bears; none if it bears none that a device could have.
pub(crate) fn borne(headers: &HeaderMap) -> Option<TokenHash> {
    let bears = bearer(headers).and_then(Token::parse);
    bears.map(|token| token.hash())
}

/// The device that has this token, which came from there.
///
/// # Errors
/// `auth.token` when none has it, `flow.device` when it asks too often, and `flow.address` when that isn't looked up because too many wrong ones came from
/// there.
pub(crate) async fn device(
    app: &App,
    token: &TokenHash,
    from: Option<Origin>,
) -> Result<Device, Refused> {
    let device = that_fetches(app, token, from).await?;
    app.limiter.expect_seldom(token)?;
    Ok(device)
}

/// The same, of a device that asks for a payload: in as many pieces as it likes, since refusing one may fail what it installs.
///
/// # Errors
/// As [`device`], but for `flow.device`.
pub(crate) async fn that_fetches(
    app: &App,
    token: &TokenHash,
    from: Option<Origin>,
) -> Result<Device, Refused> {
    app.limiter.expect_few_wrong(from, token)?;
    let Some(device) = Devices::by_token_hash(&*app.store, token).await? else {
        app.limiter.was_wrong(from);
        return Err(Refused::unauthenticated());
    };
    app.limiter.was_right(token);
    Ok(device)
}

/// What the store would keep of the bearer token that a request shows; none if it shows none that somebody could have.
pub(crate) fn shown(headers: &HeaderMap) -> Option<TokenHash> {
    let shown = bearer(headers)?;
    match Secret::parse(SecretKind::ApiToken, shown) {
        Some(secret) => Some(secret.hash().0),
        None => Token::parse(shown).map(|token| token.hash()),
    }
}

/// Who calls, if they may do what is `wanted`: with the token of a person, an API token that was made for that, or in a session.
///
/// # Errors
/// `auth.token` when it bears nothing that lets a person in, `access.denied` or `access.token-scope` when they mayn't, and
/// `sign-in.other-site` or `sign-in.form` when a browser asks for a change that may be another site's wish.
pub(crate) async fn caller(
    app: &App,
    headers: &HeaderMap,
    wanted: Permission,
) -> Result<Caller, Refused> {
    if shows_a_token(headers) {
        return bearing(app, headers, wanted).await;
    }
    let signed_in = whole(app, headers).await?;
    if !wanted.only_looks() {
        same_site::check_call(app, headers, &signed_in.secret)?;
    }
    signed_in.account.may(wanted)?;
    Ok(signed_in.caller())
}

/// The same for what only people with a duty may.
///
/// # Errors
/// As [`caller`].
pub(crate) async fn person(
    app: &App,
    headers: &HeaderMap,
    wanted: Permission,
) -> Result<Person, Refused> {
    let Caller { email, role } = caller(app, headers, wanted).await?;
    match role.duty() {
        Some(duty) => Ok(Person { email, duty }),
        None => Err(mainstay_access::Denied {
            who: email,
            role,
            wanted,
        }
        .into()),
    }
}

/// Somebody who is signed in themselves and may do what is `wanted`, for what no program does.
///
/// # Errors
/// As [`caller`], and `access.token-scope-people` for a program with a token.
pub(crate) async fn in_person(
    app: &App,
    headers: &HeaderMap,
    wanted: Permission,
) -> Result<SignedIn, Refused> {
    if shows_a_token(headers) {
        bearing(app, headers, wanted).await?;
        return Err(ApiTokenDenied::NeedsASession(wanted).into());
    }
    let signed_in = whole(app, headers).await?;
    same_site::check_call(app, headers, &signed_in.secret)?;
    signed_in.account.may(wanted)?;
    Ok(signed_in)
}

/// Whether a request shows a token in place of a session. What a proxy before this server asked a browser for is none.
pub(crate) fn shows_a_token(headers: &HeaderMap) -> bool {
    let shown = headers
        .get(AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or(""));
    let scheme = shown.map(|text| text.split(' ').next().unwrap_or(text));
    scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case("basic"))
}

/// Whoever bears a token, if they may do what is `wanted`.
///
/// # Errors
/// As [`caller`].
pub(crate) async fn bearing(
    app: &App,
    headers: &HeaderMap,
    wanted: Permission,
) -> Result<Caller, Refused> {
    let shown = bearer(headers).ok_or_else(Refused::unauthenticated)?;
    if let Some(secret) = Secret::parse(SecretKind::ApiToken, shown) {
        let found = app.store.api_token(&secret.hash(), app.now()).await?;
        let (token, account) = found.ok_or_else(Refused::unauthenticated)?;
        app.limiter.was_right(&secret.hash().0);
        token.may(account.role, wanted)?;
        return Ok(Caller {
            email: account.email,
            role: account.role,
        });
    }
    let token = Token::parse(shown).ok_or_else(Refused::unauthenticated)?;
    let person = People::by_token_hash(&*app.store, &token.hash()).await?;
    let person = person.ok_or_else(Refused::unauthenticated)?;
    app.limiter.was_right(&token.hash());
    person.may(wanted)?;
    Ok(Caller {
        role: person.duty.into(),
        email: person.email,
    })
}

/// Who sends a request at a place that answers `whom`, if that lets them in; nobody if it refuses them, which it says itself. Whether a browser was made to
/// send it by another site isn't asked here.
///
/// # Errors
/// If the store fails.
pub(crate) async fn let_in(
    app: &App,
    headers: &HeaderMap,
    whom: Whom,
) -> Result<Option<Email>, Refused> {
    let who = match (whom, shows_a_token(headers)) {
        (Whom::May(wanted), true) => bearing(app, headers, wanted).await.map(|it| it.email),
        (Whom::May(wanted) | Whom::MayInPerson(wanted), false) => {
            signed_in_who_may(app, headers, wanted).await
        }
        // Of programs, no place asks what people do in person; and of who is anybody, nothing is known.
        (Whom::MayInPerson(_), true) | (Whom::Anyone | Whom::SignedIn | Whom::Shows(_), _) => {
            return Ok(None);
        }
    };
    match who {
        Ok(email) => Ok(Some(email)),
        Err(refused) if refused.status().is_client_error() => Ok(None),
        Err(refused) => Err(refused),
    }
}

/// Whoever is signed in, if they may do what is `wanted`.
async fn signed_in_who_may(
    app: &App,
    headers: &HeaderMap,
    wanted: Permission,
) -> Result<Email, Refused> {
    let account = whole(app, headers).await?.account;
    account.may(wanted)?;
    Ok(account.email)
}

/// Whoever is signed in, with the code that their account asks for.
async fn whole(app: &App, headers: &HeaderMap) -> Result<SignedIn, Refused> {
    let found = SignedIn::find(app, headers).await?;
    let signed_in = found.ok_or_else(Refused::unauthenticated)?;
    match signed_in.standing(app.now()) {
        SessionStanding::Whole => Ok(signed_in),
        SessionStanding::CodeMissing => Err(Refused::new(
            StatusCode::UNAUTHORIZED,
            "auth.code-missing",
            "Whoever signed in here hasn't shown a code yet.",
            "Show the code that your app shows, at /sign-in/code.",
        )),
        SessionStanding::Over => Err(Refused::unauthenticated()),
    }
}

/// What follows the scheme in `Authorization` (RFC 9110, section 11.4: schemes ignore case).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (named, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    named
        .eq_ignore_ascii_case("bearer")
        .then(|| credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_token_in_the_right_scheme_is_read() {
        let token = "ab".repeat(32);
        let cases = [
            (format!("Bearer {token}"), true),
            (format!("bearer  {token}"), true),
            (format!("Basic {token}"), false),
            (token.clone(), false),
            ("Bearer ".to_owned(), false),
            (format!("Bearer {}", &token[1..]), false),
        ];
        for (value, is_one) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            let read = bearer(&headers).and_then(Token::parse);
            assert_eq!(read.is_some(), is_one, "{value}");
        }
    }
}
