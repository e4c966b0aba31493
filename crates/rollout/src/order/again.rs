//! When what went wrong may be ordered once more.
//!
//! A device that can't go the way back asks for it again at each poll, and each time that would be another number, another row and another
//! whole download, for ever. So the same offer comes again only after some polls, each time after twice as many, and at last once a day: whatever
//! hinders it may pass, and a way back is for safety. Read [`again_at`].

use jiff::{SignedDuration, Timestamp};

use super::{Ending, Order, OrderState};
use crate::offer::{Offer, REFUSAL_POLLS};
use crate::rollout::Rollout;
use crate::words::after;

/// So many of a device's newest orders are enough for [`again_at`].
pub const ORDERS_LOOKED_AT: u32 = 16;

/// No offer waits longer than this, unless [`REFUSAL_POLLS`] polls are longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// From when on `offer` of this rollout may be ordered again, by a device's orders, the `newest` first; none if it never went wrong, or
/// went well since. The first failure lets it wait [`REFUSAL_POLLS`] polls, each further one twice as long as the one before, at most a day.
/// It went wrong if the client failed, fetched nothing or left it. Orders of other offers in between don't matter.
#[must_use]
pub fn again_at(newest: &[Order], rollout: &Rollout, offer: &Offer) -> Option<Timestamp> {
    let since = newest
        .iter()
        .filter(|order| order.promises(rollout.id, offer))
        .take_while(|order| !order.ending().is_some_and(Ending::is_installed));
    let mut failures = since.filter_map(went_wrong);
    let last = failures.next()?;
    let least = rollout.rules.poll.saturating_mul(REFUSAL_POLLS);
    let longest = LONGEST.max(least);
    let doubled = failures.fold(least, |wait, _| wait.saturating_mul(2).min(longest));
    Some(after(last, doubled))
}

/// When the order went wrong, if it did.
fn went_wrong(order: &Order) -> Option<Timestamp> {
    match order.state {
        OrderState::Closed {
            at,
            how: Ending::Failed | Ending::NothingFetched | Ending::Cancelled,
        } => Some(at),
        _ => None,
    }
}
