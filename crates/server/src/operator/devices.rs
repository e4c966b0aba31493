//! Registering devices, declaring them anew, and looking at them. What may be declared: `declared.rs`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use mainstay_access::Permission;
use mainstay_api::device::CHILDREN_SHOWN_MAX;
use mainstay_api::{DeviceChange, DevicePage, DeviceToken, DeviceTokens, DeviceView, NewDevices};
use mainstay_fleet::{self as fleet, Device, DeviceId, changes};
use mainstay_plan::Plan;
use mainstay_plan::limits::COHORT_CHARS_MAX;
use mainstay_rollout::cohort;
use mainstay_store::{Import, Registration, StoreError};
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
    let behind = devices.iter().filter_map(|one| {
        let gateway = one.gateway.clone()?;
        Some((one.device.id.clone(), Some(gateway)))
    });
    let behind: Vec<_> = behind.collect();
    let (new, shown): (Vec<_>, Vec<_>) = devices.into_iter().map(|one| row(&app, one)).unzip();
    let (count, by) = (new.len(), &person.email);
    save_new(&app, new, behind).await?;
    tracing::info!(%by, devices = count, "devices registered");
    let devices = shown.into_iter().flatten().collect();
    Ok((StatusCode::CREATED, Json(DeviceTokens { devices })))
}

/// Registers devices, those that stand behind gateways in the same transaction as these.
async fn save_new(
    app: &App,
    new: Vec<Registration>,
    behind: Vec<(DeviceId, Option<DeviceId>)>,
) -> Result<(), StoreError> {
    if behind.is_empty() {
        return app.store.register_many(&new).await;
    }
    let import = Import {
        new,
        behind,
        ..Import::default()
    };
    app.store.import(&import, app.now()).await
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
) -> Result<Json<DeviceView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let mut change: DeviceChange = body::json(&headers, request).await?;
    let before = named(&app, &id).await?;
    let plan = app.active_plan().await?;
    let is_behind = app.store.gateway_of(&before.id).await?;
    let by = &person.email;
    match change
        .gateway
        .take()
        .filter(|gateway| *gateway != is_behind)
    {
        None => {
            let after = declared::anew(&before, change, &plan.plan)?;
            app.store.restate(&before, &after, app.now()).await?;
        }
        Some(gateway) => {
            let after = declared::changed(&before, change, &plan.plan);
            let after = after.map_err(|unfit| unfit.refused(&before.id, "changed"))?;
            move_behind(&app, &before, after, gateway.as_ref()).await?;
            let gateway = gateway.as_ref().map_or("none", DeviceId::as_str);
            tracing::warn!(%by, device = %before.id, gateway, "device stands behind another gateway");
        }
    }
    tracing::info!(%by, device = %before.id, "device declared anew");
    Ok(Json(view(&app, &id).await?))
}

/// Puts a device behind a gateway, or behind none, and declares it anew in the same transaction.
async fn move_behind(
    app: &App,
    before: &Device,
    after: Device,
    gateway: Option<&DeviceId>,
) -> Result<(), StoreError> {
    let differs = !changes(before, &after).is_empty();
    let anew = differs.then(|| (before.clone(), after));
    let import = Import {
        anew: anew.into_iter().collect(),
        behind: vec![(before.id.clone(), gateway.cloned())],
        ..Import::default()
    };
    app.store.import(&import, app.now()).await
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
) -> Result<Json<DeviceView>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    Ok(Json(view(&app, &id).await?))
}

/// The registered device of this name, with what it has to do with gateways.
///
/// # Errors
/// `request.not-found` when there is none.
pub(crate) async fn view(app: &App, id: &str) -> Result<DeviceView, Refused> {
    let mut device = named(app, id).await?;
    app.contacts.freshen([&mut device]);
    let (gateway, children) = tokio::try_join!(
        app.store.gateway_of(&device.id),
        app.store.children_of(&device.id, CHILDREN_SHOWN_MAX),
    )?;
    Ok(DeviceView {
        device,
        gateway,
        children: children.first,
        children_in_all: children.all,
    })
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
