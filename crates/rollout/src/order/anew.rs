//! Who begins anew, and who goes on.
//!
//! A device that has begun goes on with what it has, whatever the hour: half an installation is worse than one that ends late. A client that has left its
//! order, or whom nobody waits for any more, has nothing, and begins anew: it waits for its window, its turn and a place as it did the first time.
//! Read [`begins_anew`].

use super::Order;
use crate::offer::{Kind, Offer};
use crate::progress::Progress;
use crate::rollout::RolloutId;

/// Whether a device with this `progress`, which has another update client, begins anew with the `offer` of this rollout: it has begun, and
/// its `open` order, if there is one, isn't one of this offer for which anything was handed out.
#[must_use]
pub fn begins_anew(
    progress: &Progress,
    open: Option<&Order>,
    rollout: RolloutId,
    offer: &Offer,
) -> bool {
    let is_in_hand = |order: &Order| order.promises(rollout, offer) && order.seen.has_fetched();
    let has_begun = matches!(progress, Progress::Began { .. });
    has_begun && offer.kind == Kind::Forward && !open.is_some_and(is_in_hand)
}
