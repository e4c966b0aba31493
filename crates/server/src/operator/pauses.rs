//! Pausing a rollout, and letting it go on.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use jiff::Timestamp;
use mainstay_access::Permission;
use mainstay_api::{PauseRequest, RolloutView};
use mainstay_rollout::pause::{self, PauseRefused};
use mainstay_rollout::{Rollout, RolloutId};
use mainstay_store::StoreError;

use super::rollouts::{self, TRIES_MAX, named, reason};
use crate::jobs::advance_rollouts;
use crate::named::Named;
use crate::problem::Refused;
use crate::{App, authenticate, body};

/// `POST /rollouts/{id}/pause`: one person of any duty is enough to stop.
pub(super) async fn pause(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<RolloutView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::PauseRollout).await?;
    let PauseRequest { why } = body::json(&headers, request).await?;
    let why = reason(&why, "A pause", "Say in a sentence why it stands still.")?;
    let id = named(&app, &id).await?.id;
    let who = person.email.as_str();
    change(&app, id, |before, now| {
        pause::by_person(before, who, why, now)
    })
    .await?;
    tracing::warn!(rollout = %id, by = who, why, "rollout paused");
    Ok(Json(rollouts::view(&app, id).await?))
}

/// `POST /rollouts/{id}/resume`: operations lets it go on.
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<RolloutView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::ResumeRollout).await?;
    let id = named(&app, &id).await?.id;
    let who = person.email.as_str();
    change(&app, id, |before, now| pause::resume(before, who, now)).await?;
    tracing::info!(rollout = %id, by = who, "rollout resumed");
    Ok(Json(rollouts::view(&app, id).await?))
}

/// Changes the rollout's newest state: a brake must not fail because something else was faster. Offers that were decided before can't be
/// promised any more.
async fn change(
    app: &App,
    id: RolloutId,
    decide: impl Fn(&Rollout, Timestamp) -> Result<Rollout, PauseRefused>,
) -> Result<(), Refused> {
    for _ in 0..TRIES_MAX {
        let before = named(app, &id.to_string()).await?;
        let now = app.now();
        let next = decide(&before, now)?;
        match advance_rollouts::save_word(app, &before, &next, now).await {
            Err(StoreError::Conflict { .. }) => {}
            saved => return Ok(saved?),
        }
    }
    Err(Refused::busy())
}
