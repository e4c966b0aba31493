//! Handing in the schedule that operations signed.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::Permission;
use mainstay_api::ScheduleView;
use mainstay_fleet::ReleaseDigest;
use mainstay_keys::HostPrimitives;
use mainstay_release::Release;
use mainstay_store::StoredSchedule;
use mainstay_trust::signed::SIGNED_BYTES_MAX;
use mainstay_trust::{Envelope, Refusal, Schedule};

use super::releases;
use crate::named::Named;
use crate::problem::Refused;
use crate::standing::moment;
use crate::{App, authenticate, body, brakes};

/// `POST /releases/{id}/schedules`: the body is a signed schedule of this release. It takes the
/// place of the one before.
pub(super) async fn publish(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<(StatusCode, Json<ScheduleView>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::PublishSchedule).await?;
    let signed = body::read(&headers, request, SIGNED_BYTES_MAX).await?;
    let release = releases::named(&app, &id).await?;
    let standing = app.standing().await?;
    let schedule = brakes::verified(&standing, &signed)?;
    check_release(&app, &release, &schedule).await?;
    let stored = StoredSchedule {
        release: ReleaseDigest(schedule.release.0),
        class: schedule.class,
        signed: signed.to_vec(),
        at: app.now(),
        by: person.email.clone(),
    };
    app.store.add_schedule(&stored).await?;
    let share = schedule.share;
    tracing::info!(release = %release.id, share, by = %person.email, "schedule published");
    Ok((StatusCode::CREATED, Json(view(&release, &schedule))))
}

/// Whether the schedule is for this release and for its class.
async fn check_release(app: &App, release: &Release, schedule: &Schedule) -> Result<(), Refused> {
    let manifest = ReleaseDigest(release.facts.manifest.0);
    let envelope = app.store.envelope(&manifest).await?;
    let envelope = envelope.ok_or_else(|| Refused::not_found("envelope of", &release.id))?;
    let class = Envelope::parse(&envelope)?.open(&HostPrimitives)?.class_id;
    if (schedule.release, schedule.class) == (release.facts.manifest, class) {
        Ok(())
    } else {
        Err(Refusal::ScheduleMismatch.into())
    }
}

fn view(release: &Release, schedule: &Schedule) -> ScheduleView {
    ScheduleView {
        release: release.id.to_string(),
        class: hex::encode(schedule.class),
        share: schedule.share,
        not_before: moment(schedule.not_before),
        expires: moment(schedule.expires),
    }
}
