//! The order of a device with another update client: seen, and given up.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use mainstay_access::Permission;
use mainstay_api::{NewestOrder, OrderView, OrderWord, QuitOrderRequest, QuitOrderView};
use mainstay_fleet::{Device, DeviceId};
use mainstay_rollout::Ending;
use mainstay_rollout::order::log::LogEntry;
use mainstay_rollout::order::{Order, OrderState, close};
use mainstay_store::StoreError;

use super::devices;
use super::rollouts::{TRIES_MAX, reason};
use crate::named::Named;
use crate::offers::{self, Considered};
use crate::problem::Refused;
use crate::{App, authenticate, body, pages};

/// `GET /devices/{id}/order`: the newest one, and what was said of it last.
pub(super) async fn newest(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
) -> Result<Json<NewestOrder>, Refused> {
    authenticate::caller(&app, &headers, Permission::Read).await?;
    let device = devices::named(&app, &id).await?;
    let Some(order) = app.store.recent_orders(&device.id, 1).await?.pop() else {
        return Ok(Json(NewestOrder { order: None }));
    };
    let log = pages::log_of(&app, &device.id, &order).await?;
    let log = log.into_iter().map(|entry| OrderWord {
        at: entry.at,
        word: entry.word,
        details: entry.details,
    });
    let order = OrderView {
        order: order.number.get(),
        version: app.version_of(&order.offer.release).await?,
        opened_at: order.opened_at,
        sentence: pages::told(&app, &order).await?,
        log: log.collect(),
    };
    Ok(Json(NewestOrder { order: Some(order) }))
}

/// `POST /devices/{id}/order/quit`: nobody waits for this client any more. What comes next has another number.
pub(super) async fn quit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Named(id): Named,
    request: Body,
) -> Result<Json<QuitOrderView>, Refused> {
    let caller = authenticate::caller(&app, &headers, Permission::QuitOrder).await?;
    let QuitOrderRequest { why } = body::json(&headers, request).await?;
    let cure = "Say in a sentence why nobody waits for its client.";
    let why = reason(&why, "Giving up an order", cure)?;
    let device = devices::named(&app, &id).await?;
    check_unfinished(&app, &device).await?;
    let order = give_up(&app, &device.id, caller.email.as_str(), why).await?;
    tracing::warn!(device = %device.id, order = %order.number, by = %caller.email, why, "order given up");
    Ok(Json(QuitOrderView {
        order: order.number.get(),
        version: app.version_of(&order.offer.release).await?,
        device: device.id,
    }))
}

/// An installed order whose offer stands isn't given up: the device would be told at once to install the same again.
async fn check_unfinished(app: &App, device: &Device) -> Result<(), Refused> {
    let open = app.store.open_order(&device.id).await?;
    let Some(order) = open.filter(|order| matches!(order.state, OrderState::Installed { .. }))
    else {
        return Ok(());
    };
    let considered = offers::consider(app, device, app.now()).await?;
    let stands = |one: &Considered| match &one.offer {
        Ok((offer, _)) => order.promises(one.rollout.id, offer),
        Err(_) => false,
    };
    match considered.iter().any(stands) {
        true => Err(installed(
            &order,
            &app.version_of(&order.offer.release).await?,
        )),
        false => Ok(()),
    }
}

fn installed(order: &Order, version: &str) -> Refused {
    Refused::conflict(
        "order.installed",
        format_args!(
            "By its client's word the device has installed {version} by order {}; without that it would be told to install it again.",
            order.number
        ),
        "Let the device name its version in the attribute that the plan says, once it has restarted; or halt the rollout first.",
    )
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
