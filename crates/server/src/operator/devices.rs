//! Registering devices, declaring them anew, and looking at them. What may be declared: `declared.rs`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::Permission;
use mainstay_api::{DeviceChange, DevicePage, DeviceToken, DeviceTokens, NewDevices};
use mainstay_fleet::{self as fleet, Device, DeviceId};
use mainstay_plan::Plan;
use mainstay_plan::limits::COHORT_CHARS_MAX;
use mainstay_rollout::cohort;
use mainstay_store::Registration;
use serde::Deserialize;

use super::declared;
use super::device_pages::{Among, PageAsked, page};
use crate::named::Named;
use crate::problem::Refused;
use crate::token::Token;
use crate::{App, authenticate, body};

/// `POST /devices`: registers all of the devices or none; each token is shown this once.
pub(super) async fn register(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<DeviceTokens>), Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let wanted: NewDevices = body::json(&headers, request).await?;
    let plan = app.active_plan().await?;
    let devices = declared::new(wanted, &plan.plan, app.now())?;
    let (rows, shown): (Vec<_>, Vec<_>) = devices.into_iter().map(|one| row(&app, one)).unzip();
    app.store.register_many(&rows).await?;
    tracing::info!(by = %person.email, devices = rows.len(), "devices registered");
    let devices = shown.into_iter().flatten().collect();
    Ok((StatusCode::CREATED, Json(DeviceTokens { devices })))
}

/// A device as it is registered, and its token as it is shown if it was drawn.
fn row(app: &App, new: declared::Declared) -> (Registration, Option<DeviceToken>) {
    let (token_hash, shown) = match new.token_hash {
        Some(given) => (given, None),
        None => {
            let (id, token) = (new.device.id.clone(), Token::draw(&*app.entropy));
            let (hash, token) = (token.hash(), token.reveal());
            (hash, Some(DeviceToken { id, token }))
        }
    };
    let registration = Registration {
        device: new.device,
        token_hash,
        controller: new.controller,
    };
    (registration, shown)
}

/// `PATCH /devices/{id}`: declares a device anew; what isn't named stays.
pub(super) async fn restate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<Device>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let change: DeviceChange = body::json(&headers, request).await?;
    let before = named(&app, &id).await?;
    let plan = app.active_plan().await?;
    let after = declared::anew(&before, change, &plan.plan)?;
    app.store.restate(&before, &after, app.now()).await?;
    tracing::info!(by = %person.email, device = %after.id, "device declared anew");
    Ok(Json(named(&app, &id).await?))
}

/// Which devices to list; all that is said must hold of each.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// A query.
    query: Option<String>,
    /// The name of a cohort of the plan in force.
    cohort: Option<String>,
    /// The name that the page before ended with.
    after: Option<String>,
    /// How many at most.
    limit: Option<u32>,
}

/// `GET /devices?query=...&cohort=...&after=...&limit=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<DevicePage>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let Query(which) = which.map_err(|_| not_a_choice())?;
    let from = PageAsked::read(which.after.as_deref(), which.limit)?;
    let queries = queries(&app, which).await?;
    app.flush_last_seen().await;
    Ok(Json(page(&app, from, Among::Meant(&queries)).await?))
}

async fn queries(app: &App, which: Which) -> Result<Vec<fleet::Query>, Refused> {
    let mut queries = Vec::new();
    if let Some(text) = which.query {
        queries.push(fleet::Query::parse(&text)?);
    }
    if let Some(name) = which.cohort {
        let plan = app.active_plan().await?;
        let cohort = plan.plan.cohort(&name);
        let cohort = cohort.ok_or_else(|| no_cohort(&name, &plan.plan))?;
        queries.push(cohort::query(cohort)?);
    }
    Ok(queries)
}

fn not_a_choice() -> Refused {
    let cause = "The list of devices is asked for in words that mean nothing here.";
    Refused::bad(
        "devices.choice",
        cause,
        "Ask with `query`, `cohort`, `after` and `limit`, or some of them.",
    )
}

fn no_cohort(name: &str, plan: &Plan) -> Refused {
    let shown: String = name.chars().take(COHORT_CHARS_MAX).collect();
    let known: Vec<_> = plan.cohorts.iter().map(|c| c.name.as_str()).collect();
    let cure = match known.as_slice() {
        [] => "It has none: add [cohort.NAME] to it.".to_owned(),
        known => format!("Name one of: {}.", known.join(", ")),
    };
    let cause = format_args!("The plan in force has no cohort {shown:?}.").to_string();
    Refused::new(StatusCode::NOT_FOUND, "devices.cohort", cause, cure)
}

/// `GET /devices/{id}`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<Device>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    app.flush_last_seen().await;
    Ok(Json(named(&app, &id).await?))
}

/// The registered device of this name.
///
/// # Errors
/// `request.not-found` when there is none.
pub(crate) async fn named(app: &App, id: &str) -> Result<Device, Refused> {
    let device = match DeviceId::new(id) {
        Ok(id) => app.store.device(&id).await?,
        Err(_) => None,
    };
    device.ok_or_else(|| Refused::not_found("device", id))
}
