//! Which beginning is the worst. Read [`longest`].
//!
//! A later beginning never ends earlier. So from one moment to the next a path either ends later by as much, or not at all, or it has
//! just missed something, and jumps: the longest path begins right after a jump. Hours in which one lies are searched to the minute.

use jiff::{SignedDuration, Timestamp};

use super::nights::Place;
use super::path::{Path, follow};
use super::stuck::Stuck;
use super::terms::{Terms, later};
use crate::plan::Plan;

/// A year, with every holiday and both changes of clocks.
const SEARCHED_DAYS: i64 = 366;
/// Between two beginnings that are tried.
const EACH: SignedDuration = SignedDuration::from_hours(1);
/// To this a jump is found.
const TO: SignedDuration = SignedDuration::from_mins(1);

/// The path that takes longest, of all that begin within a year of `from`, and of those that take as long the earliest.
///
/// # Errors
/// As of [`path`](super::path), for the first beginning that has none.
pub fn longest(plan: &Plan, places: &[Place], from: Timestamp) -> Result<Path, Stuck> {
    let to = later(from, SignedDuration::from_hours(SEARCHED_DAYS * 24));
    let terms = Terms::of(plan, places, from, to)?;
    let mut now = from;
    let mut worst = Beginning::at(&terms, from)?;
    let mut before = worst;
    while now < to {
        now = later(now, EACH);
        let next = Beginning::at(&terms, now)?;
        let jump = after_jump(&terms, before, next)?;
        for beginning in [jump, next] {
            if beginning.takes() > worst.takes() {
                worst = beginning;
            }
        }
        before = next;
    }
    follow(&terms, worst.starts)
}

/// A beginning, and the end of its path.
#[derive(Debug, Clone, Copy)]
struct Beginning {
    starts: Timestamp,
    ends: Timestamp,
}

impl Beginning {
    fn at(terms: &Terms<'_>, starts: Timestamp) -> Result<Self, Stuck> {
        let ends = terms.ends(starts)?;
        Ok(Self { starts, ends })
    }

    fn takes(self) -> SignedDuration {
        self.ends.duration_since(self.starts)
    }
}

/// The first beginning after the first jump between two; the later one if there is no jump.
fn after_jump(terms: &Terms<'_>, first: Beginning, last: Beginning) -> Result<Beginning, Stuck> {
    let (mut before, mut after) = (first, last);
    while after.starts.duration_since(before.starts) > TO && after.takes() > before.takes() {
        let half = after.starts.duration_since(before.starts) / 2;
        let middle = Beginning::at(terms, later(before.starts, half))?;
        match middle.takes() > before.takes() {
            true => after = middle,
            false => before = middle,
        }
    }
    Ok(after)
}
