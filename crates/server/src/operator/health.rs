//! `GET /api/v1/health`: whether this server can do its work. Open to anyone: it says nothing else.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::App;
use crate::problem::Refused;

/// The answer of a server that works.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Health {
    /// Always `ok`; anything else is a problem document.
    status: &'static str,
}

/// Answers once the store has.
pub(super) async fn health(State(app): State<Arc<App>>) -> Result<Json<Health>, Refused> {
    app.store.active_plan().await?;
    Ok(Json(Health { status: "ok" }))
}
