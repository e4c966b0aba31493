//! The device list, and the page of one device.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use mainstay_api::DeviceView;
use mainstay_fleet::DeviceId;
use mainstay_report::{DeviceList, DevicePage};
use mainstay_store::StoreError;
use serde::Deserialize;

use super::clients::Clients;
use super::door::Visitor;
use super::orders;
use super::{fill, fleet, live};
use crate::App;
use crate::operator::devices::view;
use crate::operator::why;
use crate::problem::Refused;

/// A device's page shows so many entries: some twenty updates.
const TIMELINE_SHOWN: u32 = 100;

/// Which page of the list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    /// From 1.
    page: Option<String>,
}

/// `GET /devices?page=1`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    let asked = which.ok().and_then(|Query(which)| which.page?.parse().ok());
    let page = list_page(&app, &visitor, asked.unwrap_or(1)).await;
    super::answer(&app, page)
}

async fn list_page(app: &Arc<App>, visitor: &Visitor, page: u32) -> Result<String, Refused> {
    let live = live::now(app).await?;
    Ok(DeviceList {
        frame: super::live_frame(app, visitor, live).await?,
        table: fleet::table(app, page).await?,
    }
    .to_html()?)
}

/// `GET /devices/{id}`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let page = device_page(&app, &visitor, &id).await;
    super::answer(&app, page)
}

/// How many are named.
fn count(children: &[DeviceId]) -> u32 {
    u32::try_from(children.len()).unwrap_or(u32::MAX)
}

/// What a store's failure is to who looks at a page.
async fn refused<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, Refused> {
    Ok(asked.await?)
}

async fn device_page(app: &App, visitor: &Visitor, id: &str) -> Result<String, Refused> {
    let live = live::now(app).await?;
    let DeviceView {
        device,
        gateway,
        children,
        children_in_all,
    } = view(app, id).await?;
    // None of these waits for another one: on a machine that has much to do each turn that is waited for takes milliseconds.
    let (frame, why, clients, timeline, (order, order_log)) = tokio::try_join!(
        super::live_frame(app, visitor, live),
        why::of_device(app, &device, app.now()),
        refused(Clients::of_one(app, &device)),
        refused(app.store.timeline(&device.id, TIMELINE_SHOWN)),
        refused(orders::newest(app, &device.id)),
    )?;
    let vital = app.contacts.vital(&device.id);
    let running = device.running.as_ref();
    let page = DevicePage {
        frame,
        id: device.id.to_string(),
        class: device.class.clone(),
        hardware: device.hardware.clone(),
        zone: device.zone.clone(),
        bootloader: device.bootloader.clone(),
        client: clients.facts(&device),
        order,
        order_log,
        site: device.site().map(|site| site.to_string()),
        gateway: gateway.map(|gateway| gateway.to_string()),
        more_children: children_in_all.saturating_sub(count(&children)),
        children: children.iter().map(DeviceId::to_string).collect(),
        version: running.map(|running| running.version.clone()),
        verified: running.is_some_and(|running| running.verified),
        running_since: running.map(|running| running.since),
        last_seen: device.last_seen,
        why: why.sentence,
        next: why.next,
        slots: fill::slots(&device, vital.as_ref()),
        health: fill::health_figures(vital.as_ref()),
        timeline: timeline.into_iter().map(fill::timeline_entry).collect(),
    };
    Ok(page.to_html()?)
}
