//! Devices' tokens, after they are registered. How one asks with its own: `authenticate.rs`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use mainstay_access::Permission;
use mainstay_api::{DeviceToken, ReplaceToken};
use mainstay_store::NewToken;

use super::devices;
use super::rollouts::reason;
use crate::named::Named;
use crate::problem::Refused;
use crate::token::Token;
use crate::{App, authenticate, body};

/// `POST /devices/{id}/token`: another one in place of the one that it has, shown this once. The old one opens nothing from the next request on, at every server.
pub(super) async fn replace(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<DeviceToken>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let wish: ReplaceToken = body::json(&headers, request).await?;
    let cure = "Say in a sentence, as `why`, what happened to the one that it has.";
    let why = reason(&wish.why, "Replacing a token", cure)?;
    let id = devices::named(&app, &id).await?.id;
    let token = Token::draw(&*app.entropy);
    let new = NewToken {
        hash: token.hash(),
        at: app.now(),
        by: person.email,
        why: why.to_owned(),
    };
    app.store.replace_token(&id, &new).await?;
    tracing::warn!(device = %id, by = %new.by, why, "token of a device replaced");
    let token = token.reveal();
    Ok(Json(DeviceToken { id, token }))
}
