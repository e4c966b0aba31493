//! Handing in a release, approving it, and looking at releases.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use jiff::Timestamp;
use mainstay_access::{Permission, Person};
use mainstay_api::hold::RUNNING_NAMED_MAX;
use mainstay_api::{DevicePage, Page, ReleaseView};
use mainstay_artifact::ArtifactFile;
use mainstay_fleet::ReleaseDigest;
use mainstay_plan::{ClassId, Track, TrackName};
use mainstay_release::{Facts, NO_EVIDENCE, Refusal, Release, ReleaseId};
use mainstay_store::{Pieces, StageChange};
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use serde::Deserialize;
use tokio::time::timeout;

use super::device_pages::{Among, PageAsked, Words, no_page, page};
use super::list_pages::{self, ListAsked, ListWords};
use super::views;
use crate::app::ActivePlan;
use crate::guard::Patience;
use crate::intake::Intake;
use crate::named::Named;
use crate::problem::Refused;
use crate::standing::Standing;
use crate::{App, authenticate, body, intake, soundness, upload};

/// Whoever is too slow is told so here, so that what still comes is heard on for a while; so much later the guard would break the connection off.
const TOLD_BEFORE: Duration = Duration::from_secs(30);

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
    Extension(patience): Extension<Patience>,
    request: Body,
) -> Result<(StatusCode, Json<ReleaseView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::SubmitRelease).await?;
    let mut pieces = upload::pieces(request);
    let received = receive(&app, &headers, query, &patience, &person, &mut pieces).await;
    if received.is_err() {
        upload::forget(&app, pieces);
    }
    let (status, release) = received?;
    tracing::info!(release = %release.id, by = %person.email, %status, "release handed in");
    Ok((status, Json(views::release(&release))))
}

/// The release of an artifact on its way in, and whether it is a new one. It has as much time as its payload takes over a slow line.
async fn receive(
    app: &App,
    headers: &HeaderMap,
    query: Result<Query<Submission>, QueryRejection>,
    patience: &Patience,
    person: &Person,
    pieces: &mut Pieces<'static>,
) -> Result<(StatusCode, Release), Refused> {
    let Query(Submission { track }) = query.map_err(|_| Refused::no_track())?;
    let _place = app.upload_place()?;
    let frame = upload::begin(headers, pieces).await?;
    let time = app.config.times.upload(frame.payload_len);
    patience.extend(time.saturating_add(TOLD_BEFORE));
    let taken = mend_or_take_in(app, &frame, track, patience, person, pieces);
    let in_time = timeout(time, taken).await;
    in_time.unwrap_or_else(|_elapsed| Err(Refused::too_slow()))
}

async fn mend_or_take_in(
    app: &App,
    frame: &ArtifactFile,
    track: TrackName,
    patience: &Patience,
    person: &Person,
    payload: &mut Pieces<'static>,
) -> Result<(StatusCode, Release), Refused> {
    if let Some(mended) = mend(app, frame, patience, payload).await? {
        return Ok((StatusCode::OK, mended));
    }
    let new = take_in(app, frame, track, patience, person, payload).await?;
    Ok((StatusCode::CREATED, new))
}

/// Takes the payload of a release that is here already, by its very manifest, if what was kept of it is damaged. Nothing else of the
/// release changes, and equal digests are equal bytes: who signed it once may have left, and its key may be withdrawn.
async fn mend(
    app: &App,
    frame: &ArtifactFile,
    patience: &Patience,
    payload: &mut Pieces<'static>,
) -> Result<Option<Release>, Refused> {
    let Some(manifest) = intake::manifest_digest(&frame.envelope) else {
        return Ok(None);
    };
    let manifest = ReleaseDigest(manifest.0);
    let Some(release) = app.store.release_by_manifest(&manifest).await? else {
        return Ok(None);
    };
    let damage = app.look_at(soundness::payload(&release.facts)).await?;
    if damage.is_none() {
        return Ok(None);
    }
    upload::keep_again(app, patience, &release.facts, frame, payload).await?;
    Ok(Some(release))
}

/// Takes in a new release. It is judged before its payload comes, so that nothing is kept of what nobody signed, and again once that
/// is here: a payload may take minutes, and what holds then is what counts.
async fn take_in(
    app: &App,
    frame: &ArtifactFile,
    track: TrackName,
    patience: &Patience,
    person: &Person,
    payload: &mut Pieces<'static>,
) -> Result<Release, Refused> {
    let (taken, _) = judge(app, frame, track, person).await?;
    upload::keep(app, patience, &taken.manifest, frame, payload).await?;
    let (_, release) = judge(app, frame, track, person).await?;
    app.store.add_release(&release, &frame.envelope).await?;
    Ok(release)
}

/// Whether `person` may hand in this artifact, by the papers, their root and the plan of now, and which release it makes then.
async fn judge<'f>(
    app: &App,
    frame: &'f ArtifactFile,
    track: TrackName,
    person: &Person,
) -> Result<(Intake<'f>, Release), Refused> {
    let plan = app.active_plan().await?;
    let standing = app.standing().await?;
    let taken = intake::open_artifact(frame, track, &standing.root()?, &plan.plan)?;
    check_not_withdrawn(&standing, &frame.envelope)?;
    intake::check_builder(&taken.builders, &person.email)?;
    intake::check_ways_back(&taken, &ways_back(app, &taken.facts).await?)?;
    let release = signed_and_gated(taken.facts.clone(), person, &plan, app.now())?;
    Ok((taken, release))
}

/// The releases that it names as ways back, as far as they are here.
async fn ways_back(app: &App, facts: &Facts) -> Result<Vec<Release>, Refused> {
    let mut found = Vec::new();
    for manifest in &facts.returns_to {
        let manifest = ReleaseDigest(manifest.0);
        found.extend(app.store.release_by_manifest(&manifest).await?);
    }
    Ok(found)
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
    Named(id): Named,
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

/// `GET /releases?after=...&limit=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    words: ListWords,
) -> Result<Json<Page<ReleaseView>>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let asked = ListAsked::read(words)?;
    let after = asked.after(release_id)?;
    if let Some(id) = &after
        && app.store.release(id).await?.is_none()
    {
        return Err(list_pages::no_page());
    }
    let found = app.store.releases_after(after.as_ref(), asked.most());
    let (found, next) = asked.cut(found.await?, |release| release.id.to_string());
    let items = found.iter().map(views::release).collect();
    Ok(Json(Page { items, next }))
}

/// `GET /releases/{id}`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<ReleaseView>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    Ok(Json(views::release(&named(&app, &id).await?)))
}

/// `GET /releases/{id}/devices?after=...&limit=...`: the devices that run it, by their own word.
pub(super) async fn devices(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    words: Result<Query<Words>, QueryRejection>,
) -> Result<Json<DevicePage>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let Query(Words { after, limit }) = words.map_err(|_| no_page())?;
    let from = PageAsked::read(after.as_deref(), limit)?;
    let release = named(&app, &id).await?;
    let manifest = ReleaseDigest(release.facts.manifest.0);
    Ok(Json(page(&app, from, Among::Running(&manifest)).await?))
}

/// The names of devices that run the release with this manifest: the first ones, as many as are told with it.
///
/// # Errors
/// If the store fails.
pub(super) async fn running(app: &App, manifest: &ReleaseDigest) -> Result<Vec<String>, Refused> {
    let most = u32::try_from(RUNNING_NAMED_MAX).unwrap_or(u32::MAX);
    let devices = app.store.devices_after(None, Some(manifest), most).await?;
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
