//! Starting a rollout, halting or withdrawing it, answering its question, and looking at rollouts.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::{Permission, Person};
use mainstay_api::why::WHY_BYTES_MAX;
use mainstay_api::{AnswerRequest, HaltRequest, RolloutView, WithdrawRequest};
use mainstay_fleet::{ReleaseDigest, Terms};
use mainstay_plan::Class;
use mainstay_release::Release;
use mainstay_rollout::{
    self as rollout, Candidate, Enrolment, Rollout, RolloutId, Rules, draw, needs,
};
use mainstay_store::{StageChange, StoreError};

use super::{releases, views};
use crate::app::ActivePlan;
use crate::jobs::{self, Decided, advance_rollouts, other_classes};
use crate::named::Named;
use crate::problem::Refused;
use crate::{App, authenticate, body, figures};

/// Each try is on a fresh state, and loses only against a change in the same few milliseconds.
pub(super) const TRIES_MAX: u32 = 10;
/// What an answer is recorded with by whoever gives no reason.
const ANSWERED: &str = "answered through the API";

/// Over so many devices a rollout is started while whoever asks for it waits: a tenth of a second's work. Over more it is kept as asked
/// for, and begins by itself.
const STARTED_AT_ONCE: u32 = 5000;

/// `POST /releases/{id}/rollout`: draws the waves and starts; over many devices it begins later ([`crate::jobs`]).
pub(super) async fn start(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<(StatusCode, Json<RolloutView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::StartRollout).await?;
    let release = releases::named(&app, &id).await?;
    check_not_held(&app, &release).await?;
    let plan = app.active_plan().await?;
    let id = app.store.reserve_rollout().await?;
    let scheduled = release.clone().schedule(&person, id.0, app.now())?;
    check_plan(&release, &plan)?;
    check_class_free(&app, &release).await?;
    let change = StageChange {
        release: &scheduled,
        expected: release.stage.name(),
    };
    let class = Some(release.facts.class.as_str());
    let devices = app.store.count_devices(class, STARTED_AT_ONCE + 1).await?;
    let status = match devices > STARTED_AT_ONCE {
        true => {
            ask(&app, id, change, &plan).await?;
            StatusCode::ACCEPTED
        }
        false => {
            begin(&app, id, change, &plan).await?;
            StatusCode::CREATED
        }
    };
    tracing::info!(release = %release.id, rollout = %id, by = %person.email, "rollout started");
    Ok((status, Json(view(&app, id).await?)))
}

/// Stores the rollout with all that its devices are drawn by, and the release's stage, together.
async fn ask(
    app: &App,
    id: RolloutId,
    change: StageChange<'_>,
    plan: &ActivePlan,
) -> Result<(), Refused> {
    let Grounds {
        candidate, rules, ..
    } = grounds(change.release, plan)?;
    let (revision, seed, now) = (plan.revision.clone(), seed(app), app.now());
    let asked = Rollout::asked_for(id, candidate, rules, revision, seed, now);
    keep(app, &asked, &[], change).await
}

/// Draws the waves and stores the rollout, its enrolments and the release's stage together.
async fn begin(
    app: &App,
    id: RolloutId,
    change: StageChange<'_>,
    plan: &ActivePlan,
) -> Result<(), Refused> {
    let Grounds {
        candidate,
        terms,
        rules,
        ..
    } = grounds(change.release, plan)?;
    let devices = app.store.devices(Some(&candidate.class)).await?;
    let (seed, now) = (seed(app), app.now());
    let enrolments = draw(&terms, &rules, seed, &devices, now)?;
    let revision = plan.revision.clone();
    let others = other_classes::counted(app, &rules.prerequisites).await?;
    let mut begun = Rollout::start(id, candidate, rules, revision, seed, &enrolments, now);
    begun.unmet = needs::unmet(&begun.rules.prerequisites, &others);
    keep(app, &begun, &enrolments, change).await
}

async fn keep(
    app: &App,
    rollout: &Rollout,
    enrolments: &[Enrolment],
    change: StageChange<'_>,
) -> Result<(), Refused> {
    let started = app.store.start_rollout(rollout, enrolments, Some(change));
    match started.await {
        // Somebody else was faster with another release, since the class was found free.
        Err(StoreError::Conflict {
            what: "device class",
            ..
        }) => Err(class_busy(app, change.release)
            .await?
            .unwrap_or_else(Refused::busy)),
        started => Ok(started?),
    }
}

/// What the rollout of a release rests on.
pub(super) struct Grounds<'p> {
    /// The release.
    pub candidate: Candidate,
    /// What it asks of devices.
    pub terms: Terms,
    /// The rules of its rollout.
    pub rules: Rules,
    /// Its class.
    pub class: &'p Class,
}

/// What the rollout of `release` rests on under this plan.
///
/// # Errors
/// If the plan doesn't have its track or class.
pub(super) fn grounds<'p>(release: &Release, plan: &'p ActivePlan) -> Result<Grounds<'p>, Refused> {
    let track = releases::track(plan, release.facts.track)?;
    let class = plan.plan.class(&release.facts.class);
    let class = class.ok_or_else(|| {
        Refused::conflict(
            "rollouts.class-not-in-plan",
            format_args!("The active plan has no class {}.", release.facts.class),
            "Put a plan into force that has it.",
        )
    })?;
    let candidate = candidate(release);
    Ok(Grounds {
        terms: rollout::terms(&candidate, class, track.name),
        rules: Rules::new(&plan.plan, track).with_needs(class, &candidate),
        candidate,
        class,
    })
}

/// The release, as its rollout knows it.
pub(super) fn candidate(release: &Release) -> Candidate {
    let facts = &release.facts;
    Candidate {
        release: ReleaseDigest(facts.manifest.0),
        version: facts.version.to_string(),
        sequence: facts.sequence,
        class: facts.class.as_str().to_owned(),
        returns_to: facts
            .returns_to
            .iter()
            .map(|digest| ReleaseDigest(digest.0))
            .collect(),
        image_bytes: facts.image_bytes,
    }
}

fn seed(app: &App) -> u64 {
    let mut bytes = [0; 8];
    app.entropy.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

/// The approval names the plan it rests on; a rollout under another one was approved by nobody.
pub(super) fn check_plan(release: &Release, plan: &ActivePlan) -> Result<(), Refused> {
    let approved = release
        .stage
        .approved()
        .map(|approved| approved.plan_revision);
    if approved == Some(plan.plan.digest) && plan.plan.class(&release.facts.class).is_some() {
        return Ok(());
    }
    Err(other_plan(release))
}

fn other_plan(release: &Release) -> Refused {
    Refused::conflict(
        "rollouts.other-plan",
        format_args!(
            "{} was approved under another plan than the active one.",
            release.id
        ),
        "Put the plan it was approved under into force again, or release it anew under this one.",
    )
}

/// A rollout of what is on hold would only wait, and count the time for which devices may be silent.
async fn check_not_held(app: &App, release: &Release) -> Result<(), Refused> {
    let standing = app.standing().await?;
    match standing.hold_on(&ReleaseDigest(release.facts.manifest.0)) {
        None => Ok(()),
        Some(hold) => Err(Refused::conflict(
            "hold.in-force",
            format_args!("{} put {} on hold: {}", hold.by, release.id, hold.reason),
            "Find out what is wrong; two people release a hold with `mainstay hold release`.",
        )),
    }
}

/// Two releases under way in one class would share a canary's evidence.
async fn check_class_free(app: &App, release: &Release) -> Result<(), Refused> {
    class_busy(app, release).await?.map_or(Ok(()), Err)
}

/// The refusal of a release whose class has another one under way; none if it has none.
///
/// # Errors
/// If the store fails.
pub(super) async fn class_busy(app: &App, release: &Release) -> Result<Option<Refused>, Refused> {
    let active = app
        .store
        .active_rollouts(Some(release.facts.class.as_str()))
        .await?;
    Ok(active.first().map(|busy| {
        Refused::conflict(
            "rollouts.class-busy",
            format_args!(
                "{} is still being rolled out to this class.",
                busy.candidate.version
            ),
            "Wait until it is complete, withdraw it if no wave of it has opened, or halt it.",
        )
    }))
}

/// `POST /rollouts/{id}/halt`: one person of any duty is enough to stop.
pub(super) async fn halt(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<RolloutView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::HaltRollout).await?;
    let HaltRequest { why } = body::json(&headers, request).await?;
    let why = reason(&why, "A halt", "Say in a sentence why it must stop.")?;
    let id = named(&app, &id).await?.id;
    stop(&app, id, &person, why).await?;
    Ok(Json(view(&app, id).await?))
}

/// What a person gives as the reason for a deed.
///
/// # Errors
/// `rollouts.why` if it is empty or too long.
pub(super) fn reason<'a>(why: &'a str, deed: &str, cure: &str) -> Result<&'a str, Refused> {
    let trimmed = why.trim();
    if trimmed.is_empty() || why.len() > WHY_BYTES_MAX {
        let cause =
            format_args!("{deed} needs a reason of 1 to {WHY_BYTES_MAX} bytes.").to_string();
        return Err(Refused::bad("rollouts.why", cause, cure));
    }
    Ok(trimmed)
}

/// Halts, on the rollout's newest state: a brake must not fail because something else was faster.
async fn stop(app: &App, id: RolloutId, person: &Person, why: &str) -> Result<(), Refused> {
    for _ in 0..TRIES_MAX {
        let before = named(app, &id.to_string()).await?;
        let mut fleet = app.store.fleet_view(id).await?;
        fleet.withdrawn = advance_rollouts::withdrawn_now(app).await;
        let (halted, now) = (before.clone(), app.now());
        let (who, why) = (person.email.clone(), why.to_owned());
        let decided = jobs::at_fleet(app, fleet, move |fleet| {
            let step = rollout::halt::by_person(&halted, fleet, who.as_str(), &why, now);
            step.map(|step| Decided::of(step, fleet))
        });
        match advance_rollouts::save(app, &before, decided.await??, now).await {
            Err(StoreError::Conflict { .. }) => continue,
            saved => saved?,
        };
        // Puts the release on hold in every status from now on, not from the next turn on.
        jobs::turn(app).await;
        return Ok(());
    }
    Err(Refused::busy())
}

/// `POST /rollouts/{id}/withdraw`: operations takes it back before its first wave opens; its release is approved again.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<RolloutView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::WithdrawRollout).await?;
    let WithdrawRequest { why } = body::json(&headers, request).await?;
    let cure = "Say in a sentence why it is taken back.";
    let why = reason(&why, "A withdrawal", cure)?;
    let id = named(&app, &id).await?.id;
    take_back(&app, id, &person, why).await?;
    tracing::info!(rollout = %id, by = %person.email, why, "rollout withdrawn");
    Ok(Json(view(&app, id).await?))
}

/// Withdraws, on the rollout's newest state: one that waits changes whenever the other class comes further. If a wave opens in this
/// moment, that counts.
async fn take_back(app: &App, id: RolloutId, person: &Person, why: &str) -> Result<(), Refused> {
    for _ in 0..TRIES_MAX {
        let before = named(app, &id.to_string()).await?;
        let who = person.email.as_str();
        let step = rollout::withdrawal::by_person(&before, who, why, app.now())?;
        // No wave was open: nobody has anything that its end would depend on.
        let decided = Decided::of_nobody(step);
        match advance_rollouts::save(app, &before, decided, app.now()).await {
            Err(StoreError::Conflict { .. }) => continue,
            saved => saved?,
        };
        return Ok(());
    }
    Err(Refused::busy())
}

/// `POST /rollouts/{id}/answer`: operations lets it go on, or stops it.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<RolloutView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::AnswerRollout).await?;
    let AnswerRequest { go_on, why } = body::json(&headers, request).await?;
    let why = why.as_deref().unwrap_or(ANSWERED);
    let why = reason(
        why,
        "An answer",
        "Say in a sentence why, or leave `why` out.",
    )?;
    let before = named(&app, &id).await?;
    let answered = rollout::question::answer(&before, person.email.as_str(), why, app.now())?;
    if go_on {
        advance_rollouts::save_word(&app, &before, &answered, app.now()).await?;
    } else {
        stop(&app, before.id, &person, why).await?;
    }
    Ok(Json(view(&app, before.id).await?))
}

/// `GET /rollouts/{id}`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<RolloutView>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let rollout = named(&app, &id).await?;
    Ok(Json(shown(&app, &rollout).await?))
}

/// The rollout of this number.
///
/// # Errors
/// `request.not-found` when there is none.
pub(crate) async fn named(app: &App, id: &str) -> Result<Rollout, Refused> {
    let found = match id.parse() {
        Ok(number) => app.store.rollout(RolloutId(number)).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Refused::not_found("rollout", id))
}

/// A rollout as it stands now.
///
/// # Errors
/// If there is none, or the store fails.
pub(super) async fn view(app: &Arc<App>, id: RolloutId) -> Result<RolloutView, Refused> {
    let rollout = named(app, &id.to_string()).await?;
    shown(app, &rollout).await
}

/// A rollout in the state that was read.
///
/// # Errors
/// If the store fails.
pub(super) async fn shown(app: &Arc<App>, rollout: &Rollout) -> Result<RolloutView, Refused> {
    let picture = figures::rollout::of(app, rollout).await?;
    let unverified = app.store.unverified(rollout.id).await?;
    Ok(views::rollout(rollout, &picture, unverified, app.now()))
}
