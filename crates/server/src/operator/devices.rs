//! Registering devices, and looking at them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use mainstay_access::Permission;
use mainstay_api::device::NEW_DEVICES_MAX;
use mainstay_api::{DeviceToken, DeviceTokens, NewDevice, NewDevices};
use mainstay_fleet::attribute::ATTRIBUTES_MAX;
use mainstay_fleet::device::SITE;
use mainstay_fleet::{self as fleet, AttributeName, Device, DeviceId, Zone};
use mainstay_plan::limits::COHORT_CHARS_MAX;
use mainstay_plan::{ClassId, Plan};
use mainstay_rollout::cohort;
use serde::Deserialize;

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
    let devices = checked(wanted, &plan.plan, app.now())?;
    let tokens: Vec<Token> = devices.iter().map(|_| Token::draw(&*app.entropy)).collect();
    let rows: Vec<_> = devices
        .iter()
        .cloned()
        .zip(tokens.iter().map(Token::hash))
        .collect();
    app.store.register_many(&rows).await?;
    tracing::info!(by = %person.email, devices = rows.len(), "devices registered");
    let shown = devices.into_iter().zip(tokens);
    let shown = shown.map(|(device, token)| DeviceToken {
        id: device.id,
        token: token.reveal(),
    });
    Ok((
        StatusCode::CREATED,
        Json(DeviceTokens {
            devices: shown.collect(),
        }),
    ))
}

/// Which devices to list; all that is said must hold of each.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// A query.
    query: Option<String>,
    /// The name of a cohort of the plan in force.
    cohort: Option<String>,
}

/// `GET /devices?query=...&cohort=...`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Vec<Device>>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
    let Query(which) = which.map_err(|_| not_a_choice())?;
    let queries = queries(&app, which).await?;
    app.flush_last_seen().await;
    let (mut devices, now) = (app.store.devices(None).await?, app.now());
    devices.retain(|device| queries.iter().all(|query| query.matches(device, now)));
    Ok(Json(devices))
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
        "Ask with `query`, `cohort`, or neither.",
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
    Path(id): Path<String>,
) -> Result<Json<Device>, Refused> {
    authenticate::person(&app, &headers, Permission::Read).await?;
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

fn checked(wanted: NewDevices, plan: &Plan, now: Timestamp) -> Result<Vec<Device>, Refused> {
    if wanted.devices.len() > NEW_DEVICES_MAX {
        return Err(Refused::bad(
            "devices.too-many",
            format_args!("{} devices in one request.", wanted.devices.len()),
            format_args!("Register at most {NEW_DEVICES_MAX} at once."),
        ));
    }
    wanted
        .devices
        .into_iter()
        .map(|device| checked_one(device, plan, now))
        .collect()
}

fn checked_one(new: NewDevice, plan: &Plan, now: Timestamp) -> Result<Device, Refused> {
    let class = ClassId::new(&new.class).ok().and_then(|id| plan.class(&id));
    let class = class.ok_or_else(|| {
        unfit(
            "devices.class",
            &new,
            "its class isn't in the active plan",
            "Name a class of the plan.",
        )
    })?;
    if !class.hardware.contains(&new.hardware) {
        let cure = "Name a hardware revision that the plan lists for the class.";
        return Err(unfit(
            "devices.hardware",
            &new,
            "its class has no such hardware revision",
            cure,
        ));
    }
    let zone = Zone::parse(&new.zone).map_err(|e| unfit(e.id(), &new, &e.to_string(), e.cure()))?;
    if new.bootloader.parse::<semver::Version>().is_err() {
        let cure = "Write it as three numbers, such as 1.4.0.";
        return Err(unfit(
            "devices.bootloader",
            &new,
            "its boot loader's version can't be read",
            cure,
        ));
    }
    let attributes = attributes(&new)?;
    Ok(Device {
        id: new.id,
        class: new.class,
        hardware: new.hardware,
        zone: zone.name().to_owned(),
        bootloader: new.bootloader,
        registered_at: now,
        last_seen: None,
        running: None,
        attributes,
    })
}

/// What else is declared of a device; its site is one of these.
fn attributes(new: &NewDevice) -> Result<BTreeMap<String, String>, Refused> {
    if new.attributes.len() >= ATTRIBUTES_MAX {
        let because = format!("it may have at most {} attributes", ATTRIBUTES_MAX - 1);
        return Err(unfit("fleet.attribute", new, &because, "Declare fewer."));
    }
    if new.attributes.contains_key(SITE) {
        let cure = "Name the site as `site`, beside the attributes.";
        return Err(unfit(
            "fleet.attribute",
            new,
            "a site isn't an attribute",
            cure,
        ));
    }
    let site = new.site.iter();
    let mut all: BTreeMap<_, _> = site
        .map(|site| (SITE.to_owned(), site.as_str().to_owned()))
        .collect();
    for (name, value) in &new.attributes {
        let checked = AttributeName::new(name).and_then(|name| name.value(value));
        let value = checked.map_err(|e| unfit(e.id(), new, &e.to_string(), e.cure()))?;
        all.insert(name.clone(), value);
    }
    Ok(all)
}

fn unfit(id: &str, device: &NewDevice, because: &str, cure: &str) -> Refused {
    let cause =
        format_args!("The device {} can't be registered: {because}.", device.id).to_string();
    Refused::new(StatusCode::UNPROCESSABLE_ENTITY, id, cause, cure)
}
