//! Looking at incidents. They open themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use mainstay_access::Permission;
use mainstay_api::IncidentView;
use mainstay_telemetry::IncidentId;

use super::views;
use crate::problem::Refused;
use crate::{App, authenticate};

/// `GET /incidents`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<Vec<IncidentView>>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    let incidents = app.store.incidents().await?;
    Ok(Json(incidents.iter().map(views::incident).collect()))
}

/// `GET /incidents/{id}`, as `INC-1`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<IncidentView>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    let number = id
        .strip_prefix("INC-")
        .and_then(|number| number.parse().ok());
    let found = match number {
        Some(number) => app.store.incident(IncidentId(number)).await?,
        None => None,
    };
    let incident = found.ok_or_else(|| Refused::not_found("incident", id))?;
    Ok(Json(views::incident(&incident)))
}
