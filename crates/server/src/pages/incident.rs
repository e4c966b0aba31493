//! The page of one incident.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use mainstay_report::IncidentPage;
use mainstay_telemetry::IncidentId;

use super::door::Visitor;
use super::fill;
use crate::App;
use crate::problem::Refused;

/// `GET /incidents/{id}`, by its number.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let page = page(&app, &visitor, &id).await;
    super::answer(&app, page)
}

async fn page(app: &App, visitor: &Visitor, id: &str) -> Result<String, Refused> {
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
        frame: super::frame(app, visitor.viewer()).await?,
        incident,
    }
    .to_html()?)
}
