//! One's own account.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use mainstay_access::password::PASSWORD_CHARS_MIN;
use mainstay_access::{Account, ApiToken, Means, PasswordHash, Permission, Session};
use mainstay_report::{AccountPage, PermissionChoice, SessionLine, TokenLine};

use super::form::{Form, Sent};
use super::visitor::Seated;
use super::{answer, go, html, notice, with_cookie};
use crate::App;
use crate::pages;
use crate::problem::Refused;
use crate::sign_in::{SignedIn, attempt, setup};

const ACCOUNT: &str = "/account";

/// `GET /account`.
pub(super) async fn page(State(app): State<Arc<App>>, seated: Seated) -> Response {
    let done = shown(&app, &seated, None, None).await;
    answer(&app, done)
}

/// The page, with what was refused, or with a secret that is shown this once.
pub(super) async fn shown(
    app: &App,
    seated: &Seated,
    refused: Option<&Refused>,
    new_token: Option<String>,
) -> Result<Response, Refused> {
    let SignedIn {
        account, session, ..
    } = &seated.0;
    let (now, who) = (app.now(), &account.email);
    let mut sessions = app.store.sessions_of(who, now).await?;
    sessions.sort_by_key(|one| one.hash != session.hash);
    let tokens = app.store.api_tokens_of(who).await?;
    let page = AccountPage {
        frame: pages::frame(app, Some(seated.viewer(app))).await?,
        notice: refused.map(notice),
        email: who.to_string(),
        role: account.role.to_string(),
        has_second_factor: account.second_factor.is_some(),
        form_token: seated.0.secret.form_token(),
        password_chars_min: PASSWORD_CHARS_MIN as u64,
        sessions: sessions
            .iter()
            .map(|one| session_line(one, session, account.second_factor.is_some()))
            .collect(),
        tokens: tokens.iter().map(|token| token_line(token, now)).collect(),
        new_token,
        permissions: choices(&seated.0),
    };
    let status = refused.map_or(StatusCode::OK, Refused::status);
    Ok(html(status, page.to_html()?))
}

fn session_line(one: &Session, this: &Session, asks_for_codes: bool) -> SessionLine {
    let by = match one.means {
        Means::Password => "by password",
        Means::SetupLink => "by setup link",
        Means::Provider | Means::ProviderAnew => "by the provider",
    };
    let means = match one.second_factor {
        Some(_) => format!("{by} and code"),
        None if asks_for_codes => format!("{by}, its code still missing"),
        None => by.to_owned(),
    };
    SessionLine {
        id: hex::encode(one.hash.0),
        is_this: one.hash == this.hash,
        since: one.since,
        seen: one.seen,
        means,
    }
}

fn token_line(token: &ApiToken, now: Timestamp) -> TokenLine {
    let scope = token.scope.permissions();
    TokenLine {
        name: token.name.clone(),
        scope: scope.map(|one| one.id().to_owned()).collect(),
        made: token.made,
        expires: token.expires,
        is_good: token.is_good(now),
        revoked: token.revoked,
    }
}

/// What a token of theirs may be for.
fn choices(signed_in: &SignedIn) -> Vec<PermissionChoice> {
    let theirs = Permission::ALL
        .into_iter()
        .filter(|one| one.is_for(signed_in.account.role) && !one.needs_a_session());
    theirs
        .map(|one| PermissionChoice {
            id: one.id().to_owned(),
            phrase: one.phrase().to_owned(),
        })
        .collect()
}

/// What came of a form of this page; what was refused stands above it.
pub(super) async fn told(app: &App, seated: &Seated, done: Result<Response, Refused>) -> Response {
    let done = match done {
        Err(refused) => shown(app, seated, Some(&refused), None).await,
        done => done,
    };
    answer(app, done)
}

/// Signs somebody in anew whose sessions ended with what they changed; `code` is when they showed a code. It is done by the password
/// that they showed or chose, so that who was a thief of it comes in no more once a link gave the account another one.
pub(super) async fn renewed(
    app: &App,
    before: &SignedIn,
    password: &PasswordHash,
    code: Option<Timestamp>,
) -> Result<Response, Refused> {
    let who = &before.account.email;
    let account = app.store.account(who).await?;
    let account = Account {
        password: password.clone(),
        ..account.ok_or_else(Refused::unauthenticated)?
    };
    let begun = SignedIn::begin(app, account, before.session.means.followed(), code).await?;
    Ok(with_cookie(go(ACCOUNT), begun.cookie(app)))
}

/// `POST /account/password`.
pub(super) async fn password(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = change(&app, &seated, sent).await;
    told(&app, &seated, done).await
}

async fn change(app: &App, seated: &Seated, sent: Sent) -> Result<Response, Refused> {
    let mut form = Form::of(&seated.0, app, sent).await?;
    let account = &seated.0.account;
    let again = form.take("again");
    let chosen = setup::password(form.take("password"), &again, &account.email)?;
    let origin = form.origin(app)?;
    let by = attempt::once_more(app, &seated.0, form.take("current"), origin).await?;
    let place = app.door.hashing.place(true)?;
    let after = app.door.hashing.of(place, chosen, &*app.entropy).await?;
    let (who, before) = (&by.account().email, &account.password);
    app.store.save_password(who, before, &after).await?;
    tracing::info!(%who, "password changed");
    renewed(app, &seated.0, &after, seated.0.session.second_factor).await
}

/// `POST /account/sessions/end`.
pub(super) async fn end_session(
    State(app): State<Arc<App>>,
    seated: Seated,
    sent: Sent,
) -> Response {
    let done = end(&app, &seated, sent).await;
    told(&app, &seated, done).await
}

/// Ends a session of whoever asks. One that isn't theirs isn't there for them.
async fn end(app: &App, seated: &Seated, sent: Sent) -> Result<Response, Refused> {
    let form = Form::of(&seated.0, app, sent).await?;
    let who = &seated.0.account.email;
    let theirs = app.store.sessions_of(who, app.now()).await?;
    let asked = form.get("session");
    let one = theirs.iter().find(|one| hex::encode(one.hash.0) == asked);
    if let Some(one) = one {
        app.store.end_session(&one.hash).await?;
        tracing::info!(%who, "session ended");
    }
    Ok(go(ACCOUNT))
}
