//! What the rollout decides by now, against an order that is open: is it still shown?
//!
//! | the rollout says | offered | retrieved | fetching | cancelling | installed |
//! |---|---|---|---|---|---|
//! | the same offer | show | show | show | cancel | hold back |
//! | wait for a window, a turn, room, a person | hold back | hold back | show | cancel | hold back |
//! | nothing new can be vouched for now, or handed out | hold back | hold back | show | cancel | hold back |
//! | stopped: halted, held, revoked, unfit for it | withdrawn | cancel (1) | cancel (1) | cancel | hold back |
//! | the device was given up | withdrawn | withdrawn | show | cancel | hold back |
//! | complete | withdrawn | withdrawn | show | cancel | unverified |
//! | complete, of a way back (2) | withdrawn | cancel (1) | cancel (1) | cancel | unverified |
//! | the way back instead, after a halt | withdrawn | cancel (1) | cancel (1) | cancel | withdrawn |
//! | another offer | superseded | superseded | superseded | superseded | superseded |
//! | the device runs it, or is back | verified | verified | verified | verified | verified |
//! | it failed, or refused | failed | failed | failed | failed | failed |
//!
//! "Withdrawn" and the like close the order. An installed order is never shown: a client would install it again. Nor is it closed by what
//! may pass, for what comes next would be another number and a second installation; and least of all by a halt, since nobody
//! knows yet whether the device runs what was halted. It waits for the version word, for people, or for the next offer.
//!
//! A client that fetches is shown its order until it says how that ended, as far as nothing must be stopped: if it finds no order when it has
//! restarted, it says nothing at all, and installs anew what comes later. What lapses for a while, such as a root, or a payload that can't be read
//! just now, stops nothing: a cancelled client removes what it has fetched.
//!
//! (1) One that refused to leave isn't asked again. If it fetches, it is held back: it hears nothing more of the order, and its last word
//! is heard. If it has fetched nothing, the order is withdrawn. Nor is one shown the order any more that has fetched it [`FETCHES_MAX`] times and never said
//! how that ended: it would install the same for ever. (2) The device has gone further by another rollout.
//!
//! Read [`review()`].

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
        _ => unless_in_vain(order),
    }
}

/// So often a client may begin to fetch one order. One that restarts after an installation without a word of it begins anew each time.
pub const FETCHES_MAX: u32 = 8;

fn unless_in_vain(order: &Order) -> Next {
    match order.seen.fetches < FETCHES_MAX {
        true => Next::Show,
        false => Next::HoldBack,
    }
}

fn another(order: &Order, rollout: &Rollout) -> Next {
    match (&rollout.phase, order.offer.kind) {
        // The way back is for devices that are known to run what was halted, so that this one has had its word.
        (Phase::Halted { .. }, Kind::Forward) if is_installed(order) => Next::Close {
            how: Ending::Withdrawn,
        },
        (Phase::Halted { reason, .. }, Kind::Forward) => {
            let reason = reason.clone();
            stop(order, &Wait::Halted { reason })
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
        Wait::Complete if is_installed(order) => Next::Close {
            how: Ending::Unverified,
        },
        Wait::Complete | Wait::GaveUp { .. } if order.offer.kind == Kind::Forward => ends(order),
        Wait::Withheld { because } if !is_final(because) => held_back(order),
        Wait::Withheld { .. } => stop(order, wait),
        _ if wait.is_settled() => stop(order, wait),
        _ => held_back(order),
    }
}

/// Refusals of every device that speak of the hour, or of papers beside the release: nothing is wrong with what a client fetches.
const LETS_END: [&str; 6] = [
    "trust.root-expired",
    "trust.schedule-missing",
    "trust.schedule-mismatch",
    "trust.schedule-early",
    "trust.schedule-expired",
    "trust.expired",
];

/// Whether a release that is withheld so must not be installed even where it is being fetched: people stopped it, or nobody vouches for it any more.
#[must_use]
pub fn is_final(because: &Withheld) -> bool {
    match because {
        Withheld::Held { .. } | Withheld::Unfit { .. } => true,
        Withheld::Refused { refusal } => !LETS_END.contains(&refusal.as_str()),
        _ => false,
    }
}

fn is_installed(order: &Order) -> bool {
    matches!(order.state, OrderState::Installed { .. })
}

/// Nothing that must be stopped; a client that has begun goes on with what it began.
fn held_back(order: &Order) -> Next {
    match &order.state {
        OrderState::Cancelling { why, .. } => Next::Cancel { why: why.clone() },
        OrderState::Fetching { .. } => unless_in_vain(order),
        _ => Next::HoldBack,
    }
}

/// Nobody begins any more.
fn ends(order: &Order) -> Next {
    match &order.state {
        OrderState::Offered | OrderState::Retrieved { .. } => Next::Close {
            how: Ending::Withdrawn,
        },
        _ => held_back(order),
    }
}

/// The client must leave it, if it knows of it and isn't done.
fn stop(order: &Order, why: &Wait) -> Next {
    let has_refused = order.seen.keeps_on;
    match &order.state {
        OrderState::Offered => Next::Close {
            how: Ending::Withdrawn,
        },
        OrderState::Retrieved { .. } if has_refused => Next::Close {
            how: Ending::Withdrawn,
        },
        OrderState::Cancelling { why, .. } => Next::Cancel { why: why.clone() },
        OrderState::Installed { .. } | OrderState::Closed { .. } => Next::HoldBack,
        OrderState::Fetching { .. } if has_refused => Next::HoldBack,
        _ => Next::Cancel { why: why.clone() },
    }
}
