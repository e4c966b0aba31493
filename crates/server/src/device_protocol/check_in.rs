//! `POST /device/v1/check-in`: a device says how it is, and learns what to do.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use mainstay_fleet::Device;
use mainstay_protocol::{CheckIn, Directive, MESSAGE_BYTES_MAX, Todo};

use super::papers::{Lacks, Papers, lacks};
use super::{message, poll, reported};
use crate::brakes::Package;
use crate::offers::{self, Decision};
use crate::problem::Refused;
use crate::standing::Standing;
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
    let told = decide(&app, &device, &check_in, now).await?;
    answer(&app, &check_in, acknowledged, &told, now).await
}

/// What an answer says.
struct Told {
    papers: Papers,
    /// Whether the device should ask again as soon as it has taken them.
    at_once: bool,
    decision: Decision,
}

/// Papers first, an offer only for a device that lacks none; unless the simulator plays a conquered
/// server.
async fn decide(
    app: &App,
    device: &Device,
    check_in: &CheckIn<'_>,
    now: Timestamp,
) -> Result<Told, Refused> {
    if let Some(forced) = forced(app, device) {
        return Ok(forced);
    }
    let standing = app.standing().await?;
    let lacks = lacks(&standing, check_in);
    let news = app.handed.is_news(&device.id, lacks);
    if lacks == Lacks::Nothing {
        let decision = offers::decide(app, device, now).await?;
        return Ok(Told {
            papers: Papers::default(),
            at_once: false,
            decision,
        });
    }
    if lacks == Lacks::Ahead && news {
        tracing::warn!(device = %device.id, "device holds newer papers than this server");
    }
    hand_over(app, &standing, lacks, news).await
}

async fn hand_over(
    app: &App,
    standing: &Standing,
    lacks: Lacks,
    news: bool,
) -> Result<Told, Refused> {
    let papers = Papers::for_lack(app, standing, lacks).await?;
    Ok(Told {
        at_once: news && papers.any(),
        papers,
        decision: Decision::Nothing { turn: None },
    })
}

fn forced(app: &App, device: &Device) -> Option<Told> {
    let forced = app.attack().offer_to(&device.id)?;
    let package = Package {
        envelope: forced.envelope.clone(),
        image: forced.image,
        image_bytes: u32::try_from(forced.payload.len()).unwrap_or(u32::MAX),
        schedule: None,
    };
    Some(Told {
        papers: Papers::default(),
        at_once: false,
        decision: Decision::Install { package },
    })
}

async fn answer(
    app: &App,
    check_in: &CheckIn<'_>,
    acknowledged: u32,
    told: &Told,
    now: Timestamp,
) -> Result<Response, Refused> {
    // Read once more: a hold placed since the decision is in what this device hears.
    let (plan, standing) = app.plan_and_standing().await?;
    let status = signed_status(app, &standing, plan.as_deref(), &check_in.nonce, now)
        .map_err(|error| Refused::internal(&error))?;
    let (todo, turn) = match &told.decision {
        Decision::Nothing { turn } => (Todo::Nothing, *turn),
        Decision::Install { package } => (install(package), None),
    };
    let poll_after_s = match told.at_once {
        true => 0,
        false => poll::after_s(plan.as_deref(), turn, now),
    };
    message::answer(&Directive {
        acknowledged,
        poll_after_s,
        status: &status,
        todo,
        root: told.papers.root.as_deref(),
        revocations: told.papers.revocations.as_deref(),
    })
}

fn install(package: &Package) -> Todo<'_> {
    Todo::Install {
        envelope: &package.envelope,
        image_digest: package.image,
        image_bytes: package.image_bytes,
        schedule: package.schedule.as_deref(),
    }
}
