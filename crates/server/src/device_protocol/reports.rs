//! `POST /device/v1/reports`: what happened on a device, between two check-ins.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
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
    if let Some(far) = reported::left_aside(&reports.reports.0, seq) {
        return Err(too_far(far, seq));
    }
    let answer = message::answer(&Acknowledged { seq })?;
    Ok(asker::answered(&headers, answer))
}

/// Those before it are kept, and a retry changes nothing.
fn too_far(report: u32, acknowledged: u32) -> Refused {
    Refused::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "reports.number",
        format_args!(
            "The report {report} isn't kept: {acknowledged} is the last one that is known of this device, and no device makes so many unheard."
        ),
        "Number reports one by one. If the device really has come so far, let operations give it another token: its numbers count anew from there.",
    )
}
