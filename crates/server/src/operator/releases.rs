//! Handing in a release, approving it, and looking at releases.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use mainstay_access::{Permission, Person};
use mainstay_api::ReleaseView;
use mainstay_artifact::ArtifactFile;
use mainstay_fleet::{Device, ReleaseDigest};
use mainstay_plan::{ClassId, Track, TrackName};
use mainstay_release::{Facts, NO_EVIDENCE, Refusal, Release, ReleaseId};
use mainstay_store::StageChange;
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::{Root, Verified};
use serde::Deserialize;

use super::views;
use crate::app::ActivePlan;
use crate::intake::Intake;
use crate::problem::Refused;
use crate::standing::Standing;
use crate::{App, authenticate, body, intake, soundness, upload};

/// The query of a submission.
#[derive(Debug, Deserialize)]
pub(super) struct Submission {
    /// The track that the release is for.
    track: TrackName,
}

/// `POST /releases?track=...`: the body is an artifact file, signed by the engineer who sends it.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<Submission>, QueryRejection>,
    request: Body,
) -> Result<(StatusCode, Json<ReleaseView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::SubmitRelease).await?;
    let Query(Submission { track }) = query.map_err(|_| Refused::no_track())?;
    let _place = app.upload_place()?;
    let (frame, payload) = upload::begin(&headers, request).await?;
    let plan = app.active_plan().await?;
    let standing = app.standing().await?;
    let root = standing.root()?;
    let judged = judge(&app, &frame, track, (&*standing, &root, &*plan), &person).await;
    let (taken, entry) = match judged {
        Ok(judged) => judged,
        Err(refused) => {
            upload::forget(payload).await;
            return Err(refused);
        }
    };
    upload::keep(&app, &taken.manifest, &frame, payload).await?;
    // A payload may take minutes to come, and what was in order before it can be withdrawn by now.
    check_not_withdrawn(&*app.standing().await?, &frame.envelope)?;
    let (status, release) = match entry {
        Entry::Mended(release) => (StatusCode::OK, release),
        Entry::New(release) => {
            app.store.add_release(&release, &frame.envelope).await?;
            (StatusCode::CREATED, release)
        }
    };
    tracing::info!(release = %release.id, by = %person.email, %status, "release handed in");
    Ok((status, Json(views::release(&release))))
}

/// What an artifact is to this server, once its payload is there.
enum Entry {
    /// A new release.
    New(Release),
    /// One that is here already, by its very manifest, and whose payload is damaged.
    Mended(Release),
}

/// What the server's word rests on, in one moment: the papers, their root, and the plan in force.
type Grounds<'g, 'r> = (&'g Standing, &'g Verified<Root<'r>>, &'g ActivePlan);

/// Whether `person` may hand in this artifact, by all that is known before its payload has come.
async fn judge<'f>(
    app: &App,
    frame: &'f ArtifactFile,
    track: TrackName,
    (standing, root, plan): Grounds<'_, '_>,
    person: &Person,
) -> Result<(Intake<'f>, Entry), Refused> {
    let taken = intake::open_artifact(frame, track, root, &plan.plan)?;
    check_not_withdrawn(standing, &frame.envelope)?;
    intake::check_builder(&taken.builders, &person.email)?;
    if let Some(release) = lacks_its_payload(app, &taken.facts).await? {
        return Ok((taken, Entry::Mended(release)));
    }
    intake::check_ways_back(&taken, &app.store.releases().await?)?;
    let release = signed_and_gated(taken.facts.clone(), person, plan, app.now())?;
    Ok((taken, Entry::New(release)))
}

/// The release that is here already, by its very manifest, if its payload is damaged.
async fn lacks_its_payload(app: &App, facts: &Facts) -> Result<Option<Release>, Refused> {
    let manifest = ReleaseDigest(facts.manifest.0);
    let Some(release) = app.store.release_by_manifest(&manifest).await? else {
        return Ok(None);
    };
    let damage = app.look_at(soundness::payload(&release.facts)).await;
    Ok(damage.map(|_| release))
}

/// A key or a release that was withdrawn is refused here as on devices.
fn check_not_withdrawn(standing: &Standing, envelope: &[u8]) -> Result<(), Refused> {
    match standing.judge(envelope).withdrawn() {
        Some(refusal) => Err(refusal.into()),
        None => Ok(()),
    }
}

/// A signed release, past its gates if the plan names none. With gates it stays signed: this
/// version reads no evidence.
fn signed_and_gated(
    facts: Facts,
    person: &Person,
    plan: &ActivePlan,
    now: Timestamp,
) -> Result<Release, Refused> {
    let track = track(plan, facts.track)?;
    let drafted = Release::draft(facts, person, now)?;
    let signed = drafted.sign(&person.email, now)?;
    match signed.clone().gate(track, NO_EVIDENCE, now) {
        Ok(gated) => Ok(gated),
        Err(Refusal::GateNoEvidence { .. }) => Ok(signed),
        Err(refusal) => Err(refusal.into()),
    }
}

pub(super) fn track(plan: &ActivePlan, name: TrackName) -> Result<&Track, Refused> {
    plan.plan.tracks.get(name).ok_or_else(|| {
        Refused::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "releases.track-not-in-plan",
            format_args!("The active plan has no track {name}."),
            "Name one of the plan's tracks.",
        )
    })
}

/// `POST /releases/{id}/approval`: the body is the same envelope with the approval of the release
/// manager who sends it.
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    request: Body,
) -> Result<Json<ReleaseView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::ApproveRelease).await?;
    let envelope = body::read(&headers, request, ENVELOPE_BYTES_MAX).await?;
    let release = named(&app, &id).await?;
    let manifest = ReleaseDigest(release.facts.manifest.0);
    let stored = app.store.envelope(&manifest).await?;
    let stored = stored.ok_or_else(|| Refused::not_found("envelope of the release", &id))?;
    let plan = app.active_plan().await?;
    let expected = release.stage.name();
    let approved = release.approve(&person, plan.plan.digest, app.now())?;
    let standing = app.standing().await?;
    check_not_withdrawn(&standing, &envelope)?;
    let root = standing.root()?;
    let approval = intake::open_approval(&envelope, &stored, &person.email, &root)?;
    intake::check_grounds(&approval, &plan.plan, &approved)?;
    let change = StageChange {
        release: &approved,
        expected,
    };
    app.store.save_release(change, Some(&envelope)).await?;
    tracing::info!(release = %approved.id, by = %person.email, "release approved");
    Ok(Json(views::release(&approved)))
}

/// `GET /releases`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<ReleaseView>>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    let releases = app.store.releases().await?;
    Ok(Json(releases.iter().map(views::release).collect()))
}

/// `GET /releases/{id}`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<ReleaseView>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    Ok(Json(views::release(&named(&app, &id).await?)))
}

/// `GET /releases/{id}/devices`: the devices that run it, by their own word.
pub(super) async fn devices(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Vec<Device>>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    let release = named(&app, &id).await?;
    app.flush_last_seen().await;
    let manifest = ReleaseDigest(release.facts.manifest.0);
    Ok(Json(app.store.devices_running(&manifest).await?))
}

/// The names of the devices that run the release with this manifest.
///
/// # Errors
/// If the store fails.
pub(super) async fn running(app: &App, manifest: &ReleaseDigest) -> Result<Vec<String>, Refused> {
    let devices = app.store.devices_running(manifest).await?;
    Ok(devices.iter().map(|device| device.id.to_string()).collect())
}

/// The release of this name, `thermo-v2@1.1.0`, or with this manifest, in hexadecimal.
///
/// # Errors
/// `request.not-found` when there is none.
pub(crate) async fn named(app: &App, id: &str) -> Result<Release, Refused> {
    let release = match (release_id(id), manifest(id)) {
        (Some(id), _) => app.store.release(&id).await?,
        (None, Some(manifest)) => app.store.release_by_manifest(&manifest).await?,
        (None, None) => None,
    };
    release.ok_or_else(|| Refused::not_found("release", id))
}

/// Reads a manifest's digest.
fn manifest(text: &str) -> Option<ReleaseDigest> {
    let bytes = hex::decode(text).ok()?;
    bytes.try_into().ok().map(ReleaseDigest)
}

/// Reads `class@version`.
fn release_id(text: &str) -> Option<ReleaseId> {
    let (class, version) = text.split_once('@')?;
    Some(ReleaseId::new(
        &ClassId::new(class).ok()?,
        &version.parse().ok()?,
    ))
}
