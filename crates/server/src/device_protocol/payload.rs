//! `GET /device/v1/payloads/{image digest}`: the bytes of an image, for devices that were offered it.
//!
//! The bytes are no secret to a device that may install them, but to everyone else they are: a device
//! that was never offered a release gets the same answer as for one that doesn't exist.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_rollout::{DeviceView, Phase, Progress, Rollout};
use mainstay_store::{Enrolled, StoreError};
use mainstay_trust::Digest;

use super::download::Download;
use crate::problem::Refused;
use crate::{App, authenticate};

/// Sends all of a payload, or one range of it.
pub(super) async fn payload(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(digest): Path<String>,
) -> Result<Response, Refused> {
    let device = authenticate::device(&app, &headers).await?;
    let missing = || Refused::not_found("payload for this device", &digest);
    let image = Digest::parse_hex(&digest).ok_or_else(missing)?;
    if let Some(forced) = app.attack().payload_for(&device.id, &image) {
        return Download::from_bytes(image, forced.payload.clone())
            .answer(&headers)
            .await;
    }
    if !was_offered(&app, &device.id, &image).await? {
        return Err(missing());
    }
    let (file, len) = app.blobs.open(&image).await?.ok_or_else(missing)?;
    Download::from_file(image, file, len).answer(&headers).await
}

/// Whether one of the device's enrolments has promised it a release with this image.
async fn was_offered(app: &App, device: &DeviceId, image: &Digest) -> Result<bool, StoreError> {
    for Enrolled { rollout, device } in app.store.enrolments_of(device).await? {
        for release in promised(&rollout, &device) {
            let release = app.store.release_by_manifest(&release).await?;
            if release.is_some_and(|release| release.facts.image == *image) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The releases that this rollout may have promised a device: the candidate, and after a halt the
/// one it returns to, also before one where the candidate left it nothing to run. A failed device that still runs the
/// candidate keeps its failure on its way back, so the halt decides, not the progress.
fn promised(rollout: &Rollout, view: &DeviceView) -> Vec<ReleaseDigest> {
    if matches!(view.progress, Progress::Waiting) {
        return Vec::new();
    }
    let returns = matches!(rollout.phase, Phase::Halted { .. }) || view.is_without_firmware();
    let allowed = |release: &ReleaseDigest| rollout.candidate.returns_to.contains(release);
    let back = view.before.filter(|before| returns && allowed(before));
    [rollout.candidate.release]
        .into_iter()
        .chain(back)
        .collect()
}
