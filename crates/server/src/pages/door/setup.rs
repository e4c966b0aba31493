//! What a setup link opens. Looking at it uses nothing up: programs that show a preview of a link look as well.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::REFERRER_POLICY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use mainstay_access::password::PASSWORD_CHARS_MIN;
use mainstay_report::SetupPage;

use super::form::{Form, Sent};
use super::sign_in::let_in;
use super::{HOME, answer, factor, html, notice};
use crate::App;
use crate::pages;
use crate::problem::Refused;
use crate::sign_in::session;
use crate::sign_in::setup::{self, Chosen, Opening};

/// `GET /setup/{secret}`.
pub(super) async fn page(State(app): State<Arc<App>>, Path(secret): Path<String>) -> Response {
    let done = match Opening::find(&app, &secret).await {
        Ok(opening) => shown(&app, &opening, None, "", ""),
        Err(refused) => Err(refused),
    };
    untold(answer(&app, done))
}

/// `POST /setup/{secret}`.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Path(secret): Path<String>,
    sent: Sent,
) -> Response {
    let done = chosen(&app, &secret, sent).await;
    untold(answer(&app, done))
}

/// No other page is told this one's address, which holds the secret: only which server it is of, without which forms would be nobody's.
fn untold(mut response: Response) -> Response {
    let origin_alone = HeaderValue::from_static("strict-origin");
    response.headers_mut().insert(REFERRER_POLICY, origin_alone);
    response
}

async fn chosen(app: &App, secret: &str, sent: Sent) -> Result<Response, Refused> {
    let opening = Opening::find(app, secret).await?;
    let mut form = Form::of_nobody(app, sent).await?;
    let (email, totp) = (form.take("email"), form.take("totp"));
    let chosen = Chosen {
        email: email.trim().to_owned(),
        password: form.take("password"),
        again: form.take("again"),
        totp: totp.clone(),
        code: form.get("code").split_whitespace().collect(),
    };
    match setup::open(app, &opening, chosen).await {
        Ok(signed_in) => {
            session::end_shown(app, &form.headers).await;
            Ok(let_in(app, &signed_in, HOME))
        }
        Err(refused) => shown(app, &opening, Some(&refused), &email, &totp),
    }
}

/// The page; an app that was offered a secret before keeps that one.
fn shown(
    app: &App,
    opening: &Opening,
    refused: Option<&Refused>,
    typed: &str,
    totp: &str,
) -> Result<Response, Refused> {
    let link = &opening.link;
    let whose = link.who.as_ref().map(|who| who.as_str());
    let offers = opening.offers_a_factor();
    let page = SetupPage {
        frame: pages::frame_of_nobody(app),
        notice: refused.map(notice),
        link: opening.secret.reveal().to_string(),
        email: whose.map(str::to_owned),
        typed: typed.to_owned(),
        role: link.role.to_string(),
        is_back: opening.before.is_some(),
        enrolment: offers.then(|| factor::enrolment(app, whose, totp)),
        password_chars_min: PASSWORD_CHARS_MIN as u64,
    };
    let status = refused.map_or(StatusCode::OK, Refused::status);
    Ok(html(status, page.to_html()?))
}
