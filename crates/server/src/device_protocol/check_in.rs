//! `POST /device/v1/check-in`: a device says how it is, and learns what to do.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use mainstay_fleet::Device;
use mainstay_protocol::{CheckIn, Directive, MESSAGE_BYTES_MAX, Todo};

use super::papers::{Lacks, Papers, lacks};
use super::{message, poll, reported};
use crate::app::ActivePlan;
use crate::brakes::Package;
use crate::offers::{self, Decision};
use crate::problem::Refused;
use crate::quiet::{Answer, Asked, Found, Look};
use crate::standing::Standing;
use crate::status::signed_status;
use crate::{App, authenticate, body};

/// What the device said is durable before the answer; so is what it is promised. One that says what it said before, and had nothing to
/// do then, is answered from memory.
pub(super) async fn check_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Response {
    let answered = async { ask(&app, &headers, request).await.into_response() };
    app.guard.within(answered).await
}

/// The answer to a device that says what it said before, and had nothing to do then; none if it has to be looked at, or isn't one.
pub(crate) fn at_once(app: &App, headers: &HeaderMap, body: &Bytes) -> Option<Response> {
    let token = authenticate::token(headers).ok()?;
    body::check_head(headers, MESSAGE_BYTES_MAX).ok()?;
    if body.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    let look = app.quiet.look(&*app.store, token);
    // The routes send strangers away before anything of theirs is read, and read what the others say themselves.
    if !look.is_known(&*app.store) {
        return None;
    }
    let check_in: CheckIn<'_> = message::read(body).ok()?;
    again(app, &look, &check_in, app.now()).map(message::with)
}

async fn ask(app: &Arc<App>, headers: &HeaderMap, request: Body) -> Result<Response, Refused> {
    let token = authenticate::token(headers)?;
    let look = app.quiet.look(&*app.store, token);
    // A stranger is sent away before its body is read.
    let known = match look.is_known(&*app.store) {
        true => None,
        false => Some(authenticate::device(app, &token).await?),
    };
    let bytes = body::read(headers, request, MESSAGE_BYTES_MAX).await?;
    let check_in: CheckIn<'_> = message::read(&bytes)?;
    let now = app.now();
    if let Some(again) = again(app, &look, &check_in, now) {
        return Ok(message::with(again));
    }
    // Apart, so that those who are answered from memory don't carry all of it.
    Box::pin(looked_at(app, look, known, &check_in, now)).await
}

async fn looked_at(
    app: &Arc<App>,
    look: Look<'_>,
    known: Option<Device>,
    check_in: &CheckIn<'_>,
    now: Timestamp,
) -> Result<Response, Refused> {
    look.forget();
    let token = look.token();
    let device = match known {
        Some(device) => device,
        None => authenticate::device(app, &token).await?,
    };
    let kept = reported::keep(app, token, device, check_in, now).await?;
    let told = decide(app, &kept.device, check_in, now).await?;
    let rests_on = app.plan_and_standing().await?;
    let answer = answer(app, check_in, kept.acknowledged, &told, &rests_on, now)?;
    if let (Some(asked), false) = (Asked::by(check_in), kept.is_news)
        && let Decision::Nothing { turn, rests: true } = told.decision
    {
        let found = Found {
            asked: &asked,
            answer: Answer {
                body: answer.clone(),
                etag: None,
            },
            at: now,
            turn,
            poll: poll::every(rests_on.0.as_deref()),
        };
        look.remember(app.contacts.with(&kept.device.id), found);
    }
    Ok(message::with(answer))
}

/// What is remembered for a device that asks like this. That it was heard of, and how it is, is noted all the same; one that somebody
/// wants to read is looked at.
fn again(app: &App, look: &Look<'_>, check_in: &CheckIn<'_>, now: Timestamp) -> Option<Bytes> {
    let entry = look.again(&*app.store, &Asked::by(check_in)?, now)?;
    let contact = entry.contact();
    let device = contact.device();
    if app.watched.wants(device) || app.attack().aims_at(device) {
        return None;
    }
    contact.feel(check_in, now);
    app.contacts.hear(contact, now);
    Some(entry.answer().body.clone())
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
        decision: Decision::Nothing {
            turn: None,
            rests: false,
        },
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

/// The answer. A status says what is fresh to a device that is to install something; no other one looks at it, so none is signed.
fn answer(
    app: &App,
    check_in: &CheckIn<'_>,
    acknowledged: u32,
    told: &Told,
    // Read once more: a hold placed since the decision is in what this device hears.
    (plan, standing): &(Option<Arc<ActivePlan>>, Arc<Standing>),
    now: Timestamp,
) -> Result<Bytes, Refused> {
    let plan = plan.as_deref();
    let (todo, status, turn) = match &told.decision {
        Decision::Nothing { turn, .. } => (Todo::Nothing, Vec::new(), *turn),
        Decision::Install { package } => {
            let status = signed_status(app, standing, plan, &check_in.nonce, now);
            let status = status.map_err(|error| Refused::internal(&error))?;
            (install(package), status, None)
        }
    };
    let poll_after_s = match told.at_once {
        true => 0,
        false => poll::after_s(plan, turn, now),
    };
    message::written(&Directive {
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
