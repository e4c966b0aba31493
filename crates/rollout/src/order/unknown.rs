//! Whether a device may run by now what its newest order was about, though it hasn't said so.
//!
//! A client that leaves an order may have installed it before, and one that nobody waits for any more may install it yet. What such a device runs is the
//! one thing that tells whether it must go back. Many clients say it only when they are asked. Read [`may_run`], then [`has_nothing`] (when the question is
//! over for its rollout).

use jiff::Timestamp;

use super::given_up::patience;
use super::{Ending, Order, OrderState};
use crate::ReleaseDigest;
use crate::offer::Kind;
use crate::rollout::Rollout;
use crate::words::after;

/// Whether the device may run the release of its `newest` order, where it is known to run `runs`: it is installed, or it ended before its client said
/// how, after some of it was handed out. The device is asked for its attributes as long as that is so.
#[must_use]
pub fn may_run(newest: &Order, runs: Option<ReleaseDigest>) -> bool {
    match newest.state {
        OrderState::Installed { .. } => true,
        OrderState::Closed {
            how: Ending::GivenUp | Ending::Cancelled,
            ..
        } => newest.seen.has_fetched() && runs != Some(newest.offer.release),
        _ => false,
    }
}

/// Whether a device that has begun, and names something older at `now`, has nothing of what its `newest` order of this rollout was about: its client has left
/// that, as it was asked to, and since then as much time has passed as an installation takes (the rollout's horizon). A word from before that may come
/// from a device that is about to restart into it.
#[must_use]
pub fn has_nothing(newest: &Order, rollout: &Rollout, now: Timestamp) -> bool {
    let OrderState::Closed {
        at,
        how: Ending::Cancelled,
    } = newest.state
    else {
        return false;
    };
    let is_of_it = newest.rollout == rollout.id && newest.offer.kind == Kind::Forward;
    is_of_it && now >= after(at, rollout.rules.install.horizon)
}

/// Whoever left an order of this rollout before this instant, or was given up, is waited for no more at `now`: it had as long as an installation takes,
/// its download included ([`patience`]).
#[must_use]
pub fn waited_for_since(rollout: &Rollout, now: Timestamp) -> Timestamp {
    now.checked_sub(patience(rollout)).unwrap_or(Timestamp::MIN)
}

/// Whether the end of an order leaves it open what the device runs: something was handed out, and the device hasn't named it.
#[must_use]
pub fn ends_unknown(order: &Order) -> bool {
    let is_verified = order.ending() == Some(Ending::Verified);
    !order.is_open() && !is_verified && order.seen.has_fetched()
}
