//! The page of one incident.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use mainstay_report::IncidentPage;
use mainstay_telemetry::IncidentId;

use super::fill;
use crate::App;
use crate::problem::Refused;

/// `GET /incidents/{id}`, by its number.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let page = page(&app, &headers, &id).await;
    super::answer(&app, page).await
}

async fn page(app: &App, headers: &HeaderMap, id: &str) -> Result<String, Refused> {
    super::admit(app, headers).await?;
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
    let fleet = app.store.fleet_view(rollout.id).await?;
    let incident = fill::incident(&incident, &rollout, &fleet, app.now());
    Ok(IncidentPage {
        frame: super::frame(app).await?,
        incident,
    }
    .to_html()?)
}
