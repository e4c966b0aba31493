//! What happens to one device, drawn before the rollout sees any of it.

use crate::dice::Dice;
use crate::world::{END, HORIZON, POLL, World};

/// What happens to one device. Times are minutes since the canary opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fate {
    /// When it begins to install, if it ever does.
    pub begins: Option<i64>,
    /// When the release fails on it, if it does.
    pub fails: Option<i64>,
    /// From when to when nobody hears of it.
    pub unheard: Option<(i64, i64)>,
    /// When it asks: so many minutes after each full poll.
    pub phase: i64,
}

impl Fate {
    /// The newest minute up to `now` at which it was heard of.
    #[must_use]
    pub fn heard(&self, now: i64) -> i64 {
        let asked = |now: i64| (now - self.phase).div_euclid(POLL) * POLL + self.phase;
        match self.unheard {
            Some((from, to)) if (from..to).contains(&asked(now)) => asked(from - 1),
            _ => asked(now),
        }
    }

    /// When the server hears that the release failed on it, if it does.
    #[must_use]
    pub fn told(&self) -> Option<i64> {
        let fails = self.fails?;
        let next = fails + POLL - (fails - self.phase).rem_euclid(POLL);
        let told = match self.unheard {
            Some((from, to)) if (from..to).contains(&next) => {
                to + POLL - (to - self.phase).rem_euclid(POLL)
            }
            _ => next,
        };
        (told <= END).then_some(told)
    }

    /// Whether somebody who waits for its horizon and `grace` minutes more doesn't hear that it is well, nor that it isn't.
    #[must_use]
    pub fn is_silent_at(&self, begins: i64, grace: i64) -> bool {
        let judged = begins + HORIZON + grace;
        self.told().is_none_or(|told| told > judged) && self.heard(judged) < begins + HORIZON
    }
}

/// The fates of a whole canary, in which the release fails on `rate` (a fraction) of the devices.
pub fn draw(world: &World, devices: usize, rate: f64, dice: &mut Dice, fates: &mut Vec<Fate>) {
    fates.clear();
    let mut site_fails = false;
    for n in 0..devices {
        if n.is_multiple_of(world.site as usize) {
            site_fails = dice.happens(rate);
        }
        fates.push(one(world, site_fails, dice));
    }
}

fn one(world: &World, fails: bool, dice: &mut Dice) -> Fate {
    let start = dice.below(world.nights) * 24 * 60 + dice.below(3 * 60);
    let begins = (!dice.happens(world.away)).then_some(start);
    let fails = fails.then(|| start + 5 + dice.below(HORIZON - 2 * POLL));
    let from = start + dice.below(2 * HORIZON);
    let unheard = dice
        .happens(world.silent)
        .then_some((from, from + world.silence));
    Fate {
        begins,
        fails: begins.and(fails),
        unheard,
        phase: dice.below(POLL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{FIELD, LABORATORY, SITES};

    const QUIET: Fate = Fate {
        begins: Some(0),
        fails: None,
        unheard: None,
        phase: 10,
    };

    #[test]
    fn a_device_is_heard_of_when_it_asks_and_not_while_it_is_away() {
        assert_eq!(
            (QUIET.heard(10), QUIET.heard(69), QUIET.heard(70)),
            (10, 10, 70)
        );
        let away = Fate {
            unheard: Some((100, 300)),
            ..QUIET
        };
        assert_eq!(
            (away.heard(99), away.heard(299), away.heard(310)),
            (70, 70, 310)
        );
    }

    #[test]
    fn a_failure_is_told_at_the_next_contact() {
        let fails = |fails, unheard| Fate {
            fails: Some(fails),
            unheard,
            ..QUIET
        };
        assert_eq!(fails(71, None).told(), Some(130));
        assert_eq!(fails(71, Some((90, 500))).told(), Some(550));
        assert_eq!(fails(71, Some((90, 5 * END))).told(), None);
        assert!(fails(71, Some((90, 5 * END))).is_silent_at(0, 180));
        assert!(!QUIET.is_silent_at(0, 180));
    }

    #[test]
    fn shares_are_as_declared() {
        let (mut dice, mut fates) = (Dice::of(1, 1), Vec::new());
        for (world, rate) in [(LABORATORY, 0.1), (FIELD, 0.02), (SITES, 0.1)] {
            draw(&world, 100_000, rate, &mut dice, &mut fates);
            let share = |holds: fn(&Fate) -> bool| {
                fates.iter().filter(|fate| holds(fate)).count() as f64 / 100_000.0
            };
            let near = |found: f64, expected: f64| (found - expected).abs() < 0.006;
            let fails = rate * (1.0 - world.away);
            assert!(near(share(|fate| fate.fails.is_some()), fails), "{world:?}");
            assert!(
                near(share(|fate| fate.begins.is_none()), world.away),
                "{world:?}"
            );
            assert!(
                near(share(|fate| fate.unheard.is_some()), world.silent),
                "{world:?}"
            );
        }
    }
}
