//! Signing in by the provider: to it, and back.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::sign_in::let_in;
use super::{answer, go, own_path, with_cookie};
use crate::App;
use crate::problem::Refused;
use crate::sign_in::origin::Whence;
use crate::sign_in::provider::flow::Flow;
use crate::sign_in::provider::{Fault, Provider, entering};
use crate::sign_in::{SignedIn, session};

/// Longest code that is handed on to the provider.
const CODE_BYTES_MAX: usize = 4096;

/// Where to go on, and whether whoever is signed in at the provider has to sign in anew.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Away {
    next: Option<String>,
    anew: Option<String>,
}

/// What the provider sends a browser back with (RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207).
#[derive(Default, Deserialize)]
pub(super) struct Back {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// `GET /sign-in/provider?next=/devices`.
pub(super) async fn away(
    State(app): State<Arc<App>>,
    from: Whence,
    headers: HeaderMap,
    asked: Result<Query<Away>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let done = sent(&app, &from, &headers, asked).await;
    answer(&app, done)
}

async fn sent(
    app: &App,
    from: &Whence,
    headers: &HeaderMap,
    asked: Away,
) -> Result<Response, Refused> {
    let provider = provider(app)?;
    let _place = app
        .door
        .at_the_provider
        .place(from.neighbours(app, headers))?;
    let next = own_path(asked.next.as_deref().unwrap_or_default());
    let flow = Flow::begin(&*app.entropy, asked.anew.is_some(), next);
    let there = provider.authorization(&flow, app.now()).await?;
    Ok(with_cookie(go(&there), flow.cookie(app)))
}

/// `GET /sign-in/provider/back`.
pub(super) async fn back(
    State(app): State<Arc<App>>,
    from: Whence,
    headers: HeaderMap,
    asked: Result<Query<Back>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let flow = Flow::shown(&app, &headers);
    let state = asked.state.as_deref().unwrap_or_default();
    let Some(flow) = flow.filter(|flow| flow.is_answered_by(state)) else {
        // What another site made a browser ask for ends nothing.
        return answer(&app, Err(not_this_browser()));
    };
    let done = arrived(&app, &from, &headers, asked, &flow).await;
    let mut response = answer(&app, done);
    // Whatever came of it, this way was gone once.
    let forgotten = Flow::no_cookie(&app);
    response.headers_mut().append(SET_COOKIE, forgotten);
    response
}

async fn arrived(
    app: &App,
    from: &Whence,
    headers: &HeaderMap,
    asked: Back,
    flow: &Flow,
) -> Result<Response, Refused> {
    let provider = provider(app)?;
    let _place = app
        .door
        .at_the_provider
        .place(from.neighbours(app, headers))?;
    let now = app.now();
    provider.check_sender(asked.iss.as_deref(), now).await?;
    if let Some(error) = &asked.error {
        return Err(refused_there(error));
    }
    let code = asked.code.filter(|code| code.len() <= CODE_BYTES_MAX);
    let code = code.ok_or_else(|| refused_there(""))?;
    let told = provider.redeem(&code, flow, now).await?;
    let before = SignedIn::find(app, headers).await?;
    let signed_in = entering::enter(app, provider, told, flow.anew, before.as_ref()).await?;
    session::end_shown(app, headers).await;
    Ok(let_in(app, &signed_in, own_path(&flow.next)))
}

fn provider(app: &App) -> Result<&Provider, Refused> {
    let provider = app.config.provider.as_deref();
    provider.ok_or_else(|| {
        Refused::new(
            StatusCode::NOT_FOUND,
            "oidc.off",
            "Nobody signs in by a provider at this server.",
            "Sign in with your address and password.",
        )
    })
}

fn not_this_browser() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "oidc.state",
        "This answer isn't for a sign-in that this browser began: it was used already, took longer than ten minutes, or began elsewhere.",
        "Begin again on the page to sign in, at the address that the setting public_url names.",
    )
}

/// The provider's own words are for nobody here: another site may have written them.
fn refused_there(error: &str) -> Refused {
    match error {
        "access_denied" | "login_required" | "interaction_required" | "consent_required" => {
            Refused::new(
                StatusCode::FORBIDDEN,
                "oidc.denied",
                "You, or the provider, didn't go on with this sign-in.",
                "Begin again on the page to sign in; if it stays so, ask whoever runs the provider whether you may use this server.",
            )
        }
        other => Fault::of_error(other).into(),
    }
}
