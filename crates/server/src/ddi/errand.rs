//! What a device is to do now: its open order judged anew, or a new one.
//!
//! Whether a device gets something is decided by the rollout crate, the same as for any other ([`crate::offers`]); what a client mustn't or can't be told is left
//! out ([`super::offered`]). What is settled here is made durable before the device hears of it, and an order that is shown again is promised again, as it
//! is to any device that asks again: it may have lost its place meanwhile. Read [`of`].

use jiff::Timestamp;
use mainstay_rollout::order::{Next, Order, OrderState, cancel, close, review, waits_until};
use mainstay_rollout::{Ending, Offer, Wait};
use mainstay_store::{Promised, StoreError};

use super::login::Client;
use super::{offered, taken};
use crate::App;
use crate::offers::{self, Asks, Considered, DECISIONS_MAX};
use crate::problem::Refused;

/// An order that somebody else settles at the same time is read once more; after that the next poll sees what came of it.
const LOOKS_MAX: u32 = 2;

/// What a device is to do.
#[derive(Debug)]
pub(super) enum Errand {
    /// Nothing.
    Nothing {
        /// When its turn comes, as far as that is known.
        turn: Option<Timestamp>,
        /// Whether that stays so until then, unless people, a step or the device itself say otherwise.
        rests: bool,
    },
    /// Install what this order is about.
    Deployment(Order),
    /// Leave this order.
    Cancel(Order),
}

impl Errand {
    /// Nothing now; at the next poll it may be another thing.
    fn nothing_yet(turn: Option<Timestamp>) -> Self {
        let rests = false;
        Self::Nothing { turn, rests }
    }
}

/// What has become of the open order, if there was one.
enum Judged {
    /// There was none.
    NoOrder,
    /// There is none any more, or it gives way.
    Over,
    /// It stands, and this is to do.
    Stands(Errand),
}

/// What has become of an open order.
enum Settled {
    /// It stands, and this is to do.
    Stands(Errand),
    /// It is over, or gives way to what another rollout has.
    GivesWay,
    /// Its client, or another server, was faster.
    Overtaken,
}

/// What there is to do; it may be a new promise.
///
/// # Errors
/// If the store fails.
pub(super) async fn of(app: &App, client: &Client) -> Result<Errand, Refused> {
    let is_new = taken::introduce(app, client).await?;
    let had_order = match judged(app, client).await? {
        Judged::NoOrder => false,
        Judged::Over => true,
        Judged::Stands(errand) => return Ok(errand),
    };
    let mut turn = None;
    for _ in 0..DECISIONS_MAX {
        let considered = offered::consider(app, client).await?;
        turn = offers::soonest(app, &considered, client.now);
        // What was settled a moment ago may be more than is known here of the device.
        let rests = !is_new && !had_order && offers::rest(&considered);
        let Some(one) = offers::newest(considered, &client.device) else {
            return Ok(Errand::Nothing { turn, rests });
        };
        if let Some(order) = promised(app, client, &one).await? {
            let is_installed = matches!(order.state, OrderState::Installed { .. });
            return Ok(match is_installed {
                true => Errand::nothing_yet(None),
                false => Errand::Deployment(order),
            });
        }
    }
    Ok(Errand::nothing_yet(turn))
}

/// What has become of the device's open order by now; none if it has none, or has none any more.
///
/// # Errors
/// If the store fails.
pub(super) async fn standing(app: &App, client: &Client) -> Result<Option<Errand>, Refused> {
    Ok(match judged(app, client).await? {
        Judged::NoOrder | Judged::Over => None,
        Judged::Stands(errand) => Some(errand),
    })
}

async fn judged(app: &App, client: &Client) -> Result<Judged, Refused> {
    let mut had_order = false;
    for _ in 0..LOOKS_MAX {
        let Some(order) = app.store.open_order(&client.device.id).await? else {
            return Ok(if had_order {
                Judged::Over
            } else {
                Judged::NoOrder
            });
        };
        had_order = true;
        if taken::at_its_word(app, client, &order).await? {
            return Ok(Judged::Over);
        }
        match settled(app, client, order).await? {
            Settled::Stands(errand) => return Ok(Judged::Stands(errand)),
            Settled::GivesWay => return Ok(Judged::Over),
            Settled::Overtaken => {}
        }
    }
    Ok(Judged::Stands(Errand::nothing_yet(None)))
}

async fn settled(app: &App, client: &Client, order: Order) -> Result<Settled, Refused> {
    let considered = offered::consider(app, client).await?;
    let place = considered
        .iter()
        .position(|one| one.rollout.id == order.rollout);
    let Some((place, own)) = place.map(|place| (place, &considered[place])) else {
        // Too many rollouts have come since.
        return closed(app, client, order, Ending::Withdrawn).await;
    };
    let is_offered = |one: &Considered| offers::is_offered(one, &client.device);
    let has_newer = considered[..place].iter().any(is_offered);
    let has_other = has_newer || considered[place + 1..].iter().any(is_offered);
    let hides_other = has_other && !is_in_hand(&order);
    match next(&order, own, client) {
        Next::Close { how } => closed(app, client, order, how).await,
        _ if has_newer && gives_way(&order, own, client.now) => Ok(Settled::GivesWay),
        Next::Show => shown(app, client, order, own, hides_other).await,
        Next::HoldBack if hides_other => Ok(Settled::GivesWay),
        Next::HoldBack => {
            let turn = offers::turn(app, own, client.now);
            Ok(Settled::Stands(Errand::nothing_yet(turn)))
        }
        Next::Cancel { why } => cancelled(app, client, order, why).await,
    }
}

/// Whether its client has more of it than its number. What such an order waits for hides nothing else, least of all an older rollout's way back, which is
/// for safety and for any hour: a device of ours is told of that, too.
fn is_in_hand(order: &Order) -> bool {
    !matches!(
        order.state,
        OrderState::Offered | OrderState::Retrieved { .. }
    )
}

/// Whether an order makes way for what a newer rollout has: not while its client is in the middle of it, and not for ever then.
fn gives_way(order: &Order, own: &Considered, now: Timestamp) -> bool {
    waits_until(order, &own.rollout).is_none_or(|until| until <= now)
}

/// What becomes of it; a client that is to leave it, or refused to, and has said nothing for long is waited for no more.
fn next(order: &Order, own: &Considered, client: &Client) -> Next {
    let decided = decided(own, client);
    let next = review(order, &own.rollout, &decided);
    let is_late = waits_until(order, &own.rollout).is_some_and(|until| until <= client.now);
    // Nobody counts on it any more, and its client doesn't say what it makes of it.
    let is_over = matches!(decided, Err(Wait::Complete | Wait::GaveUp { .. }));
    if is_over && is_late && next == Next::Show {
        return Next::HoldBack;
    }
    let was_asked = matches!(order.state, OrderState::Cancelling { .. }) || order.seen.keeps_on;
    let is_shown = matches!(next, Next::Show | Next::Close { .. });
    if was_asked && !is_shown && is_late {
        return Next::Close {
            how: Ending::GivenUp,
        };
    }
    next
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

/// The order once more. Whoever hasn't begun needs a place for it: the one that it had may have lapsed, and be another device's by now. Without one it
/// gives way to what it hides.
async fn shown(
    app: &App,
    client: &Client,
    order: Order,
    own: &Considered,
    hides_other: bool,
) -> Result<Settled, Refused> {
    if matches!(order.state, OrderState::Fetching { .. }) {
        return Ok(Settled::Stands(Errand::Deployment(order)));
    }
    let promised = promised(app, client, own).await?;
    let promised = promised.filter(|promised| promised.number == order.number);
    Ok(match promised {
        // Its client may have been faster: what it has installed by now it would install again.
        Some(order) if matches!(order.state, OrderState::Installed { .. }) => {
            Settled::Stands(Errand::nothing_yet(None))
        }
        Some(order) => Settled::Stands(Errand::Deployment(order)),
        None if hides_other => Settled::GivesWay,
        None => Settled::Stands(Errand::nothing_yet(None)),
    })
}

/// Whether the client of an order may begin with it at this moment: a poll would show it, and it has a place.
///
/// # Errors
/// If the store fails.
pub(super) async fn may_begin(app: &App, client: &Client, order: &Order) -> Result<bool, Refused> {
    let considered = offered::consider(app, client).await?;
    let mut of_it = considered
        .iter()
        .filter(|one| one.rollout.id == order.rollout);
    let Some(own) = of_it
        .next()
        .filter(|own| next(order, own, client) == Next::Show)
    else {
        return Ok(false);
    };
    let promised = promised(app, client, own).await?;
    Ok(promised.is_some_and(|promised| promised.number == order.number))
}

/// The promise made, or made again; none if it couldn't be.
async fn promised(app: &App, client: &Client, one: &Considered) -> Result<Option<Order>, Refused> {
    match offers::promise(app, one, Asks::ByNumber, client.now).await? {
        Some(Promised {
            order: Some(number),
        }) => Ok(app.store.order(&client.device.id, number).await?),
        _ => Ok(None),
    }
}

/// That a client is asked to leave an order is durable before it is asked.
async fn cancelled(
    app: &App,
    client: &Client,
    order: Order,
    why: Wait,
) -> Result<Settled, Refused> {
    let asked = match order.state {
        OrderState::Cancelling { .. } => order.clone(),
        _ => cancel(order.clone(), why, client.now),
    };
    let is_kept = asked == order || saved(app, client, &order, &asked).await?;
    Ok(match is_kept {
        true => Settled::Stands(Errand::Cancel(asked)),
        false => Settled::Overtaken,
    })
}

async fn closed(app: &App, client: &Client, order: Order, how: Ending) -> Result<Settled, Refused> {
    let over = close(order.clone(), how, client.now);
    Ok(match saved(app, client, &order, &over).await? {
        true => Settled::GivesWay,
        false => Settled::Overtaken,
    })
}

/// Saves it; false if it isn't what it was any more.
///
/// # Errors
/// If the store fails.
pub(super) async fn saved(
    app: &App,
    client: &Client,
    before: &Order,
    after: &Order,
) -> Result<bool, StoreError> {
    let device = &client.device.id;
    match app.store.save_order(device, before, after, None).await {
        Err(StoreError::Conflict { .. }) => Ok(false),
        saved => saved.map(|()| true),
    }
}
