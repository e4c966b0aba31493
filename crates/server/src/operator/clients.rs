//! Why a device with another update client stands where it stands: what its order and its attributes add to what the rollouts say. Read [`told`].

use jiff::Timestamp;
use mainstay_fleet::Device;
use mainstay_rollout::order::{FETCHES_MAX, Order, OrderState};
use mainstay_store::{Controller, StoreError};

use super::why::{Told, words};
use crate::offers::Considered;
use crate::{App, ddi, pages};

/// What the rollouts have for the device, less what its client isn't to be told.
///
/// # Errors
/// If the store fails.
pub(super) async fn narrowed(
    app: &App,
    device: &Device,
    controller: &Controller,
    considered: Vec<Considered>,
    now: Timestamp,
) -> Result<Vec<Considered>, StoreError> {
    let rules = ddi::rules(app, device).await?;
    let listener = ddi::Listener {
        device,
        controller,
        profile: ddi::spoken_to(controller.client, &rules).profile,
    };
    ddi::narrowed(app, listener, considered, now).await
}

/// What the rollouts say, and after it what they know nothing of: an order that its client has read, and attributes that can't be read. If there is an
/// offer, as `has_offer` says, what its client makes of the order is told instead: it is more than that the device is offered something.
///
/// # Errors
/// If the store fails.
pub(super) async fn told(
    app: &App,
    device: &Device,
    has_offer: bool,
    by_rollouts: Told,
) -> Result<Told, StoreError> {
    let (mut sentence, mut next) = by_rollouts;
    let open = app.store.open_order(&device.id).await?;
    if let Some(order) = open.filter(|order| order.state != OrderState::Offered) {
        let about = match has_offer {
            true => words(device).to_string(),
            false => format!("{sentence} It"),
        };
        sentence = format!("{about} has order {}.", pages::told(app, &order).await?);
        next = cure(&order).map(str::to_owned).or(next);
    }
    if let Some(garbled) = app.unread.of(&device.id) {
        sentence = format!("{sentence} {garbled}");
        next = Some(
            "mend the `identify` section of its client's configuration: no quotes in a value"
                .to_owned(),
        );
    }
    Ok((sentence, next))
}

/// What a person can do about an order that its client has read.
fn cure(order: &Order) -> Option<&'static str> {
    match order.state {
        OrderState::Installed { .. } => Some(
            "let the device name its version in the attribute that the plan says, once it has restarted",
        ),
        OrderState::Cancelling { .. } => {
            Some("if its client never answers, give the order up: `mainstay device quit-order ID`")
        }
        _ if order.seen.fetches >= FETCHES_MAX => Some(
            "see in its log why its client never says how the installation ended; then let it try again: `mainstay device quit-order ID`",
        ),
        _ if order.seen.keeps_on => Some(
            "its client refused to leave it; if it never ends, give the order up: `mainstay device quit-order ID`",
        ),
        _ => None,
    }
}
