//! `POST /device/v1/reports`: what happened on a device, between two check-ins.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use mainstay_protocol::{Acknowledged, MESSAGE_BYTES_MAX, Reports};

use super::{message, reported};
use crate::asker::{self, Asker};
use crate::identity::Peer;
use crate::problem::Refused;
use crate::quiet::Speaking;
use crate::readings::{self, Heard};
use crate::sign_in::Whence;
use crate::{App, body};

/// The reports are durable before they are acknowledged; a retry changes nothing.
pub(super) async fn reports(
    State(app): State<Arc<App>>,
    whence: Whence,
    peer: Peer,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Refused> {
    let asker = Asker::of(&app, &headers, &peer, &whence).await?;
    let device = asker.device(&app).await?;
    let bytes = body::read(&headers, request, MESSAGE_BYTES_MAX).await?;
    let reports: Reports = message::read(&bytes)?;
    let now = app.now();
    let _speaking = Speaking::of(&app, asker.token);
    readings::count(&app, &Heard::of(&app, &device, now)).await?;
    let of = (&device, asker.through.as_ref());
    let seq = reported::record(&app, of, None, &reports.reports.0, now).await?;
    let answer = message::answer(&Acknowledged { seq })?;
    Ok(asker::answered(&headers, answer))
}
