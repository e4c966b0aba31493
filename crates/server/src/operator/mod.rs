//! What people and their tools call, below `/api/v1`. Types and the table of routes are in
//! `mainstay-api`.
//!
//! Each handler reads as one sentence: who calls and may they, what is there, ask the domain, save
//! in one transaction. One file a noun.

mod clients;
mod declared;
pub(crate) mod devices;
mod health;
mod holds;
mod incident_plans;
mod incident_views;
mod incidents;
pub(crate) mod levels;
mod orders;
mod patience;
mod pauses;
pub(crate) mod plan;
mod previews;
mod profiles;
mod releases;
mod revocations;
pub(crate) mod rollouts;
mod roots;
mod schedules;
mod stones;
mod views;
pub(crate) mod why;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::App;

/// The routes of people's tools.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/health", get(health::health))
        .route("/plan", get(plan::active).put(plan::activate))
        .route("/devices", get(devices::list).post(devices::register))
        .route("/devices/{id}", get(devices::one).patch(devices::restate))
        .route("/devices/{id}/why", get(why::device))
        .route(
            "/devices/{id}/client",
            get(profiles::one).put(profiles::choose),
        )
        .route(
            "/devices/{id}/attributes/ask",
            post(profiles::ask_attributes),
        )
        .route("/devices/{id}/order", get(orders::newest))
        .route("/devices/{id}/order/quit", post(orders::quit))
        .route("/releases", get(releases::list).post(releases::submit))
        .route("/releases/{id}", get(releases::one))
        .route("/releases/{id}/why", get(why::release))
        .route("/releases/{id}/approval", post(releases::approve))
        .route("/releases/{id}/rollout", post(rollouts::start))
        .route("/releases/{id}/rollout/preview", get(previews::preview))
        .route("/releases/{id}/hold", post(holds::hold))
        .route("/releases/{id}/hold/release", post(holds::release))
        .route("/releases/{id}/devices", get(releases::devices))
        .route("/releases/{id}/schedules", post(schedules::publish))
        .route("/holds", get(holds::list))
        .route("/roots", get(roots::list).post(roots::publish))
        .route(
            "/revocations",
            get(revocations::newest).post(revocations::publish),
        )
        .route("/rollouts", get(rollouts::list))
        .route("/rollouts/{id}", get(rollouts::one))
        .route("/rollouts/{id}/why", get(why::rollout))
        .route("/rollouts/{id}/halt", post(rollouts::halt))
        .route("/rollouts/{id}/pause", post(pauses::pause))
        .route("/rollouts/{id}/resume", post(pauses::resume))
        .route("/rollouts/{id}/withdraw", post(rollouts::withdraw))
        .route("/rollouts/{id}/answer", post(rollouts::answer))
        .route("/service-levels", get(levels::figures))
        .route("/service-levels.csv", get(levels::csv))
        .route("/incidents", get(incidents::list))
        .route("/incidents/{id}", get(incidents::one))
        .route("/incidents/{id}/review", post(incidents::review))
        .route("/incidents/{id}/close", post(incidents::close))
        .route("/incidents/{id}/reopen", post(incidents::reopen))
}
