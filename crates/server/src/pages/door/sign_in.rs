//! Signing in and out.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use mainstay_access::SessionStanding;
use mainstay_report::{CodePage, Notice, ProviderLink, SignInPage};
use serde::Deserialize;

use super::form::{Form, Sent};
use super::{and_then, answer, go, html, notice, own_path, with_cookie};
use crate::App;
use crate::pages;
use crate::problem::Refused;
use crate::settings::Passwords;
use crate::sign_in::attempt::{self, Shown};
use crate::sign_in::{SignedIn, same_site, session};

const SIGN_IN: &str = "/sign-in";
const CODE: &str = "/sign-in/code";
const PROVIDER: &str = "/sign-in/provider";

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
pub(super) struct On {
    next: Option<String>,
}

type Asked = Result<Query<On>, QueryRejection>;

fn next_of(asked: Asked) -> String {
    let next = asked.ok().and_then(|Query(on)| on.next);
    own_path(next.as_deref().unwrap_or_default()).to_owned()
}

/// `GET /sign-in?next=/devices`.
pub(super) async fn page(State(app): State<Arc<App>>, asked: Asked) -> Response {
    let next = next_of(asked);
    let page = password_page(&app, StatusCode::OK, None, String::new(), next);
    answer(&app, page)
}

/// `POST /sign-in`.
pub(super) async fn submit(State(app): State<Arc<App>>, sent: Sent) -> Response {
    let done = match Form::of_nobody(&app, sent).await {
        Ok(form) => enter(&app, form).await,
        Err(refused) => Err(refused),
    };
    answer(&app, done)
}

async fn enter(app: &App, mut form: Form) -> Result<Response, Refused> {
    let next = own_path(form.get("next")).to_owned();
    let (email, password) = (form.take("email"), form.take("password"));
    let entered = match form.origin(app) {
        Ok(origin) => attempt::by_password(app, email.trim(), password, origin).await,
        Err(refused) => Err(refused),
    };
    match entered {
        Ok(signed_in) => {
            session::end_shown(app, &form.headers).await;
            Ok(let_in(app, &signed_in, &next))
        }
        Err(refused) => {
            let told = Some(notice(&refused));
            password_page(app, refused.status(), told, email, next)
        }
    }
}

/// Sends somebody on who has signed in, by way of the code that is missing.
pub(super) fn let_in(app: &App, signed_in: &SignedIn, next: &str) -> Response {
    let onward = match signed_in.standing(app.now()) {
        SessionStanding::Whole => go(next),
        _ => go(&and_then(CODE, next)),
    };
    with_cookie(onward, signed_in.cookie(app))
}

fn password_page(
    app: &App,
    status: StatusCode,
    notice: Option<Notice>,
    email: String,
    next: String,
) -> Result<Response, Refused> {
    let page = SignInPage {
        frame: pages::frame_of_nobody(app),
        notice,
        email,
        provider: app.config.provider.as_ref().map(|provider| ProviderLink {
            name: provider.name(),
            href: and_then(PROVIDER, &next),
        }),
        next,
        asks_for_passwords: app.config.passwords != Passwords::Only(Vec::new()),
    };
    Ok(html(status, page.to_html()?))
}

/// `GET /sign-in/code`.
pub(super) async fn code_page(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    asked: Asked,
) -> Response {
    let next = next_of(asked);
    let done = match SignedIn::find(&app, &headers).await {
        Ok(found) => asks_for_code(&app, found, next, None),
        Err(error) => Err(error.into()),
    };
    answer(&app, done)
}

/// The page for whoever lacks a code. Whoever lacks none, or the password too, is sent on.
fn asks_for_code(
    app: &App,
    found: Option<SignedIn>,
    next: String,
    refused: Option<&Refused>,
) -> Result<Response, Refused> {
    let Some(signed_in) = found else {
        return Ok(go(&and_then(SIGN_IN, &next)));
    };
    if signed_in.standing(app.now()) == SessionStanding::Whole {
        return Ok(go(&next));
    }
    let page = CodePage {
        frame: pages::frame_of_nobody(app),
        notice: refused.map(notice),
        email: signed_in.account.email.to_string(),
        next,
        form_token: signed_in.secret.form_token(),
    };
    let status = refused.map_or(StatusCode::OK, Refused::status);
    Ok(html(status, page.to_html()?))
}

/// `POST /sign-in/code`.
pub(super) async fn code(State(app): State<Arc<App>>, sent: Sent) -> Response {
    let done = show(&app, sent).await;
    answer(&app, done)
}

async fn show(app: &App, sent: Sent) -> Result<Response, Refused> {
    let Some(signed_in) = SignedIn::find(app, &sent.headers).await? else {
        return Ok(go(SIGN_IN));
    };
    let form = Form::of(&signed_in, app, sent).await?;
    let next = own_path(form.get("next")).to_owned();
    let origin = form.origin(app)?;
    // Apps show a blank between the halves.
    let code: String = form.get("code").split_whitespace().collect();
    let asked = signed_in.clone();
    match attempt::show_code(app, signed_in, &code, origin).await? {
        Shown::Right(signed_in) => Ok(let_in(app, &signed_in, &next)),
        Shown::Refused(refusal) => asks_for_code(app, Some(asked), next, Some(&refusal.into())),
        Shown::Over => {
            let told = Notice {
                is_bad: true,
                sentence: "This sign-in is over: too many codes were wrong, or it took too long."
                    .to_owned(),
                next: "Begin again with your password.".to_owned(),
            };
            let email = asked.account.email.to_string();
            let page = password_page(app, StatusCode::FORBIDDEN, Some(told), email, next)?;
            Ok(with_cookie(page, session::no_cookie(app)))
        }
    }
}

/// `POST /sign-out`.
pub(super) async fn out(State(app): State<Arc<App>>, sent: Sent) -> Response {
    let done = leave(&app, sent).await;
    answer(&app, done)
}

/// A browser sends no cookie with what another site made it send, and so looks like one that has none: that ends nothing either.
async fn leave(app: &App, sent: Sent) -> Result<Response, Refused> {
    same_site::check(app, &sent.headers)?;
    if let Some(signed_in) = SignedIn::find(app, &sent.headers).await? {
        Form::of(&signed_in, app, sent).await?;
        app.store.end_session(&signed_in.session.hash).await?;
    }
    Ok(with_cookie(go(SIGN_IN), session::no_cookie(app)))
}
