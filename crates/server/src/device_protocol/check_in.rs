//! `POST /device/v1/check-in`: a device says how it is, and learns what to do.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_protocol::{CheckIn, Directive, MESSAGE_BYTES_MAX, Todo};
use tokio::time::Instant;

use super::papers::{Lacks, Papers, lacks};
use super::{message, poll, reported};
use crate::app::ActivePlan;
use crate::asker::{self, Asker};
use crate::brakes::Package;
use crate::identity::Peer;
use crate::offers::{self, Decision};
use crate::problem::Refused;
use crate::quiet::{Answer, Asked, Found, Look};
use crate::sign_in::Whence;
use crate::standing::Standing;
use crate::status::signed_status;
use crate::{App, authenticate, body};

/// What the device said is durable before the answer; so is what it is promised. One that says what it said before, and had nothing to
/// do then, is answered from memory.
pub(super) async fn check_in(State(app): State<Arc<App>>, request: Request) -> Response {
    let answered = async { ask(&app, request).await.into_response() };
    app.guard.within(answered).await
}

/// The answer to a device that says what it said before, and had nothing to do then; none if it has to be looked at, or isn't one.
pub(crate) fn at_once(app: &App, headers: &HeaderMap, body: &Bytes) -> Option<Response> {
    // Whether a gateway may ask in another device's name is in no memory.
    if asker::names_another(headers) {
        return None;
    }
    let token = authenticate::token_at_once(app, headers)?;
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

async fn ask(app: &Arc<App>, request: Request) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let asker = Asker::of(app, headers, &Peer::of(&parts), &Whence::of(&parts)).await?;
    let look = app.quiet.look(&*app.store, asker.token);
    // A stranger is sent away before its body is read.
    let known = match look.is_known(&*app.store) {
        true => None,
        false => Some(asker.device(app).await?),
    };
    let bytes = body::read(headers, body, MESSAGE_BYTES_MAX).await?;
    let check_in: CheckIn<'_> = message::read(&bytes)?;
    let now = app.now();
    if let Some(again) = again(app, &look, &check_in, now) {
        // Who asks for itself costs nothing here; through a gateway each poll costs a read.
        if asker.through.is_some() {
            app.limiter.expect_seldom(&asker.token)?;
        }
        return Ok(asker::answered(headers, message::with(again)));
    }
    // Apart, so that those who are answered from memory don't carry all of it.
    Box::pin(async {
        let began = Instant::now();
        look.forget();
        let device = match known {
            Some(device) => device,
            None => asker.device(app).await?,
        };
        let looking = app.flow.looking(began);
        let answered = looked_at(app, (&asker, look), device, &check_in, now).await;
        looking.ended();
        answered.map(|answer| asker::answered(headers, answer))
    })
    .await
}

async fn looked_at(
    app: &Arc<App>,
    (asker, look): (&Asker, Look<'_>),
    device: Device,
    check_in: &CheckIn<'_>,
    now: Timestamp,
) -> Result<Response, Refused> {
    let kept = reported::keep(app, asker, device, check_in, now).await?;
    let told = decide(app, &kept.device, check_in, now).await?;
    let rests_on = app.plan_and_standing().await?;
    let plan = rests_on.0.as_deref();
    let written = |after_s| {
        let acknowledged = kept.acknowledged;
        answer(app, check_in, acknowledged, &told, &rests_on, after_s)
    };
    let after_s = told.after_s(plan);
    let answer = written(after_s)?;
    // What is remembered is said when nobody is in a hurry any more.
    let sent = match told.eased_s(app, plan, &kept.device.id) {
        eased_s if eased_s == after_s => answer.clone(),
        eased_s => written(eased_s)?,
    };
    if let (Some(asked), false) = (Asked::by(check_in), kept.is_news)
        && let Decision::Nothing { turn, rests: true } = told.decision
    {
        let found = Found {
            asked: &asked,
            answer: Answer {
                body: answer,
                etag: None,
            },
            at: now,
            turn,
            poll: poll::every(plan),
        };
        look.remember(app.contacts.with(&kept.device.id), found);
    }
    Ok(message::with(sent))
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
    /// When that was decided.
    at: Timestamp,
}

impl Told {
    /// Seconds until the device asks again.
    fn after_s(&self, plan: Option<&ActivePlan>) -> u32 {
        let turn = match &self.decision {
            Decision::Nothing { turn, .. } => *turn,
            Decision::Install { .. } => None,
        };
        match self.at_once {
            true => 0,
            false => poll::after_s(plan, turn, self.at),
        }
    }

    /// The same, as it is told while there is so much to do; one that installs something is left to it.
    fn eased_s(&self, app: &App, plan: Option<&ActivePlan>, device: &DeviceId) -> u32 {
        let after_s = self.after_s(plan);
        match self.decision {
            Decision::Nothing { .. } => poll::eased_s(app, plan, after_s, device),
            Decision::Install { .. } => after_s,
        }
    }
}

/// Papers first, an offer only for a device that lacks none; unless the simulator plays a conquered
/// server.
async fn decide(
    app: &App,
    device: &Device,
    check_in: &CheckIn<'_>,
    now: Timestamp,
) -> Result<Told, Refused> {
    if let Some(forced) = forced(app, device, now) {
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
            at: now,
        });
    }
    if lacks == Lacks::Ahead && news {
        tracing::warn!(device = %device.id, "device holds newer papers than this server");
    }
    let papers = Papers::for_lack(app, &standing, lacks).await?;
    Ok(Told {
        at_once: news && papers.any(),
        papers,
        decision: Decision::Nothing {
            turn: None,
            rests: false,
        },
        at: now,
    })
}

fn forced(app: &App, device: &Device, now: Timestamp) -> Option<Told> {
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
        at: now,
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
    poll_after_s: u32,
) -> Result<Bytes, Refused> {
    let plan = plan.as_deref();
    let (todo, status) = match &told.decision {
        Decision::Nothing { .. } => (Todo::Nothing, Vec::new()),
        Decision::Install { package } => {
            let status = signed_status(app, standing, plan, &check_in.nonce, told.at);
            let status = status.map_err(|error| Refused::internal(&error))?;
            (install(package), status)
        }
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
