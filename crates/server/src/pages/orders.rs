//! What became of the orders of devices with other update clients, in words. Read [`told`].

use mainstay_fleet::DeviceId;
use mainstay_rollout::order::Order;
use mainstay_store::StoreError;

use super::fill;
use crate::App;

/// What became of a device's newest order; none if it never had one.
///
/// # Errors
/// If the store fails.
pub(super) async fn newest(app: &App, device: &DeviceId) -> Result<Option<String>, StoreError> {
    match app.store.recent_orders(device, 1).await?.pop() {
        Some(order) => Ok(Some(told(app, &order).await?)),
        None => Ok(None),
    }
}

/// What became of an order.
///
/// # Errors
/// If the store fails.
pub(crate) async fn told(app: &App, order: &Order) -> Result<String, StoreError> {
    let version = app.version_of(&order.offer.release).await?;
    Ok(fill::order_words(order, &version))
}
