//! Whether a device may run by now what its newest order was about, though it hasn't said so.
//!
//! A client that leaves an order may have installed it before, and one that nobody waits for any more may install it yet. What such a device runs is the
//! one thing that tells whether it must go back. Many clients say it only when they are asked. Read [`may_run`].

use super::{Ending, Order, OrderState};
use crate::ReleaseDigest;

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

/// Whether the end of an order leaves it open what the device runs: something was handed out, and the device hasn't named it.
#[must_use]
pub fn ends_unknown(order: &Order) -> bool {
    let is_verified = order.ending() == Some(Ending::Verified);
    !order.is_open() && !is_verified && order.seen.has_fetched()
}
