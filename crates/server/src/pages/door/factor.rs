//! Setting up the codes of an app, and going without.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use mainstay_access::TotpSecret;
use mainstay_access::totp::TOTP_SECRET_BYTES;
use mainstay_report::{Enrolment, SecondFactorPage};

use super::account::{renewed, told};
use super::form::{Form, Sent};
use super::visitor::Seated;
use super::{answer, html, notice};
use crate::App;
use crate::pages;
use crate::problem::Refused;
use crate::sign_in::{attempt, setup};

/// What apps call this server.
const ISSUER: &str = "Mainstay";
/// What apps show where the link doesn't name whose it is.
const WHOEVER: &str = "first account";

/// A secret for somebody's app: the one that was `offered` to it before, or a new one. It comes back with the form, since nothing is
/// kept of it until a code shows that the app has it.
pub(super) fn enrolment(app: &App, whose: Option<&str>, offered: &str) -> Enrolment {
    let secret = TotpSecret::parse(offered).unwrap_or_else(|| {
        let mut chance = [0; TOTP_SECRET_BYTES];
        app.entropy.fill(&mut chance);
        TotpSecret::new(chance)
    });
    let uri = secret.uri(ISSUER, whose.unwrap_or(WHOEVER));
    Enrolment {
        secret: secret.reveal().to_string(),
        uri: uri.to_string(),
    }
}

/// `GET /account/second-factor`.
pub(super) async fn page(State(app): State<Arc<App>>, seated: Seated) -> Response {
    let done = shown(&app, &seated, None, "").await;
    answer(&app, done)
}

async fn shown(
    app: &App,
    seated: &Seated,
    refused: Option<&Refused>,
    offered: &str,
) -> Result<Response, Refused> {
    let account = &seated.0.account;
    let page = SecondFactorPage {
        frame: pages::frame(app, Some(seated.viewer(app))).await?,
        notice: refused.map(notice),
        email: account.email.to_string(),
        replaces: account.second_factor.is_some(),
        enrolment: enrolment(app, Some(account.email.as_str()), offered),
        form_token: seated.0.secret.form_token(),
    };
    let status = refused.map_or(StatusCode::OK, Refused::status);
    Ok(html(status, page.to_html()?))
}

/// `POST /account/second-factor`.
pub(super) async fn submit(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = match Form::of(&seated.0, &app, sent).await {
        Ok(mut form) => {
            let offered = form.get("totp").to_owned();
            match set_up(&app, &seated, &mut form).await {
                Err(refused) => shown(&app, &seated, Some(&refused), &offered).await,
                done => done,
            }
        }
        Err(refused) => Err(refused),
    };
    answer(&app, done)
}

async fn set_up(app: &App, seated: &Seated, form: &mut Form) -> Result<Response, Refused> {
    let code = digits(form, "code");
    let factor = setup::enrolled(app, form.get("totp"), &code)?;
    let origin = form.origin(app)?;
    let by = attempt::once_more(app, &seated.0, form.take("current"), origin).await?;
    let account = attempt::with_code(app, &by, &digits(form, "present")).await?;
    let before = account.second_factor.as_ref();
    let store = &app.store;
    let saved = store.save_second_factor(&account.email, &account.password, before, Some(&factor));
    saved.await?;
    tracing::info!(who = %account.email, "second factor set up");
    renewed(app, &seated.0, &account.password, Some(app.now())).await
}

/// `POST /account/second-factor/remove`.
pub(super) async fn remove(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = go_without(&app, &seated, sent).await;
    told(&app, &seated, done).await
}

async fn go_without(app: &App, seated: &Seated, sent: Sent) -> Result<Response, Refused> {
    let mut form = Form::of(&seated.0, app, sent).await?;
    let origin = form.origin(app)?;
    let by = attempt::once_more(app, &seated.0, form.take("current"), origin).await?;
    let account = attempt::with_code(app, &by, &digits(&form, "present")).await?;
    let before = account.second_factor.as_ref();
    let saved = app
        .store
        .save_second_factor(&account.email, &account.password, before, None);
    saved.await?;
    tracing::warn!(who = %account.email, "second factor removed");
    renewed(app, &seated.0, &account.password, None).await
}

/// A code; apps show a blank between its halves.
fn digits(form: &Form, name: &str) -> String {
    form.get(name).split_whitespace().collect()
}
