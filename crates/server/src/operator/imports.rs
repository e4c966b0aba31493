//! Devices that come from elsewhere, many at once. What becomes of each: `imported.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use mainstay_access::Permission;
use mainstay_api::import::IMPORT_DEVICES_MAX;
use mainstay_api::{Import, ImportView, ImportedDevice};
use mainstay_fleet::DeviceId;
use mainstay_store::{Devices, StoreError};

use super::imported::{Judged, Known, Terms, Wanted};
use super::put_behind::Around;
use super::rollouts::reason;
use crate::problem::Refused;
use crate::{App, authenticate, body};

/// `POST /imports`: registers what is new, declares anew what is to be, leaves what is so already; all of it or nothing.
pub(super) async fn import(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<ImportView>, Refused> {
    let person = authenticate::person(&app, &headers, Permission::RegisterDevices).await?;
    let wanted: Import = body::json(&headers, request).await?;
    check_count(&wanted)?;
    let why = wanted.why.as_deref().map(known_by).transpose()?;
    let (plan, now) = (app.active_plan().await?, app.now());
    let terms = Terms {
        plan: &plan.plan,
        now,
        dry_run: wanted.dry_run,
    };
    let come = come(&wanted);
    let judged = judged(&app, wanted.devices, &come, &terms).await?;
    if !wanted.dry_run {
        judged.check(wanted.anew)?;
        let clients = &judged.import.clients;
        let why = match clients.is_empty() {
            true => "",
            false => known_by(why.unwrap_or_default())?,
        };
        if !judged.is_nothing() {
            app.store.import(&judged.import, now).await?;
        }
        let (new, anew) = (judged.import.new.len(), judged.import.anew.len());
        let (said, behind) = (clients.len(), judged.import.behind.len());
        tracing::info!(by = %person.email, new, anew, clients = said, behind, why, "devices imported");
        for (device, client) in clients {
            let client = client.id();
            tracing::info!(%device, client, by = %person.email, why, "device's client chosen");
        }
    }
    Ok(Json(ImportView {
        done: !wanted.dry_run,
        devices: judged.views,
    }))
}

/// How people know which clients devices run, as they must say it of a single device.
fn known_by(why: &str) -> Result<&str, Refused> {
    let cure = "Say in a sentence, as `why`, how you know which clients they are.";
    reason(why, "Saying which clients devices run", cure)
}

fn check_count(wanted: &Import) -> Result<(), Refused> {
    match wanted.devices.len().max(wanted.come_before.len()) {
        0..=IMPORT_DEVICES_MAX => Ok(()),
        many => Err(Refused::bad(
            "devices.too-many",
            format_args!("{many} devices in one request."),
            format_args!("Import at most {IMPORT_DEVICES_MAX} at once."),
        )),
    }
}

/// Who is registered by the time that the gateways of these devices are asked for, whoever is so now: all that come along, since they are registered first; and,
/// where it is only asked what would be, those that are said to come before.
fn come(wanted: &Import) -> BTreeSet<DeviceId> {
    let along = wanted.devices.iter().map(|one| &one.device.id);
    let before = wanted.come_before.iter().filter(|_| wanted.dry_run);
    along.chain(before).cloned().collect()
}

/// Looks each device up and judges it.
async fn judged(
    app: &App,
    devices: Vec<ImportedDevice>,
    come: &BTreeSet<DeviceId>,
    terms: &Terms<'_>,
) -> Result<Judged, StoreError> {
    let mut judged = Judged::default();
    for one in devices {
        match Wanted::new(one) {
            Ok(wanted) => {
                let known = known(app, &wanted, come).await?;
                judged.add(wanted, known, terms);
            }
            Err((id, unfit)) => judged.refuse(id, unfit),
        }
    }
    Ok(judged)
}

/// What is known that it has to do with. Whatever of this changes before it is saved lets the store refuse to, but for which
/// client a device runs: of that the last word of people holds, as it does for a single device.
async fn known(app: &App, wanted: &Wanted, come: &BTreeSet<DeviceId>) -> Result<Known, StoreError> {
    let id = &wanted.device.id;
    let mut known = Known {
        device: app.store.device(id).await?,
        ..Known::default()
    };
    if known.device.is_some() {
        known.controller = app.store.controller(id).await?;
        known.gateway = app.store.gateway_of(id).await?;
    }
    if let Some(controller) = &wanted.device.controller {
        let found = app.store.by_controller(controller).await?;
        known.of_controller = found.map(|found| found.device.id);
    }
    if let Some(gateway) = &wanted.device.gateway {
        known.around = Around {
            gateway_is_there: come.contains(gateway) || app.store.device(gateway).await?.is_some(),
            gateway_stands_behind: app.store.gateway_of(gateway).await?.is_some(),
            children: app.store.children_of(id, 1).await?.all,
        };
    }
    if let Some(hash) = &wanted.token_hash {
        let found = Devices::by_token_hash(&*app.store, hash).await?;
        known.of_token = found.map(|found| found.id);
    }
    Ok(known)
}
