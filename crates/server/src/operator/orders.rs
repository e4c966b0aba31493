//! Giving up the order of a device with another update client.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use mainstay_access::Permission;
use mainstay_api::{QuitOrderRequest, QuitOrderView};
use mainstay_fleet::DeviceId;
use mainstay_rollout::Ending;
use mainstay_rollout::order::log::LogEntry;
use mainstay_rollout::order::{Order, close};
use mainstay_store::StoreError;

use super::devices;
use super::rollouts::{TRIES_MAX, reason};
use crate::problem::Refused;
use crate::{App, authenticate, body, pages};

/// `POST /devices/{id}/order/quit`: nobody waits for this client any more. What comes next has another number.
pub(super) async fn quit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    request: Body,
) -> Result<Json<QuitOrderView>, Refused> {
    let caller = authenticate::caller(&app, &headers, Permission::QuitOrder).await?;
    let QuitOrderRequest { why } = body::json(&headers, request).await?;
    let cure = "Say in a sentence why nobody waits for its client.";
    let why = reason(&why, "Giving up an order", cure)?;
    let device = devices::named(&app, &id).await?;
    let order = give_up(&app, &device.id, caller.email.as_str(), why).await?;
    tracing::warn!(device = %device.id, order = %order.number, by = %caller.email, why, "order given up");
    Ok(Json(QuitOrderView {
        order: order.number.get(),
        version: pages::version(&app, &order).await?,
        device: device.id,
    }))
}

/// The order that was given up, on its newest state; who did it and why stands in its log.
async fn give_up(app: &App, device: &DeviceId, who: &str, why: &str) -> Result<Order, Refused> {
    for _ in 0..TRIES_MAX {
        let open = app.store.open_order(device).await?;
        let order = open.ok_or_else(|| Refused::not_found("open order of the device", device))?;
        let now = app.now();
        let entry = LogEntry::new(now, &format!("given up by {who}"), [why]);
        let over = close(order.clone(), Ending::GivenUp, now);
        match app
            .store
            .save_order(device, &order, &over, Some(&entry))
            .await
        {
            Err(StoreError::Conflict { .. }) => {}
            saved => {
                saved?;
                return Ok(over);
            }
        }
    }
    Err(Refused::busy())
}
