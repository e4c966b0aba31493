//! What the last turn of [`super::advance_rollouts`] saw, for handlers that must answer fast.
//!
//! It may only ever lead to "not now": too high a count of downloads delays an offer, and a held
//! release is one that devices refuse. Read [`RolloutMemory`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mainstay_rollout::RolloutId;
use mainstay_trust::Digest;
use mainstay_trust::status::HELD_MAX;

use super::begin_rollouts::Failing;

/// Counts of downloads under way by rollout, the releases on hold, what was looked at when, and what failed.
#[derive(Debug, Default)]
pub struct RolloutMemory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    in_flight: BTreeMap<RolloutId, u32>,
    held: Vec<Digest>,
    /// The number of the look by which they are held.
    held_by: u64,
    /// So many looks at which rollouts are halted have begun.
    looks: u64,
    looked_at: BTreeMap<RolloutId, Timestamp>,
    caught_up_with: Option<Papers>,
    failing: BTreeMap<RolloutId, Failing>,
}

/// The version of a root, and the digest of the revocations beside it.
pub(super) type Papers = (u32, Option<Digest>);

impl RolloutMemory {
    /// How many devices hold a place in the budget of downloads, of whatever rollout: counted at the last turn, and
    /// raised by each promise since.
    pub(crate) fn in_flight(&self) -> u32 {
        self.lock().in_flight.values().sum()
    }

    /// Notes one more promise of `rollout`.
    pub(crate) fn promised(&self, rollout: RolloutId) {
        *self.lock().in_flight.entry(rollout).or_default() += 1;
    }

    /// Notes that every one of `limit` places is taken, as the store said when it was asked for one in `rollout`: other
    /// servers make promises too.
    pub(crate) fn full(&self, rollout: RolloutId, limit: u32) {
        let mut inner = self.lock();
        let all: u32 = inner.in_flight.values().sum();
        *inner.in_flight.entry(rollout).or_default() += limit.saturating_sub(all);
    }

    /// The releases on hold, newest first.
    pub(crate) fn held(&self) -> Vec<Digest> {
        self.lock().held.clone()
    }

    /// Puts the counts of a new turn in place of the old ones.
    pub(crate) fn count_anew(&self, in_flight: BTreeMap<RolloutId, u32>) {
        self.lock().in_flight = in_flight;
    }

    /// The number of a look at which rollouts are halted, to be taken before it begins.
    pub(super) fn begins_to_look(&self) -> u64 {
        let mut inner = self.lock();
        inner.looks += 1;
        inner.looks
    }

    /// Puts what the look of this number found to be held, newest first, in place of what is; unless that was found by a later look, which may know of a
    /// halt that this one doesn't.
    pub(super) fn hold(&self, look: u64, held: Vec<Digest>) {
        let mut inner = self.lock();
        if look > inner.held_by {
            (inner.held_by, inner.held) = (look, held);
        }
    }

    /// Holds one more release from now on, whose rollout was just halted; the next look finds it, too.
    pub(super) fn hold_too(&self, release: Digest) {
        let held = &mut self.lock().held;
        if !held.contains(&release) {
            held.insert(0, release);
            held.truncate(HELD_MAX as usize);
        }
    }

    /// When the rollout's devices were last looked at, by this server since its start.
    pub(super) fn last_look_at(&self, rollout: RolloutId) -> Option<Timestamp> {
        self.lock().looked_at.get(&rollout).copied()
    }

    /// Notes such a look.
    pub(super) fn looked_at(&self, rollout: RolloutId, at: Timestamp) {
        self.lock().looked_at.insert(rollout, at);
    }

    /// Whether every release was judged by these papers.
    pub(super) fn is_caught_up_with(&self, papers: &Papers) -> bool {
        self.lock().caught_up_with.as_ref() == Some(papers)
    }

    /// Notes that every release was judged by these papers.
    pub(super) fn caught_up_with(&self, papers: Papers) {
        self.lock().caught_up_with = Some(papers);
    }

    /// Notes that this server failed to let a rollout begin, and tells since when, and how often it did.
    pub(super) fn fails_to_begin(&self, rollout: RolloutId, at: Timestamp) -> Failing {
        let mut inner = self.lock();
        let none = Failing {
            since: at,
            last: at,
            times: 0,
        };
        let failing = inner.failing.entry(rollout).or_insert(none);
        failing.last = at;
        failing.times = failing.times.saturating_add(1);
        *failing
    }

    /// What was noted of such failures.
    pub(super) fn failing(&self, rollout: RolloutId) -> Option<Failing> {
        self.lock().failing.get(&rollout).copied()
    }

    /// Forgets such failures: it has begun, or is over.
    pub(super) fn begins(&self, rollout: RolloutId) {
        self.lock().failing.remove(&rollout);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change is one assignment; a panic elsewhere can't leave it half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A turn over a large fleet takes seconds; a person who halts in them takes a turn at once, which ends before.
    #[test]
    fn an_older_look_takes_no_hold_away_that_a_later_one_found() {
        let memory = RolloutMemory::default();
        let (old, new) = (Digest([1; 32]), Digest([2; 32]));
        let slow = memory.begins_to_look();
        let quick = memory.begins_to_look();
        memory.hold(quick, vec![new, old]);
        memory.hold(slow, vec![old]);
        assert_eq!(memory.held(), [new, old]);
        let next = memory.begins_to_look();
        memory.hold(next, vec![old]);
        assert_eq!(memory.held(), [old], "a later look takes away what is over");
    }

    #[test]
    fn what_was_just_halted_is_held_at_once_and_before_what_was_halted_long_ago() {
        let memory = RolloutMemory::default();
        for number in 0..=HELD_MAX as u8 {
            memory.hold_too(Digest([number; 32]));
            memory.hold_too(Digest([number; 32]));
        }
        let held = memory.held();
        assert_eq!(held.len(), HELD_MAX as usize);
        assert_eq!(held.first(), Some(&Digest([HELD_MAX as u8; 32])));
        assert!(!held.contains(&Digest([0; 32])), "the oldest makes room");
    }
}
