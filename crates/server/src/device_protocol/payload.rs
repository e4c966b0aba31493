//! `GET /device/v1/payloads/{image digest}`: the bytes of an image, for devices that were offered it.
//!
//! The bytes are no secret to a device that may install them, but to everyone else they are: a device
//! that was never offered a release gets the same answer as for one that doesn't exist. So does one that would begin with what was
//! halted or put on hold meanwhile; [`mainstay_rollout::payloads`] says which may.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use mainstay_fleet::{Device, DeviceId};
use mainstay_release::StageName;
use mainstay_rollout::fetchable;
use mainstay_store::{Enrolled, ReleasePayload, StoreError};
use mainstay_trust::Digest;

use super::alive::while_it_takes;
use super::download::Download;
use super::still::{Since, while_let_in};
use crate::asker::{self, Asker};
use crate::delivery::send_elsewhere;
use crate::identity::Peer;
use crate::problem::Refused;
use crate::readings::{self, Heard};
use crate::sign_in::Whence;
use crate::soundness::{self, Damage, NotAsked};
use crate::{App, authenticate};

/// Sends all of a payload, or one range of it; or says where it lies for devices that go there.
pub(super) async fn payload(
    State(app): State<Arc<App>>,
    since: Since,
    whence: Whence,
    peer: Peer,
    headers: HeaderMap,
    Path(digest): Path<String>,
) -> Result<Response, Refused> {
    let asker = Asker::of(&app, &headers, &peer, &whence).await?;
    let device = asker.that_fetches(&app).await?;
    let mut answer = sent(&app, since, (asker, peer), &device, &headers, &digest).await?;
    asker::differs(&mut answer);
    Ok(asker::answered(&headers, answer))
}

/// What is sent to a device that is asked for so, as long as it may be.
async fn sent(
    app: &Arc<App>,
    since: Since,
    (asker, peer): (Asker, Peer),
    device: &Device,
    headers: &HeaderMap,
    digest: &str,
) -> Result<Response, Refused> {
    let missing = || Refused::not_found("payload for this device", digest);
    let image = Digest::parse_hex(digest).ok_or_else(missing)?;
    if let Some(forced) = app.attack().payload_for(&device.id, &image) {
        return Download::from_bytes(image, forced.payload.clone())
            .answer(headers, &app.line)
            .await;
    }
    let payload = may_fetch(app, &device.id, &image).await?;
    let payload = payload.ok_or_else(missing)?;
    let now = app.now();
    readings::count(app, &Heard::of(app, device, now)).await?;
    app.contacts.hear(&app.contacts.with(&device.id), now);
    let _place = app.opening_place()?;
    // The device was offered it, so it may have been whole a moment ago. Only what is known to be lost is said to be: clients take that
    // for the last word, and come back when they hear of trouble that passes.
    match app.look_at(payload).await? {
        None => {}
        Some(Damage::Unreadable) => return Err(NotAsked.into()),
        Some(_) => return Err(missing()),
    }
    if let Some(sent_elsewhere) = send_elsewhere(app, device, headers, payload).await? {
        return Ok(sent_elsewhere);
    }
    let place = app.room.by_device.take(&device.id)?;
    let download = Download::from_blob(app.blobs.clone(), payload).of(place);
    let response = download.answer(headers, &app.line).await?;
    let response = while_it_takes(app, &device.id, response);
    let (asks, bore, id) = (app.clone(), authenticate::borne(headers), device.id.clone());
    Ok(while_let_in(since, response, move || {
        let (app, asker, peer, id) = (asks.clone(), asker.clone(), peer.clone(), id.clone());
        async move {
            let is_it = asker.still_asks(&app, &peer, bore, &id).await?;
            Ok(is_it && may_fetch(&app, &id, &image).await?.is_some())
        }
    }))
}

/// The payload, if one of the device's enrolments lets it fetch a release with this image. What was revoked nobody fetches any more, whatever they have begun:
/// no device that knows of it installs it. The plan is read with what is on hold, so that
/// the line has its rate before the first byte leaves, also in a server that has just started.
pub(crate) async fn may_fetch(
    app: &App,
    device: &DeviceId,
    image: &Digest,
) -> Result<Option<ReleasePayload>, StoreError> {
    let (_, standing) = app.plan_and_standing().await?;
    for Enrolled { rollout, device } in app.store.enrolments_of(device).await? {
        let hold = standing.hold_on(&rollout.candidate.release);
        for release in fetchable(&rollout, &device, hold.map(|hold| hold.at)) {
            let release = app.store.release_by_manifest(&release).await?;
            let release = release.filter(|release| release.stage.name() != StageName::Revoked);
            let payload = release.map(|release| soundness::payload(&release.facts));
            if let Some(payload) = payload.filter(|payload| payload.image == *image) {
                return Ok(Some(payload));
            }
        }
    }
    Ok(None)
}
