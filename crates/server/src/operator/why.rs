//! Why something isn't moving: the sentences of `rollout::why`, for a device, a release, a rollout.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use jiff::Timestamp;
use mainstay_access::{Duty, Permission};
use mainstay_api::Why;
use mainstay_fleet::{Device, Ineligible, ReleaseDigest};
use mainstay_plan::ClassId;
use mainstay_release::{Release, StageName};
use mainstay_rollout::{Rollout, RolloutId, Wait, step, terms, why};

use super::{devices, releases, rollouts};
use crate::offers::{self, Considered};
use crate::problem::Refused;
use crate::{App, authenticate, brakes};

/// `GET /devices/{id}/why`.
pub(super) async fn device(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Why>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    let device = devices::named(&app, &id).await?;
    Ok(Json(of_device(&app, &device, app.now()).await?))
}

/// `GET /rollouts/{id}/why`.
pub(super) async fn rollout(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Why>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    let rollout = rollouts::named(&app, &id).await?;
    Ok(Json(of_rollout(&app, &rollout, app.now()).await?))
}

/// `GET /releases/{id}/why`.
pub(super) async fn release(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Why>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    let release = releases::named(&app, &id).await?;
    let rollout = match release.stage.scheduled() {
        Some(scheduled) => app.store.rollout(RolloutId(scheduled.rollout)).await?,
        None => None,
    };
    let is_revoked = release.stage.name() == StageName::Revoked;
    Ok(Json(match rollout {
        // What was withdrawn goes nowhere, however far its rollout came.
        _ if is_revoked => at_its_stage(&release),
        Some(rollout) => of_rollout(&app, &rollout, app.now()).await?,
        None => before_rollout(&app, &release).await?,
    }))
}

/// Why a device stands where it stands: the newest rollout that it is enrolled in decides.
pub(crate) async fn of_device(app: &App, device: &Device, now: Timestamp) -> Result<Why, Refused> {
    let considered = offers::consider(app, device, now).await?;
    let newest = considered.into_iter().next();
    let subject = device.id.to_string();
    Ok(match newest {
        Some(Considered {
            rollout,
            offer: Err(wait),
            ..
        }) => Why {
            subject,
            sentence: why::sentence(&words(device), &rollout, &wait, now),
            next: some(why::next(&wait)),
        },
        Some(Considered {
            rollout,
            offer: Ok(_),
            ..
        }) => Why {
            subject,
            sentence: why::offered(&words(device), &rollout),
            next: None,
        },
        None => Why {
            subject,
            sentence: why::not_enrolled(&words(device), supported(app, device, now).await?),
            next: None,
        },
    })
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
    let class = ClassId::new(&device.class).ok();
    let class = class.and_then(|id| plan.plan.class(&id));
    let promised = class.and_then(terms::support);
    Ok(mainstay_fleet::supported(promised.as_ref(), now))
}

fn words(device: &Device) -> why::Subject<'_> {
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
    app: &App,
    rollout: &Rollout,
    now: Timestamp,
) -> Result<Why, Refused> {
    let fleet = app.store.fleet_view(rollout.id).await?;
    let mut waits = step(rollout, &fleet, now).waits;
    if !rollout.is_over()
        && let Some(because) = brakes::on_release(app, &rollout.candidate.release, now).await?
    {
        waits.insert(0, Wait::Withheld { because });
    }
    let sentences: Vec<_> = waits
        .iter()
        .map(|wait| why::rollout(rollout, wait, now))
        .collect();
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
        return Ok(at_its_stage(release));
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
fn at_its_stage(release: &Release) -> Why {
    let stage = release.stage.name();
    let (because, next) = match stage {
        StageName::Signed => ("its track's gates aren't open", None),
        StageName::Gated => ("nobody has approved it", Some(Duty::ReleaseManager)),
        StageName::Revoked => ("it was revoked, which is for good", None),
        StageName::Approved => ("nobody has given it a rollout", Some(Duty::Operations)),
        _ => ("its next step hasn't been taken", None),
    };
    Why {
        subject: release.id.to_string(),
        sentence: format!(
            "{} is {stage} and goes no further, because {because}.",
            release.id
        ),
        next: next.map(|duty| format!("ask somebody with the duty {duty}")),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
