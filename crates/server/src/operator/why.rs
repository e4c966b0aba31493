//! Why something isn't moving: the sentences of `rollout::why`, for a device, a release, a rollout.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use jiff::Timestamp;
use mainstay_access::{Duty, Permission};
use mainstay_api::Why;
use mainstay_fleet::{Device, Ineligible, ReleaseDigest, Terms};
use mainstay_release::{Release, StageName};
use mainstay_rollout::{Phase, Rollout, RolloutId, Wait, why};

use super::{clients, devices, releases, rollouts, stones};
use crate::named::Named;
use crate::offers::{self, Considered};
use crate::problem::Refused;
use crate::{App, authenticate, brakes, delivery, figures};

/// `GET /devices/{id}/why`.
pub(super) async fn device(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<Why>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let device = devices::named(&app, &id).await?;
    Ok(Json(of_device(&app, &device, app.now()).await?))
}

/// `GET /rollouts/{id}/why`.
pub(super) async fn rollout(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<Why>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let rollout = rollouts::named(&app, &id).await?;
    Ok(Json(of_rollout(&app, &rollout, app.now()).await?))
}

/// `GET /releases/{id}/why`.
pub(super) async fn release(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<Why>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let release = releases::named(&app, &id).await?;
    let rollout = match release.stage.scheduled() {
        Some(scheduled) => app.store.rollout(RolloutId(scheduled.rollout)).await?,
        None => None,
    };
    let is_revoked = release.stage.name() == StageName::Revoked;
    Ok(Json(match rollout {
        // What was withdrawn goes nowhere, however far its rollout came.
        _ if is_revoked => at_its_stage(&app, &release).await?,
        Some(rollout) => of_rollout(&app, &rollout, app.now()).await?,
        None => before_rollout(&app, &release).await?,
    }))
}

/// The rollout that says why a device stands where it stands: the newest one that it is enrolled in. One that was withdrawn, or hasn't begun,
/// hides no way back from an older one.
fn deciding(mut considered: Vec<Considered>, device: &Device) -> Option<Considered> {
    let goes_back = |one: &Considered| {
        let is_stuck = matches!(
            one.offer,
            Err(Wait::CannotReturn { .. } | Wait::Withheld { .. })
        );
        is_stuck || offers::is_offered(one, device)
    };
    let gives_nothing = |one: &Considered| {
        one.rollout.is_starting() || matches!(one.rollout.phase, Phase::Withdrawn { .. })
    };
    if considered.first().is_some_and(gives_nothing) && considered.get(1).is_some_and(goes_back) {
        considered.remove(0);
    }
    considered.into_iter().next()
}

/// Why a device stands where it stands, until it is settled there.
pub(crate) async fn of_device(app: &App, device: &Device, now: Timestamp) -> Result<Why, Refused> {
    let controller = app.store.controller(&device.id).await?;
    let mut considered = offers::consider(app, device, now).await?;
    if let Some(controller) = &controller {
        considered = clients::narrowed(app, device, controller, considered, now).await?;
    }
    let has_offer = considered.iter().any(|one| offers::is_offered(one, device));
    let told = by_rollouts(app, device, considered, now).await?;
    let (sentence, next) = match controller {
        Some(_) => clients::told(app, device, has_offer, told).await?,
        None if has_offer => with_its_mirror(app, device, told).await?,
        None => told,
    };
    let subject = device.id.to_string();
    Ok(Why {
        subject,
        sentence,
        next,
    })
}

/// The same, and from where it gets its bytes, if the plan in force names mirrors.
async fn with_its_mirror(
    app: &App,
    device: &Device,
    (sentence, next): Told,
) -> Result<Told, Refused> {
    let plan = app.plan().await?;
    let mirror = plan.and_then(|plan| delivery::told(app, &plan.plan.delivery, device));
    let sentence = match mirror {
        Some(mirror) => format!("{sentence} {mirror}"),
        None => sentence,
    };
    Ok((sentence, next))
}

/// What the rollout says that decides about the device.
async fn by_rollouts(
    app: &App,
    device: &Device,
    considered: Vec<Considered>,
    now: Timestamp,
) -> Result<Told, Refused> {
    Ok(match deciding(considered, device) {
        Some(Considered {
            rollout,
            offer: Ok((offer, _)),
            ..
        }) => (why::offered(&words(device), &rollout, offer.kind), None),
        Some(Considered {
            rollout,
            offer: Err(wait),
            ..
        }) => match &wait {
            Wait::BehindStone { stone } => {
                let (sentence, _) = waits(device, &rollout, &wait, now);
                (
                    sentence,
                    Some(stones::way(app, device, stone, &rollout).await?),
                )
            }
            wait if wait.is_settled() => settled(app, device, Some((&rollout, wait)), now).await?,
            wait => waits(device, &rollout, wait, now),
        },
        None => settled(app, device, None, now).await?,
    })
}

/// A sentence, and what a person can do about it.
pub(super) type Told = (String, Option<String>);

fn waits(device: &Device, rollout: &Rollout, wait: &Wait, now: Timestamp) -> Told {
    let sentence = why::sentence(&words(device), rollout, wait, now);
    (sentence, some(why::next(wait)))
}

/// Why nothing comes to a device: a rollout of its class runs without it; or none runs, and its
/// `last` one ended so.
async fn settled(
    app: &App,
    device: &Device,
    last: Option<(&Rollout, &Wait)>,
    now: Timestamp,
) -> Result<Told, Refused> {
    let supported = supported(app, device, now).await?;
    let running = app.store.active_rollouts(Some(&device.class)).await?;
    let enrolled = last.map(|(rollout, _)| rollout.id);
    let without = running.iter().find(|one| Some(one.id) != enrolled);
    if let Some(rollout) = without.filter(|one| one.is_starting()) {
        return Ok(waits(device, rollout, &Wait::Starting, now));
    }
    if let Some(rollout) = without {
        return not_drawn(app, device, rollout, supported).await;
    }
    let last_one = last.map(|(rollout, _)| rollout);
    if let Some((rollout, reason)) = stones::passed_over(app, device, last_one).await? {
        let sentence = why::not_drawn(&words(device), &rollout, Some(&reason));
        let next = cure(app, device, &rollout, &reason).await?;
        return Ok((why::at_rest(sentence, supported), Some(next)));
    }
    let (sentence, next) = match last {
        Some((rollout, wait)) => waits(device, rollout, wait, now),
        None => (why::not_enrolled(&words(device)), None),
    };
    // Without support no next release comes for which it could be made ready.
    let next = next.filter(|_| supported.is_ok());
    Ok((why::at_rest(sentence, supported), next))
}

/// Why the rollout runs without the device. The plan in force is asked, but for stepping stones, of which the rollout keeps its own: it
/// may be newer than the rollout's, which then tells no reason, or another one, but never keeps the device in.
async fn not_drawn(
    app: &App,
    device: &Device,
    rollout: &Rollout,
    supported: Result<(), Ineligible>,
) -> Result<Told, Refused> {
    let ineligible = match terms(app, rollout).await? {
        Some(terms) => mainstay_fleet::eligible(device, &terms, rollout.started_at).err(),
        None => None,
    };
    let sentence = why::not_drawn(&words(device), rollout, ineligible.as_ref());
    if let Some(reason @ Ineligible::SupportEnded { .. }) = &ineligible {
        // Its end is the reason already.
        return Ok((sentence, Some(reason.cure().to_owned())));
    }
    let next = match &ineligible {
        Some(reason) => cure(app, device, rollout, reason).await?,
        None => why::next(&Wait::NotEnrolled).to_owned(),
    };
    Ok((why::at_rest(sentence, supported), Some(next)))
}

/// What to do about a reason; of a stepping stone, which release leads there.
async fn cure(
    app: &App,
    device: &Device,
    rollout: &Rollout,
    reason: &Ineligible,
) -> Result<String, Refused> {
    match reason {
        Ineligible::BehindStone { stone } => stones::way(app, device, stone, rollout).await,
        reason => Ok(reason.cure().to_owned()),
    }
}

/// What the rollout's release asks of devices, on its track and under the plan in force, with the rollout's own stepping stones.
async fn terms(app: &App, rollout: &Rollout) -> Result<Option<Terms>, Refused> {
    let candidate = &rollout.candidate;
    let release = app.store.release_by_manifest(&candidate.release).await?;
    let plan = app.active_plan().await?;
    let class = plan.plan.class_named(&candidate.class);
    Ok(release.zip(class).map(|(release, class)| Terms {
        stones: rollout.rules.stones.clone(),
        ..mainstay_rollout::terms(candidate, class, release.facts.track)
    }))
}

/// Whether the plan in force still promises the device's class support; without a plan nobody ended it.
async fn supported(
    app: &App,
    device: &Device,
    now: Timestamp,
) -> Result<Result<(), Ineligible>, Refused> {
    if app.store.active_plan().await?.is_none() {
        return Ok(Ok(()));
    }
    let plan = app.active_plan().await?;
    let class = plan.plan.class_named(&device.class);
    let promised = class.and_then(mainstay_rollout::terms::support);
    Ok(mainstay_fleet::supported(promised.as_ref(), now))
}

pub(super) fn words(device: &Device) -> why::Subject<'_> {
    why::Subject {
        device: device.id.as_str(),
        class: &device.class,
        hardware: &device.hardware,
        runs: device
            .running
            .as_ref()
            .map(|running| running.version.as_str()),
    }
}

/// Why a rollout isn't further: what its next step would wait for.
pub(crate) async fn of_rollout(
    app: &Arc<App>,
    rollout: &Rollout,
    now: Timestamp,
) -> Result<Why, Refused> {
    let picture = figures::rollout::of(app, rollout).await?;
    let mut waits = picture.waits(rollout, now);
    if !rollout.is_over()
        && let Some(because) = brakes::on_release(app, &rollout.candidate.release, now).await?
    {
        waits.insert(0, Wait::Withheld { because });
    }
    let waiting = waits.iter().map(|wait| why::rollout(rollout, wait, now));
    let counted = figures::not_just_now(picture.at(), now);
    let counted = counted.map(|at| {
        let at = at.strftime("%Y-%m-%d %H:%M:%S UTC");
        format!("Its devices were counted at {at}.")
    });
    let sentences: Vec<_> = waiting.chain(counted).collect();
    Ok(Why {
        subject: format!("rollout {}", rollout.id),
        sentence: sentences.join(" "),
        next: waits.first().and_then(|wait| some(why::next(wait))),
    })
}

/// Why a release has no rollout yet: a hold goes before all else.
async fn before_rollout(app: &App, release: &Release) -> Result<Why, Refused> {
    let standing = app.standing().await?;
    let manifest = ReleaseDigest(release.facts.manifest.0);
    let Some(hold) = standing.hold_on(&manifest) else {
        return at_its_stage(app, release).await;
    };
    let because = brakes::held(hold);
    let (reason, id) = (because.reason(app.now()), &release.id);
    Ok(Why {
        subject: id.to_string(),
        sentence: format!("{id} goes no further, because {reason}."),
        next: some(because.next()),
    })
}

/// What the stage of a release without a rollout waits for.
async fn at_its_stage(app: &App, release: &Release) -> Result<Why, Refused> {
    let stage = release.stage.name();
    let ask = |duty: Duty| format!("ask somebody with the duty {duty}");
    let (because, next) = match stage {
        StageName::Signed => before_its_gates(app, release).await,
        StageName::Gated => (
            "nobody has approved it".to_owned(),
            Some(ask(Duty::ReleaseManager)),
        ),
        StageName::Revoked => ("it was revoked, which is for good".to_owned(), None),
        StageName::Approved => (
            "nobody has given it a rollout".to_owned(),
            Some(ask(Duty::Operations)),
        ),
        _ => ("its next step hasn't been taken".to_owned(), None),
    };
    let id = &release.id;
    Ok(Why {
        subject: id.to_string(),
        sentence: format!("{id} is {stage} and goes no further, because {because}."),
        next,
    })
}

/// Why a signed release isn't through its gates (decision 5). They are asked about once, when it is handed in, so that a plan which drops
/// them later opens nothing for what is there already. Without a readable plan, nobody knows their names.
async fn before_its_gates(app: &App, release: &Release) -> Told {
    let name = release.facts.track;
    let plan = app.active_plan().await;
    let track = plan
        .as_ref()
        .ok()
        .and_then(|plan| plan.plan.tracks.get(name));
    let gates: Vec<_> = track
        .map(|track| track.gates.iter().map(|gate| gate.as_str()).collect())
        .unwrap_or_default();
    let again = "hand the same work in again under a higher version";
    match &gates[..] {
        [] => (
            format!(
                "the {name} track named gates when it was handed in, and no evidence opens them"
            ),
            Some(format!(
                "{again}, under a plan whose {name} track names no gates"
            )),
        ),
        gates => (
            format!(
                "the {name} track names the gates {}, and this version reads no evidence that would open them",
                gates.join(", ")
            ),
            Some(format!(
                "put a plan into force whose {name} track names no gates, and {again}"
            )),
        ),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
