//! `POST /device/v1/check-in`: a device says how it is, and learns what to do.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use mainstay_fleet::Device;
use mainstay_protocol::{CheckIn, Directive, MESSAGE_BYTES_MAX, Todo};

use super::{message, poll, reported};
use crate::offers::{self, Decision, Package};
use crate::problem::Refused;
use crate::status::signed_status;
use crate::{App, authenticate, body};

/// What the device said is durable before the answer; so is what it is promised.
pub(super) async fn check_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Refused> {
    let device = authenticate::device(&app, &headers).await?;
    let bytes = body::read(&headers, request, MESSAGE_BYTES_MAX).await?;
    let check_in: CheckIn<'_> = message::read(&bytes)?;
    let now = app.now();
    let (device, acknowledged) = reported::keep(&app, device, &check_in, now).await?;
    let decision = decide(&app, &device, now).await?;
    answer(&app, &check_in, acknowledged, &decision, now).await
}

/// What an honest server decides, unless the simulator plays a conquered one.
async fn decide(app: &App, device: &Device, now: Timestamp) -> Result<Decision, Refused> {
    match app.attack().offer_to(&device.id) {
        Some(forced) => Ok(Decision::Install(Package {
            envelope: forced.envelope.clone(),
            image: forced.image,
            image_bytes: u32::try_from(forced.payload.len()).unwrap_or(u32::MAX),
        })),
        None => offers::decide(app, device, now).await,
    }
}

async fn answer(
    app: &App,
    check_in: &CheckIn<'_>,
    acknowledged: u32,
    decision: &Decision,
    now: Timestamp,
) -> Result<Response, Refused> {
    let plan = app.plan().await?;
    let status = signed_status(app, plan.as_deref(), &check_in.nonce, now)
        .map_err(|error| Refused::internal(&error))?;
    let (todo, turn) = match decision {
        Decision::Nothing { turn } => (Todo::Nothing, *turn),
        Decision::Install(package) => (install(package), None),
    };
    let poll_after_s = poll::after(plan.as_deref(), turn, now);
    message::answer(&Directive {
        acknowledged,
        poll_after_s,
        status: &status,
        todo,
        root: None,
        revocations: None,
    })
}

fn install(package: &Package) -> Todo<'_> {
    Todo::Install {
        envelope: &package.envelope,
        image_digest: package.image,
        image_bytes: package.image_bytes,
        schedule: None,
    }
}
