//! What happens next, and when: a heap of instants.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::Timestamp;

/// Something that happens at an instant. Of several at one instant, the earlier in this list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// The servers' clock steps, to the offset of this number.
    ClockStep(usize),
    /// A server is killed and started again, by the number of the kill.
    Kill(usize),
    /// A server looks after its rollouts.
    Turn(usize),
    /// People do what they planned as number so-and-so.
    Move(usize),
    /// People look whether there is something for them to do.
    Look,
    /// By now everybody should have the newest release.
    Deadline,
    /// A device wants to act.
    Device(usize),
}

/// Everything that will happen, as far as it is known.
#[derive(Debug, Default)]
pub struct Agenda(BinaryHeap<Reverse<(Timestamp, Happening)>>);

impl Agenda {
    /// Notes that `what` happens at `at`.
    pub fn put(&mut self, at: Timestamp, what: Happening) {
        self.0.push(Reverse((at, what)));
    }

    /// Takes out what happens next.
    pub fn next(&mut self) -> Option<(Timestamp, Happening)> {
        self.0.pop().map(|Reverse(next)| next)
    }
}
