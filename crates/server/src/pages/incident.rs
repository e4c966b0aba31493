//! The page of one incident.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use mainstay_report::IncidentPage;
use mainstay_rollout::{DeviceId, Progress};
use mainstay_store::StoreError;
use mainstay_telemetry::{Incident, IncidentId};

use super::door::Visitor;
use super::{fill, live};
use crate::problem::Refused;
use crate::{App, figures};

/// `GET /incidents/{id}`, by its number.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let page = page(&app, &visitor, &id).await;
    super::answer(&app, page)
}

async fn page(app: &Arc<App>, visitor: &Visitor, id: &str) -> Result<String, Refused> {
    let live = live::now(app).await?;
    let missing = || Refused::not_found("incident", id);
    let number = id.parse().map_err(|_| missing())?;
    let incident = app
        .store
        .incident(IncidentId(number))
        .await?
        .ok_or_else(missing)?;
    let rollout = app
        .store
        .rollout(incident.rollout)
        .await?
        .ok_or_else(missing)?;
    let health = figures::rollout::of(app, &rollout).await?.summary(&rollout);
    let by_now = failed_first(app, &incident).await?;
    let incident = fill::incident(&incident, &rollout, &health, &by_now);
    Ok(IncidentPage {
        frame: super::live_frame(app, visitor, live).await?,
        incident,
    }
    .to_html()?)
}

/// How far the devices are by now that failed first: a few.
///
/// # Errors
/// If the store fails.
pub(super) async fn failed_first(
    app: &App,
    incident: &Incident,
) -> Result<BTreeMap<DeviceId, Progress>, StoreError> {
    let mut by_now = BTreeMap::new();
    for failure in &incident.evidence.first_failures {
        let device = app.store.enrolment(incident.rollout, &failure.device);
        by_now.extend(device.await?.map(|device| (device.id, device.progress)));
    }
    Ok(by_now)
}
