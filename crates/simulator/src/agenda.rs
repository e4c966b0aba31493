//! Who acts next, and when: a heap of instants.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::{SignedDuration, Timestamp};

/// Devices by the instant at which they next have something to do.
#[derive(Debug, Default)]
pub struct Agenda {
    heap: BinaryHeap<Reverse<(Timestamp, usize)>>,
}

impl Agenda {
    /// Notes that device number `device` acts at `at`. A device stands here at most once: whoever
    /// takes it out puts it back.
    pub fn put(&mut self, at: Timestamp, device: usize) {
        self.heap.push(Reverse((at, device)));
    }

    /// The earliest instant, or none when nobody has anything to do.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out every device that is due by `until`, in order of device number.
    pub fn due(&mut self, until: Timestamp) -> Vec<usize> {
        let mut due = Vec::new();
        while let Some(Reverse((at, device))) = self.heap.peek().copied()
            && at <= until
        {
            self.heap.pop();
            due.push(device);
        }
        due.sort_unstable();
        due
    }
}

/// Rounds an instant up to a whole number of `tick`s since the epoch, so that devices which act at
/// nearly the same time are served together.
pub fn round_up(at: Timestamp, tick: SignedDuration) -> Timestamp {
    let tick_us = i64::try_from(tick.as_micros()).unwrap_or(i64::MAX).max(1);
    let us = at.as_microsecond();
    let rounded = us.div_euclid(tick_us) * tick_us
        + if us.rem_euclid(tick_us) == 0 {
            0
        } else {
            tick_us
        };
    Timestamp::from_microsecond(rounded).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number of seconds")
    }

    #[test]
    fn the_due_come_out_together_and_in_order() {
        let mut agenda = Agenda::default();
        for (second, device) in [(30, 2), (10, 9), (20, 1), (40, 3)] {
            agenda.put(at(second), device);
        }
        assert_eq!(agenda.next_at(), Some(at(10)));
        assert_eq!(agenda.due(at(30)), [1, 2, 9]);
        assert!(agenda.due(at(30)).is_empty());
        assert_eq!(agenda.next_at(), Some(at(40)));
    }

    #[test]
    fn rounding_never_goes_back() {
        let ten = SignedDuration::from_secs(10);
        assert_eq!(round_up(at(11), ten), at(20));
        assert_eq!(round_up(at(20), ten), at(20));
    }
}
