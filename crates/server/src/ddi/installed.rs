//! `.../installedBase`: the order that was installed last, and the release that a client says is installed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use mainstay_api::ddi::{BODY_BYTES_MAX, InstalledVersion};
use mainstay_telemetry::version_word::Source;

use super::answer::{self, Answer};
use super::deployment::{Asked, described};
use super::login::{Client, no_order};
use super::version;
use crate::problem::Refused;
use crate::{App, body};

/// `GET .../installedBase/{number}`: the newest order that the device is known to run.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    client: Client,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Answer {
    let number = client.number()?;
    let device = &client.device.id;
    let order = match app.store.newest_installed(device).await? {
        Some(newest) if newest == number => app.store.order(device, number).await?,
        _ => None,
    };
    let order = order.ok_or_else(|| no_order(number))?;
    Ok(answer::json(
        &described(&app, &client, &order, asked).await?,
    ))
}

/// `PUT .../installedBase`: the client says which release is installed, one that is known here.
pub(super) async fn said(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    request: Body,
) -> Answer {
    let bytes = body::read(&headers, request, BODY_BYTES_MAX).await?;
    let said: InstalledVersion =
        serde_json::from_slice(&bytes).map_err(|error| Refused::malformed(&error.to_string()))?;
    let missing =
        || Refused::not_found("release of this device's class", "of that name and version");
    if said.name != client.device.class {
        return Err(missing().into());
    }
    let known = version::release(&app, &client, &said.version).await?;
    let known = known.ok_or_else(missing)?;
    version::heed(
        &app,
        &client,
        &said.version,
        Some(known),
        Source::InstalledBase,
    )
    .await?;
    Ok(answer::nothing())
}
