//! Tokens for programs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use mainstay_access::{ApiToken, ApiTokenWish, Permission, SecretKind};

use super::account::{shown, told};
use super::form::{Form, Sent};
use super::go;
use super::visitor::Seated;
use crate::App;
use crate::problem::Refused;
use crate::sign_in::attempt;
use crate::sign_in::session::draw;

/// `POST /account/tokens`. The page that follows shows the secret; loading it again would make a second one, which its name prevents.
pub(super) async fn make(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = match made(&app, &seated, sent).await {
        Ok(secret) => shown(&app, &seated, None, Some(secret)).await,
        Err(refused) => Err(refused),
    };
    told(&app, &seated, done).await
}

async fn made(app: &App, seated: &Seated, sent: Sent) -> Result<String, Refused> {
    let mut form = Form::of(&seated.0, app, sent).await?;
    let (account, now) = (&seated.0.account, app.now());
    let scope = form.all("may").filter_map(Permission::from_id);
    let wish = ApiTokenWish {
        name: form.get("name").trim().to_owned(),
        scope: scope.collect(),
        expires: now + days(form.get("days"))?,
    };
    let secret = draw(&*app.entropy, SecretKind::ApiToken);
    let token = ApiToken::make(wish, account, secret.hash(), now)?;
    // It outlasts the session by far, so a session alone makes none.
    let origin = form.origin(app)?;
    let by = attempt::once_more(app, &seated.0, form.take("current"), origin).await?;
    app.store.add_api_token(&token, by.session()).await?;
    tracing::info!(who = %account.email, name = token.name, "API token made");
    Ok(secret.reveal().to_string())
}

/// At most three digits, so that no sum overflows; what is too long is refused by the wish.
fn days(text: &str) -> Result<SignedDuration, Refused> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let days: Option<i64> = text.parse().ok().filter(|_| digits);
    let days = days.ok_or_else(|| {
        let cause = "A token is good for a number of days.";
        let cure = "Write a number from 1 to 365.";
        Refused::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "sign-in.days",
            cause,
            cure,
        )
    })?;
    Ok(SignedDuration::from_hours(24 * days))
}

/// `POST /account/tokens/revoke`.
pub(super) async fn revoke(State(app): State<Arc<App>>, seated: Seated, sent: Sent) -> Response {
    let done = revoked(&app, &seated, sent).await;
    told(&app, &seated, done).await
}

async fn revoked(app: &App, seated: &Seated, sent: Sent) -> Result<Response, Refused> {
    let form = Form::of(&seated.0, app, sent).await?;
    let (who, name) = (&seated.0.account.email, form.get("name"));
    app.store.revoke_api_token(who, name, app.now()).await?;
    tracing::info!(%who, name, "API token revoked");
    Ok(go("/account"))
}
