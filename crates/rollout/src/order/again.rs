//! When what went wrong may be ordered once more.
//!
//! A device that can't go the way back asks for it again at each poll, and each time that would be another number, another row and another
//! whole download, for ever. So the same offer comes again only after some polls, each time after twice as many, and at last once a day: whatever
//! hinders it may pass, and a way back is for safety. Read [`again_at`], and [`fails_again`] for when a download that broke off counts.

use jiff::{SignedDuration, Timestamp};

use super::{Ending, Order, OrderState};
use crate::offer::{Offer, REFUSAL_POLLS};
use crate::rollout::{Rollout, RolloutId};
use crate::words::after;

/// So many of a device's newest orders are enough for [`again_at`].
pub const ORDERS_LOOKED_AT: u32 = 16;

/// So many downloads of one offer that broke off are a failed installation, if it isn't large.
pub const BREAKS_MAX: usize = 3;

/// For each so many bytes of a payload one more may break off, 256 MiB: over a slow line they take 18 minutes, in which a line drops now and then.
const BYTES_PER_BREAK: u64 = 1 << 28;

/// So many more may, at most: with [`BREAKS_MAX`], and others in between, they are among the orders that are looked at.
const MORE_BREAKS_MAX: u64 = 8;

/// No offer waits longer than this, unless [`REFUSAL_POLLS`] polls are longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// From when on `offer` of this rollout may be ordered again, by a device's orders, the `newest` first; none if it never went wrong, or
/// went well since. The first failure lets it wait [`REFUSAL_POLLS`] polls, each further one twice as long as the one before, at most a day.
/// It went wrong if the client failed, fetched nothing or a part only, left it, or was given up. Orders of other offers in between don't matter.
#[must_use]
pub fn again_at(newest: &[Order], rollout: &Rollout, offer: &Offer) -> Option<Timestamp> {
    let since = since_it_went_well(newest, rollout.id, offer);
    let mut failures = since.filter_map(went_wrong);
    let last = failures.next()?;
    let least = rollout.rules.poll.saturating_mul(REFUSAL_POLLS);
    let longest = LONGEST.max(least);
    let doubled = failures.fold(least, |wait, _| wait.saturating_mul(2).min(longest));
    Some(after(last, doubled))
}

/// Whether a client that couldn't fetch the whole for `order`, and says that it failed, does so for the last time: by its device's orders, the `newest`
/// first, [`BREAKS_MAX`] of the same offer broke off by then, or as many more as the candidate's size makes likely. A line that breaks so often may be the release's
/// doing, and people should look.
#[must_use]
pub fn fails_again(newest: &[Order], order: &Order, rollout: &Rollout) -> bool {
    let broke_off = |past: &&Order| past.ending() == Some(Ending::BrokeOff);
    let since = since_it_went_well(newest, order.rollout, &order.offer);
    since.filter(broke_off).count() + 1 >= breaks_max(rollout)
}

fn breaks_max(rollout: &Rollout) -> usize {
    let more = (rollout.candidate.image_bytes / BYTES_PER_BREAK).min(MORE_BREAKS_MAX);
    BREAKS_MAX + usize::try_from(more).unwrap_or(0)
}

/// The orders of this offer, the newest first, since it last went well.
fn since_it_went_well<'a>(
    newest: &'a [Order],
    rollout: RolloutId,
    offer: &Offer,
) -> impl Iterator<Item = &'a Order> {
    let offer = *offer;
    newest
        .iter()
        .filter(move |order| order.promises(rollout, &offer))
        .take_while(|order| !order.ending().is_some_and(Ending::is_installed))
}

/// When the order went wrong, if it did.
fn went_wrong(order: &Order) -> Option<Timestamp> {
    match order.state {
        OrderState::Closed {
            at,
            how:
                Ending::Failed
                | Ending::NothingFetched
                | Ending::BrokeOff
                | Ending::Cancelled
                | Ending::GivenUp,
        } => Some(at),
        _ => None,
    }
}
