//! What counts the changes that could give a device something. Read [`Pulse`].
//!
//! A server that found nothing for a device may remember that for as long as the pulse stays what it was before it looked: what
//! people and steps of rollouts decide raises it, in the transaction that keeps the decision. What a device says of itself doesn't:
//! that concerns nobody else, and whoever remembers it hears of it first.
//!
//! | raises it | because |
//! |---|---|
//! | a rollout that starts or begins, a saved step of one that does more than count (which pauses, resumes, answers and withdraws as well) | it opens waves, lifts what kept devices waiting, sends devices back |
//! | roots, revocations, plans, holds | the server's word to devices rests on them; the plan says how often they ask |
//! | schedules, releases | they end what withholds a release |
//! | a device that is declared anew | its zone and boot loader decide with |
//! | another client for a device, attributes that people ask for, an order that they give up | what its client is told is another thing then |
//!
//! Whoever adds a write asks what it could give to a device, and has a line in `tests/contract/pulse.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use mainstay_rollout::Ending;
use mainstay_rollout::order::Order;
use mainstay_rollout::order::log::LogEntry;

use crate::StoreError;

/// What counts the changes that could give a device something.
#[async_trait]
pub trait Pulse: Send + Sync {
    /// How often something changed that could give any device something, by whichever server. Who reads the store after this finds
    /// no less than what was counted.
    ///
    /// # Errors
    /// If the store can't be read.
    async fn pulse(&self) -> Result<i64, StoreError>;

    /// How often such a change was tried through this store and its clones. It is counted once the change is there, before whoever
    /// makes it is answered: who keeps something in memory needn't read to know that it is out of date.
    fn raised_here(&self) -> u64;
}

/// Counts when it is left, however that is: whoever doesn't wait for a commit can't know that it came to nothing.
pub(crate) struct CountsWhenLeft<'a>(pub &'a AtomicU64);

impl Drop for CountsWhenLeft<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// Whether people have given up an order: its device may have something else at once. Only they leave an `entry` with it; that nobody waits for a client any
/// more is found when its device asks. How an order goes on otherwise is its own client's word, or follows from a step.
pub(crate) fn is_given_up_by_people(order: &Order, entry: Option<&LogEntry>) -> bool {
    order.ending() == Some(Ending::GivenUp) && entry.is_some()
}
