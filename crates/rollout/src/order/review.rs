//! What the rollout decides by now, against an order that is open: is it still shown?
//!
//! | the rollout says | offered | retrieved | fetching | cancelling | installed |
//! |---|---|---|---|---|---|
//! | the same offer | show | show | show | cancel | hold back |
//! | wait for a window, a turn, room, a person | hold back | hold back | show | cancel | hold back |
//! | nothing new can be vouched for now | hold back | hold back | hold back | cancel | hold back |
//! | stopped, or taken back | withdrawn | cancel | cancel | cancel | withdrawn |
//! | complete, or the device was given up | withdrawn | cancel | cancel | cancel | unverified |
//! | the way back instead, after a halt | withdrawn | cancel | cancel | cancel | withdrawn |
//! | another offer | superseded | superseded | superseded | superseded | superseded |
//! | the device runs it, or is back | verified | verified | verified | verified | verified |
//! | it failed, or refused | failed | failed | failed | failed | failed |
//!
//! "Withdrawn" and the like close the order. A client that refused to leave is held back instead of asked again: it hears nothing more of the
//! order, and its last word is heard. An installed order is never shown: a client would install it again. Read [`review()`].

use jiff::Timestamp;

use super::{Ending, Order, OrderState};
use crate::offer::{Kind, Offer};
use crate::rollout::{Phase, Rollout};
use crate::wait::Wait;
use crate::withheld::Withheld;

/// What becomes of an open order at a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The client is shown what is to be done.
    Show,
    /// It is shown nothing, and the order stays.
    HoldBack,
    /// It is asked to leave it: [`cancel`], unless the order is being cancelled already.
    Cancel {
        /// What stands against it.
        why: Wait,
    },
    /// The order is over: [`close`]. What comes next has another number.
    Close {
        /// How it ends.
        how: Ending,
    },
}

/// What becomes of `order`, an open one of `rollout`, given what that `decided` for the device now (with what withholds an offer).
#[must_use]
pub fn review(order: &Order, rollout: &Rollout, decided: &Result<Offer, Wait>) -> Next {
    match decided {
        Ok(offer) if order.promises(rollout.id, offer) => same(order),
        Ok(_) => another(order, rollout),
        Err(wait) => waits(order, wait),
    }
}

/// The order, whose client is to be asked to leave it. One that is being cancelled, or is installed or closed, stays as it is.
#[must_use]
pub fn cancel(mut order: Order, why: Wait, now: Timestamp) -> Order {
    let is_under_way = matches!(
        order.state,
        OrderState::Offered | OrderState::Retrieved { .. } | OrderState::Fetching { .. }
    );
    if is_under_way {
        order.state = OrderState::Cancelling { since: now, why };
    }
    order
}

/// The order, over. One that is closed stays as it ended.
#[must_use]
pub fn close(order: Order, how: Ending, now: Timestamp) -> Order {
    match order.is_open() {
        true => order.closed(now, how),
        false => order,
    }
}

fn same(order: &Order) -> Next {
    match &order.state {
        OrderState::Cancelling { why, .. } => Next::Cancel { why: why.clone() },
        OrderState::Installed { .. } | OrderState::Closed { .. } => Next::HoldBack,
        _ => Next::Show,
    }
}

fn another(order: &Order, rollout: &Rollout) -> Next {
    match (&rollout.phase, order.offer.kind) {
        (Phase::Halted { reason, .. }, Kind::Forward) => {
            let reason = reason.clone();
            stop(order, &Wait::Halted { reason }, Ending::Withdrawn)
        }
        _ => Next::Close {
            how: Ending::Superseded,
        },
    }
}

fn waits(order: &Order, wait: &Wait) -> Next {
    match wait {
        Wait::AlreadyRuns if order.offer.kind == Kind::Forward => Next::Close {
            how: Ending::Verified,
        },
        Wait::Returned if order.offer.kind == Kind::Return => Next::Close {
            how: Ending::Verified,
        },
        Wait::Failed { .. } | Wait::Refused { .. } => Next::Close {
            how: Ending::Failed,
        },
        Wait::Complete | Wait::GaveUp { .. } => stop(order, wait, Ending::Unverified),
        Wait::Withheld { because } if !is_final(because) => held_back(order, false),
        Wait::Withheld { .. } => stop(order, wait, Ending::Withdrawn),
        _ if wait.is_settled() => stop(order, wait, Ending::Withdrawn),
        _ => held_back(order, true),
    }
}

/// Whether a release that is withheld so may never be offered again, or not before people have looked at it.
fn is_final(because: &Withheld) -> bool {
    matches!(
        because,
        Withheld::Held { .. } | Withheld::Refused { .. } | Withheld::NotHere
    )
}

/// Nothing that must be stopped; a client that has begun may go on if it `lets_end` what it began.
fn held_back(order: &Order, lets_end: bool) -> Next {
    match &order.state {
        OrderState::Cancelling { why, .. } => Next::Cancel { why: why.clone() },
        OrderState::Fetching { .. } if lets_end => Next::Show,
        _ => Next::HoldBack,
    }
}

/// The client must leave it, if it knows of it and isn't done.
fn stop(order: &Order, why: &Wait, installed: Ending) -> Next {
    match &order.state {
        OrderState::Offered if !order.seen.keeps_on => Next::Close {
            how: Ending::Withdrawn,
        },
        OrderState::Installed { .. } => Next::Close { how: installed },
        OrderState::Cancelling { why, .. } => Next::Cancel { why: why.clone() },
        _ if order.seen.keeps_on => Next::HoldBack,
        _ => Next::Cancel { why: why.clone() },
    }
}
