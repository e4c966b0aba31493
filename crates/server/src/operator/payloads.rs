//! Payloads for those who keep a mirror: which there are, and their bytes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use mainstay_access::Permission;
use mainstay_api::PayloadView;
use mainstay_trust::Digest;

use crate::delivery::{Deliverable, deliverable, one_deliverable};
use crate::device_protocol::Download;
use crate::named::Named;
use crate::problem::Refused;
use crate::soundness::{Damage, NotAsked};
use crate::{App, authenticate};

/// `GET /payloads`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<PayloadView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::MirrorPayloads).await?;
    let all = deliverable(&app).await?;
    Ok(Json(all.values().map(view).collect()))
}

/// `GET /payloads/{digest}`: all of it or one range. It leaves on the line that devices' downloads leave on, and takes turns with them.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(digest): Named,
) -> Result<Response, Refused> {
    authenticate::caller(&app, &headers, Permission::MirrorPayloads).await?;
    let missing = || Refused::not_found("payload", &digest);
    let image = Digest::parse_hex(&digest).ok_or_else(missing)?;
    let payload = one_deliverable(&app, &image).await?.ok_or_else(missing)?;
    let _place = app.opening_place()?;
    match app.look_at(payload).await? {
        None => {}
        Some(Damage::Unreadable) => return Err(NotAsked.into()),
        Some(_) => return Err(missing()),
    }
    let download = Download::from_blob(app.blobs.clone(), payload);
    download.answer(&headers, &app.line).await
}

fn view(one: &Deliverable) -> PayloadView {
    PayloadView {
        digest: one.payload.image.to_string(),
        bytes: one.payload.bytes,
        releases: one.releases.iter().map(|it| it.id.to_string()).collect(),
    }
}
