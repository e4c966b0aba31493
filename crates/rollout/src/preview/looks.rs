//! When a server looks after a rollout, as far as a look can find anything new; and what it knows in between of the
//! places for downloads.
//!
//! A server looks every few seconds, and mostly finds nothing new. The engine says what it waits for, so a preview asks it
//! again only at the first look at which that may have come. Read [`Looks`], then [`Places`].

/// The looks at one rollout. Times in Unix milliseconds.
#[derive(Debug)]
pub(super) struct Looks {
    start_ms: i64,
    every_ms: i64,
    /// The look that is worth while.
    due_ms: Option<i64>,
    /// So many more devices must be settled before another one is.
    missing: u32,
}

impl Looks {
    /// One at `start_ms`, and then every `every_ms`.
    pub(super) fn new(start_ms: i64, every_ms: i64) -> Self {
        Self {
            start_ms,
            every_ms: every_ms.max(1),
            due_ms: Some(start_ms),
            missing: 0,
        }
    }

    /// The look that is worth while next, if one is known.
    pub(super) fn due_ms(&self) -> Option<i64> {
        self.due_ms
    }

    /// The next one is worth while at `at_ms`, if that is given, or once `missing` more devices are settled.
    pub(super) fn wait_for(&mut self, at_ms: Option<i64>, missing: u32) {
        self.due_ms = at_ms.map(|at| self.first_from(at));
        self.missing = missing.max(1);
    }

    /// A device was settled.
    pub(super) fn settled(&mut self, now_ms: i64) {
        self.missing = self.missing.saturating_sub(1);
        if self.missing == 0 {
            self.at_latest(now_ms);
        }
    }

    /// One is worth while from `at_ms` on.
    pub(super) fn at_latest(&mut self, at_ms: i64) {
        let look = self.first_from(at_ms);
        self.due_ms = Some(self.due_ms.map_or(look, |due| due.min(look)));
    }

    /// The first look at or after a moment.
    fn first_from(&self, ms: i64) -> i64 {
        let since = ms.saturating_sub(self.start_ms).max(0);
        let looks = since / self.every_ms + i64::from(since % self.every_ms > 0);
        self.start_ms
            .saturating_add(looks.saturating_mul(self.every_ms))
    }

    /// The number of the newest look.
    fn number(&self, now_ms: i64) -> i64 {
        (now_ms - self.start_ms).div_euclid(self.every_ms)
    }
}

/// The places for downloads that a server believes to be taken: those of its newest look, and those given since. One that
/// was freed since is free only from its next look on.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: u32,
    /// Freed since the look of this number.
    freed: (i64, u32),
}

impl Places {
    /// One more is taken.
    pub(super) fn take(&mut self) {
        self.taken += 1;
    }

    /// One is free again.
    pub(super) fn free(&mut self, looks: &Looks, now_ms: i64) {
        self.taken = self.taken.saturating_sub(1);
        let number = looks.number(now_ms);
        if self.freed.0 != number {
            self.freed = (number, 0);
        }
        self.freed.1 += 1;
    }

    /// How many the server believes to be taken.
    pub(super) fn believed(&self, looks: &Looks, now_ms: i64) -> u32 {
        match self.freed {
            (number, freed) if number == looks.number(now_ms) => self.taken + freed,
            _ => self.taken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_worth_while_when_what_is_missing_has_come() {
        let mut looks = Looks::new(5, 10);
        assert_eq!(looks.due_ms(), Some(5));
        looks.wait_for(None, 2);
        looks.settled(6);
        assert_eq!(looks.due_ms(), None);
        looks.settled(16);
        assert_eq!(looks.due_ms(), Some(25));
        looks.settled(40);
        assert_eq!(looks.due_ms(), Some(25), "the earlier one stays");
        looks.wait_for(Some(45), 1);
        assert_eq!(looks.due_ms(), Some(45), "at a look itself");
        looks.settled(26);
        assert_eq!(looks.due_ms(), Some(35));
    }

    #[test]
    fn a_freed_place_is_known_at_the_next_look() {
        let (looks, mut places) = (Looks::new(0, 10), Places::default());
        places.take();
        places.take();
        places.free(&looks, 12);
        assert_eq!(places.believed(&looks, 19), 2);
        assert_eq!(places.believed(&looks, 20), 1);
        places.free(&looks, 21);
        assert_eq!(places.believed(&looks, 29), 1);
        assert_eq!(places.believed(&looks, 30), 0);
    }
}
