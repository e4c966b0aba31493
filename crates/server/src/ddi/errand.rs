//! What a device is to do now: its open order judged anew, or a new one.
//!
//! Whether a device gets something is decided by the rollout crate, the same as for any other ([`crate::offers`]). What is
//! settled here is made durable before the device hears of it. Read [`of`].

use jiff::Timestamp;
use mainstay_rollout::order::{Next, Order, OrderState, cancel, close, review};
use mainstay_rollout::{Ending, Offer, Wait};
use mainstay_store::StoreError;

use super::login::Client;
use super::taken;
use crate::App;
use crate::offers::{self, Asks, Considered, Decision};
use crate::problem::Refused;

/// What a device is to do.
#[derive(Debug)]
pub(super) enum Errand {
    /// Nothing.
    Nothing {
        /// When its turn comes, as far as that is known.
        turn: Option<Timestamp>,
    },
    /// Install what this order is about.
    Deployment(Order),
    /// Leave this order.
    Cancel(Order),
}

/// What there is to do; it may be a new promise.
///
/// # Errors
/// If the store fails.
pub(super) async fn of(app: &App, client: &Client) -> Result<Errand, Refused> {
    taken::introduce(app, client).await?;
    if let Some(errand) = standing(app, client).await? {
        return Ok(errand);
    }
    match offers::decide(app, &client.device, Asks::ByNumber, client.now).await? {
        Decision::Install {
            order: Some(number),
            ..
        } => {
            let order = app.store.order(&client.device.id, number).await?;
            let order = order.filter(|order| !matches!(order.state, OrderState::Installed { .. }));
            Ok(order.map_or(Errand::Nothing { turn: None }, Errand::Deployment))
        }
        Decision::Install { order: None, .. } => Ok(Errand::Nothing { turn: None }),
        Decision::Nothing { turn } => Ok(Errand::Nothing { turn }),
    }
}

/// What has become of the device's open order by now; none if it has none, or has none any more.
///
/// # Errors
/// If the store fails.
pub(super) async fn standing(app: &App, client: &Client) -> Result<Option<Errand>, Refused> {
    let Some(order) = app.store.open_order(&client.device.id).await? else {
        return Ok(None);
    };
    if taken::at_its_word(app, client, &order).await? {
        return Ok(None);
    }
    match settled(app, client, order).await {
        // Its client, or another server, was faster; the next poll sees what came of it.
        Err(StoreError::Conflict { .. }) => Ok(Some(Errand::Nothing { turn: None })),
        settled => Ok(settled?),
    }
}

async fn settled(app: &App, client: &Client, order: Order) -> Result<Option<Errand>, StoreError> {
    let considered = offers::consider(app, &client.device, client.now).await?;
    let own = considered
        .into_iter()
        .find(|one| one.rollout.id == order.rollout);
    let next = match &own {
        Some(one) => review(&order, &one.rollout, &decided(one, client)),
        // Too many rollouts have come since.
        None => Next::Close {
            how: Ending::Withdrawn,
        },
    };
    Ok(match next {
        Next::Show => Some(Errand::Deployment(order)),
        Next::HoldBack => {
            let turn = own.and_then(|one| offers::turn(app, &one, client.now));
            Some(Errand::Nothing { turn })
        }
        Next::Cancel { why } => Some(Errand::Cancel(cancelled(app, client, order, why).await?)),
        Next::Close { how } => {
            let over = close(order.clone(), how, client.now);
            app.store
                .save_order(&client.device.id, &order, &over, None)
                .await?;
            None
        }
    })
}

/// What the rollout has for the device now.
fn decided(one: &Considered, client: &Client) -> Result<Offer, Wait> {
    match &one.offer {
        Ok((offer, _)) if offers::is_offered(one, &client.device) => Ok(*offer),
        // It has gone further since, through a later rollout.
        Ok(_) => Err(Wait::Complete),
        Err(wait) => Err(wait.clone()),
    }
}

/// That a client is asked to leave an order is durable before it is asked.
async fn cancelled(
    app: &App,
    client: &Client,
    order: Order,
    why: Wait,
) -> Result<Order, StoreError> {
    let asked = match order.state {
        OrderState::Cancelling { .. } => order.clone(),
        _ => cancel(order.clone(), why, client.now),
    };
    if asked != order {
        app.store
            .save_order(&client.device.id, &order, &asked, None)
            .await?;
    }
    Ok(asked)
}
