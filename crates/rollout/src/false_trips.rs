//! How often the tripwire of a hardware revision halts a release that is as good as the plan expects: an exact upper bound.
//!
//! The wire trips when, of the first devices of one revision that began, so many have failed as the plan says, and as large a share of them
//! as must be noticed ([`crate::tripwire`]). Failures become known in any order and while others begin, but only devices that began fail. So
//! if it ever trips, then there is a number of devices, in the order in which they began, among which so many fail sooner or later. The chance
//! of that is reckoned device by device from the binomial, as `chances.rs` does, and is met exactly where each failure shows before the
//! next device begins. How a sample falls into revisions isn't known beforehand: the worst way is taken. It is said of devices that fail
//! independently of each other, each with the expected chance. Where a plan counts sites, it is said of canaries alone, which hold one device of
//! each: every further device makes it likelier that its site fails. That a device bricks isn't in it: a plan doesn't expect bricks, and who
//! halts on one makes no mistake. Read [`Wire`].

use mainstay_plan as plan;

use crate::tripwire::gathers;

/// The tripwire of hardware revisions, under a release that is as good as expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wire {
    /// Percent of devices that fail on a good release.
    pub expect: f64,
    /// Percent that must be noticed: no smaller share of a revision trips it.
    pub halt: f64,
    /// So many failures trip it.
    pub failures: u32,
    /// So many hardware revisions are watched.
    pub revisions: u32,
}

/// Above this many devices or revisions each revision is taken to be as large as all of them together: still an upper bound, and no more
/// work than for one.
const SPLIT_DEVICES_MAX: usize = 2000;
const SPLIT_REVISIONS_MAX: u32 = 8;

/// Whatever is less likely counts as tripped at once: it can't be told from rounding, and the bound stays one.
const NEGLIGIBLE: f64 = 1e-18;

/// The devices that never come to be reckoned with, in a fleet of any size, may trip it with no more than this chance.
const TAIL_MAX: f64 = 1e-6;

impl Wire {
    /// The chance, as a fraction, that it trips in a wave of so many devices is at most this.
    #[must_use]
    pub fn trips_among(&self, devices: u32) -> f64 {
        if devices > plan::sizing::DEVICES_MAX {
            return self.ever_trips();
        }
        let mut walk = Walk::of(*self);
        let mut one = vec![0.0];
        for _ in 0..devices {
            walk.add_device();
            one.push(walk.tripped);
        }
        let is_small = one.len() <= SPLIT_DEVICES_MAX && self.revisions <= SPLIT_REVISIONS_MAX;
        match is_small {
            true => worst_split(&one, self.revisions),
            false => any_of(walk.tripped, self.revisions),
        }
    }

    /// The chance that it ever trips, in a fleet of any size, is at most this.
    #[must_use]
    pub fn ever_trips(&self) -> f64 {
        if self.expect > 0.0 && self.expect >= self.halt {
            // So large a share fails sooner or later; no number of devices brings the bound below 1.
            return 1.0;
        }
        let mut walk = Walk::of(*self);
        while walk.devices < plan::sizing::DEVICES_MAX && walk.tail() > TAIL_MAX {
            walk.add_device();
        }
        any_of((walk.tripped + walk.tail()).min(1.0), self.revisions)
    }
}

/// The chance that one of so many revisions trips it, if each does with this chance.
fn any_of(one: f64, revisions: u32) -> f64 {
    1.0 - (1.0 - one).powf(f64::from(revisions))
}

/// The largest chance that any way to divide the devices over revisions has; `one[n]` is that of one revision with `n` devices.
fn worst_split(one: &[f64], revisions: u32) -> f64 {
    let mut worst = vec![0.0; one.len()];
    for _ in 0..revisions {
        let of = |devices: usize| {
            let ways = (0..=devices).map(|n| 1.0 - (1.0 - one[n]) * (1.0 - worst[devices - n]));
            ways.fold(0.0, f64::max)
        };
        worst = (0..one.len()).map(of).collect();
    }
    worst.last().copied().unwrap_or(0.0)
}

/// One revision, device by device.
struct Walk {
    wire: Wire,
    devices: u32,
    /// The chance of each number of failures with which it hasn't tripped.
    open: Vec<f64>,
    tripped: f64,
}

impl Walk {
    fn of(wire: Wire) -> Self {
        Self {
            wire,
            devices: 0,
            open: vec![1.0],
            tripped: 0.0,
        }
    }

    fn add_device(&mut self) {
        let rate = (self.wire.expect / 100.0).clamp(0.0, 1.0);
        self.devices += 1;
        let mut of_fewer = 0.0;
        self.open.push(0.0);
        for chance in &mut self.open {
            let here = *chance;
            *chance = here * (1.0 - rate) + of_fewer * rate;
            of_fewer = here;
        }
        while let Some(chance) = self.open.pop_if(|chance| *chance < NEGLIGIBLE) {
            self.tripped += chance;
        }
        while self.is_tripped() {
            self.tripped += self.open.pop().unwrap_or(0.0);
        }
    }

    /// Whether the largest open number of failures trips it.
    fn is_tripped(&self) -> bool {
        let most = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        let Some(failures) = most.checked_sub(1) else {
            return false;
        };
        gathers(failures, self.devices, self.wire.failures, self.wire.halt)
    }

    /// More than the chance that it trips with any later device: that a share of `halt` among `n` devices fails has at most the chance
    /// exp(-n D), with D the divergence of the two rates (H. Chernoff, 1952), and these add up.
    fn tail(&self) -> f64 {
        let (p, h) = (self.wire.expect / 100.0, self.wire.halt / 100.0);
        if p <= 0.0 {
            return 0.0;
        }
        if h <= p || h >= 1.0 {
            return 1.0;
        }
        let divergence = h * (h / p).ln() + (1.0 - h) * ((1.0 - h) / (1.0 - p)).ln();
        let first = (-f64::from(self.devices + 1) * divergence).exp();
        (first / -(-divergence).exp_m1()).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(expect: f64, halt: f64, failures: u32, revisions: u32) -> Wire {
        Wire {
            expect,
            halt,
            failures,
            revisions,
        }
    }

    /// Every sequence of outcomes of one revision's devices, each failure known before the next one begins.
    fn by_enumeration(wire: &Wire, devices: u32) -> f64 {
        let trips = |outcomes: &u32| {
            let failed = |n: u32| (outcomes & ((1 << n) - 1)).count_ones();
            (1..=devices).any(|n| gathers(failed(n), n, wire.failures, wire.halt))
        };
        let chance = |outcomes: u32| {
            let failures = outcomes.count_ones().cast_signed();
            let rate = wire.expect / 100.0;
            rate.powi(failures) * (1.0 - rate).powi(devices.cast_signed() - failures)
        };
        (0_u32..1 << devices).filter(trips).map(chance).sum()
    }

    fn near(found: f64, expected: f64, what: &str) {
        assert!(
            (found - expected).abs() < 1e-9,
            "{what}: {found} {expected}"
        );
    }

    #[test]
    fn the_chance_in_one_revision_is_that_of_every_sequence() {
        for (expect, halt, failures) in [
            (10.0, 50.0, 2),
            (20.0, 40.0, 3),
            (5.0, 90.0, 1),
            (30.0, 35.0, 4),
        ] {
            for devices in [1, 3, 6, 11, 14] {
                let wire = wire(expect, halt, failures, 1);
                let expected = by_enumeration(&wire, devices);
                near(
                    wire.trips_among(devices),
                    expected,
                    &format!("{wire:?} {devices}"),
                );
            }
        }
    }

    #[test]
    fn of_several_revisions_the_worst_division_counts() {
        let two = wire(20.0, 60.0, 2, 2);
        let one = |devices| by_enumeration(&wire(20.0, 60.0, 2, 1), devices);
        let ways = (0..=12).map(|n| 1.0 - (1.0 - one(n)) * (1.0 - one(12 - n)));
        near(two.trips_among(12), ways.fold(0.0, f64::max), "two");
        let together = any_of(one(12), 2);
        assert!(
            two.trips_among(12) <= together,
            "no more than twice all of them"
        );
    }

    #[test]
    fn it_grows_with_the_wave_and_stays_below_the_whole_fleets() {
        for wire in [
            wire(0.5, 5.0, 4, 2),
            wire(1.0, 5.0, 3, 2),
            wire(0.1, 1.0, 10, 1),
            wire(0.5, 2.0, 9, 3),
        ] {
            let sizes = [1, 40, 105, 613, 2500];
            let chances: Vec<_> = sizes
                .iter()
                .map(|devices| wire.trips_among(*devices))
                .collect();
            assert!(chances.is_sorted(), "{wire:?}: {chances:?}");
            assert!(
                chances[0] < 1e-9 && chances[4] <= wire.ever_trips() + 1e-9,
                "{wire:?}: {chances:?}"
            );
        }
    }

    /// Of 105 devices 4 or more fail with a chance of 0.200 %, of 80 with one of 0.073 %; of more than 80, four are less than 5 %.
    #[test]
    fn the_starting_plans_wire_adds_little() {
        let wire = wire(0.5, 5.0, 4, 2);
        let among = wire.trips_among(105);
        assert!((0.0005..0.002).contains(&among), "{among}");
        assert!(wire.ever_trips() < 0.003, "{}", wire.ever_trips());
    }

    #[test]
    fn what_never_fails_never_trips_and_a_wire_within_the_expected_always_may() {
        assert_eq!(wire(0.0, 5.0, 1, 3).ever_trips(), 0.0);
        assert_eq!(wire(5.0, 5.0, 4, 1).ever_trips(), 1.0);
        assert_eq!(wire(0.5, 5.0, 4, 2).trips_among(0), 0.0);
    }

    /// Beyond what is reckoned device by device it stays an upper bound.
    #[test]
    fn a_wave_larger_than_any_that_is_sized_counts_as_endless() {
        let wire = wire(0.5, 5.0, 4, 2);
        let beyond = plan::sizing::DEVICES_MAX + 1;
        assert_eq!(wire.trips_among(beyond), wire.ever_trips());
    }
}
