//! Which other update client a device runs, by the word of people, and what they have it asked for.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use mainstay_access::Permission;
use mainstay_api::{AttributesAsked, ClientChange, ClientView};
use mainstay_fleet::{ClientProfile, Device, DeviceClient};
use mainstay_store::{AskedBy, Controller, StoreError};

use super::devices;
use super::rollouts::reason;
use crate::named::Named;
use crate::problem::Refused;
use crate::{App, authenticate, body, ddi};

/// `GET /devices/{id}/client`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<ClientView>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let device = devices::named(&app, &id).await?;
    Ok(Json(match app.store.controller(&device.id).await? {
        Some(controller) => view(&app, &device, controller).await?,
        None => ClientView::of(
            None,
            DeviceClient::after(None, ClientProfile::Native),
            false,
        ),
    }))
}

/// `PUT /devices/{id}/client`: it stays so until people say otherwise, whatever its requests show.
pub(super) async fn choose(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<ClientView>, Refused> {
    let caller = authenticate::caller(&app, &headers, Permission::RegisterDevices).await?;
    let ClientChange { profile, why } = body::json(&headers, request).await?;
    let cure = "Say in a sentence how you know which client it is.";
    let why = reason(&why, "Saying which client a device runs", cure)?;
    let (device, _) = other(&app, &id).await?;
    if profile.is_some_and(|profile| !profile.speaks_hawkbit()) {
        return Err(not_that(&device));
    }
    app.store.choose_profile(&device.id, profile).await?;
    let client = profile.map_or("whatever its requests show", ClientProfile::id);
    tracing::info!(device = %device.id, client, by = %caller.email, why, "device's client chosen");
    let (device, controller) = other(&app, &id).await?;
    Ok(Json(view(&app, &device, controller).await?))
}

/// `POST /devices/{id}/attributes/ask`: its client is asked at its next poll, and at each one until it has answered.
pub(super) async fn ask_attributes(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<AttributesAsked>, Refused> {
    let caller = authenticate::caller(&app, &headers, Permission::AskAttributes).await?;
    let (device, controller) = other(&app, &id).await?;
    app.store
        .ask_attributes(&device.id, AskedBy::People)
        .await?;
    tracing::info!(device = %device.id, by = %caller.email, "device asked for its attributes");
    Ok(Json(AttributesAsked {
        device: device.id,
        controller: controller.id,
    }))
}

async fn view(
    app: &App,
    device: &Device,
    controller: Controller,
) -> Result<ClientView, StoreError> {
    let rules = ddi::rules(app, device).await?;
    let client = ddi::spoken_to(controller.client, &rules);
    Ok(ClientView::of(
        Some(controller.id),
        client,
        rules.checks_signature,
    ))
}

/// The device of this name, which has another update client than ours.
async fn other(app: &App, id: &str) -> Result<(Device, Controller), Refused> {
    let device = devices::named(app, id).await?;
    match app.store.controller(&device.id).await? {
        Some(controller) => Ok((device, controller)),
        None => Err(Refused::conflict(
            "devices.client",
            format_args!("{} asks over Mainstay's own protocol.", device.id),
            "Name a device that was registered with the name under which another client asks (`controller`).",
        )),
    }
}

fn not_that(device: &Device) -> Refused {
    Refused::bad(
        "devices.client",
        format_args!(
            "{} asks over hawkBit's interface, which Mainstay's own client doesn't.",
            device.id
        ),
        "Name the client that it runs; `generic` is right for any that isn't listed.",
    )
}
