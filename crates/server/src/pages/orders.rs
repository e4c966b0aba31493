//! What became of the orders of devices with other update clients, in words. Read [`told`].

use mainstay_api::ORDER_LOG_SHOWN;
use mainstay_fleet::DeviceId;
use mainstay_report::TimelineEntry;
use mainstay_rollout::order::Order;
use mainstay_rollout::order::log::LogEntry;
use mainstay_store::StoreError;

use super::fill;
use crate::App;

/// What became of a device's newest order, with what was said of it last; none if it never had one.
///
/// # Errors
/// If the store fails.
pub(super) async fn newest(
    app: &App,
    device: &DeviceId,
) -> Result<(Option<String>, Vec<TimelineEntry>), StoreError> {
    let Some(order) = app.store.recent_orders(device, 1).await?.pop() else {
        return Ok((None, Vec::new()));
    };
    let log = log_of(app, device, &order).await?;
    let log = log.into_iter().map(fill::order_word).collect();
    Ok((Some(told(app, &order).await?), log))
}

/// What was said of an order last, newest first.
///
/// # Errors
/// If the store fails.
pub(crate) async fn log_of(
    app: &App,
    device: &DeviceId,
    order: &Order,
) -> Result<Vec<LogEntry>, StoreError> {
    app.store
        .order_log(device, order.number, ORDER_LOG_SHOWN)
        .await
}

/// What became of an order.
///
/// # Errors
/// If the store fails.
pub(crate) async fn told(app: &App, order: &Order) -> Result<String, StoreError> {
    let version = app.version_of(&order.offer.release).await?;
    Ok(fill::order_words(order, &version))
}
