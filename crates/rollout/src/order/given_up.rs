//! From when on nobody waits for a client any more that has begun and doesn't say how that ended.
//!
//! A client that was power-cut, or set up anew, may never answer. It mustn't keep its device from all that comes later. Read [`waits_until`].

use jiff::{SignedDuration, Timestamp};

use super::{Order, OrderState};
use crate::download;
use crate::rollout::Rollout;
use crate::score::silence;
use crate::words::after;

/// Until when a client has time to end what it fetches, or to leave what it is asked to leave: [`patience`]. None of an order that waits for nothing
/// of the kind.
#[must_use]
pub fn waits_until(order: &Order, rollout: &Rollout) -> Option<Timestamp> {
    let (OrderState::Fetching { since } | OrderState::Cancelling { since, .. }) = order.state
    else {
        return None;
    };
    Some(after(since, patience(rollout)))
}

/// How long a client is waited for that has begun: the rollout's horizon, and after it as long as makes a device silent; or as long as the payload takes
/// over a slow line of the device's own, if that is longer, a day at most. How many share the server's line doesn't count: who died while it fetched would
/// be kept from a newer fix for as long.
pub(super) fn patience(rollout: &Rollout) -> SignedDuration {
    let rules = &rollout.rules;
    let time = rules.install.horizon.saturating_add(silence(rules.poll));
    time.max(download::alone(rollout))
}
