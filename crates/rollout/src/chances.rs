//! How a wave may end, reckoned exactly before it begins.
//!
//! The sequential test walks over places: so many devices scored, so many failures among them. The
//! chance of each place follows from the chances one device earlier, so nothing is drawn by lot and
//! nothing approximated. It is said of devices that fail independently of each other, each with the
//! same chance, and that all come to be scored. Read [`Chances`], then [`Walk`].

use std::collections::VecDeque;

use mainstay_plan as plan;
use serde::{Deserialize, Serialize};

use crate::sprt::{Law, Sprt, Verdict};

/// How a first wave of so many devices may end, as fractions that add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Chances {
    /// How many devices the wave has.
    pub devices: u32,
    /// The release is rejected, and the rollout halts.
    pub halts: f64,
    /// The release is accepted: it goes on by itself.
    pub goes_on: f64,
    /// Every device is scored and the test couldn't tell: a person decides.
    pub asks: f64,
    /// How many devices are scored until then, on average.
    pub scored: f64,
}

/// The test on a wave that grows, device by device.
#[derive(Debug, Clone)]
pub struct Walk {
    law: Law,
    rate: f64,
    devices: u32,
    /// The chance of each place that is still open: of `fewest` failures, of one more, and so on.
    open: VecDeque<f64>,
    fewest: u32,
    halts: f64,
    accepts: f64,
    scored: f64,
}

/// A larger wave than this isn't looked for: fleets that need more want a larger `halt` instead.
const DEVICES_MAX: u32 = plan::sizing::DEVICES_MAX;

impl Walk {
    /// Of a release that fails on `rate` percent of devices, under this test; no device yet.
    #[must_use]
    pub fn new(test: plan::HardTest, rate: f64) -> Self {
        Self {
            law: Law::of(test),
            rate: (rate / 100.0).clamp(0.0, 1.0),
            devices: 0,
            open: VecDeque::from([1.0]),
            fewest: 0,
            halts: 0.0,
            accepts: 0.0,
            scored: 0.0,
        }
    }

    /// One more device.
    pub fn add_device(&mut self) {
        self.devices = self.devices.saturating_add(1);
        self.scored += self.open.iter().sum::<f64>();
        let mut of_fewer = 0.0;
        self.open.push_back(0.0);
        for chance in &mut self.open {
            let here = *chance;
            *chance = here * (1.0 - self.rate) + of_fewer * self.rate;
            of_fewer = here;
        }
        self.judge();
    }

    /// Closes the places at which the test ends.
    fn judge(&mut self) {
        for (more, chance) in (0..).zip(&mut self.open) {
            let point = self.law.point(self.devices, self.fewest + more);
            let ended = match self.law.judge(point) {
                Verdict::Continue => continue,
                Verdict::Accept { .. } => &mut self.accepts,
                Verdict::Reject { .. } => &mut self.halts,
            };
            *ended += core::mem::take(chance);
        }
        while self.open.front() == Some(&0.0) {
            self.open.pop_front();
            self.fewest += 1;
        }
        while self.open.back() == Some(&0.0) {
            self.open.pop_back();
        }
    }

    /// How the wave may end, as large as it is now.
    #[must_use]
    pub fn chances(&self) -> Chances {
        Chances {
            devices: self.devices,
            halts: self.halts,
            goes_on: self.accepts,
            asks: self.open.iter().sum(),
            scored: self.scored,
        }
    }
}

/// How a wave of `devices` may end, if the release fails on `rate` percent of devices.
#[must_use]
pub fn of_wave(test: plan::HardTest, rate: f64, devices: u32) -> Chances {
    let mut walk = Walk::new(test, rate);
    (0..devices.min(DEVICES_MAX)).for_each(|_| walk.add_device());
    walk.chances()
}

/// The smallest wave that ends with a question in at most `asks_max` of all cases (a fraction), be the release
/// as good as expected or just bad enough to be stopped; none if that takes more devices than are ever sized.
#[must_use]
pub fn devices_for(test: plan::HardTest, asks_max: f64) -> Option<u32> {
    let needed = Sprt::of(test).healthy_needed()?;
    let mut walks = [test.expect, test.halt].map(|rate| Walk::new(test, rate));
    for devices in 1..=DEVICES_MAX {
        walks.iter_mut().for_each(Walk::add_device);
        let settled = walks.iter().all(|walk| walk.chances().asks <= asks_max);
        if devices >= needed && settled {
            return Some(devices);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(expect: f64, halt: f64) -> plan::HardTest {
        plan::HardTest {
            expect,
            halt,
            alpha: 5.0,
            power: 90,
        }
    }

    /// Every sequence of outcomes, through the test itself.
    fn by_enumeration(rule: plan::HardTest, rate: f64, devices: u32) -> Chances {
        let mut chances = Chances {
            devices,
            halts: 0.0,
            goes_on: 0.0,
            asks: 0.0,
            scored: 0.0,
        };
        for outcomes in 0_u32..1 << devices {
            let mut sprt = Sprt::of(rule);
            (0..devices).for_each(|n| sprt.push(outcomes >> n & 1 == 1));
            let failures = outcomes.count_ones().cast_signed();
            let healthy = devices.cast_signed() - failures;
            let chance = (rate / 100.0).powi(failures) * (1.0 - rate / 100.0).powi(healthy);
            chances.scored += chance * f64::from(sprt.last().scored);
            *match sprt.verdict() {
                Verdict::Reject { .. } => &mut chances.halts,
                Verdict::Accept { .. } => &mut chances.goes_on,
                Verdict::Continue => &mut chances.asks,
            } += chance;
        }
        chances
    }

    #[test]
    fn chances_are_those_of_every_sequence() {
        for (rule, rate) in [
            (rule(1.0, 12.0), 1.0),
            (rule(5.0, 40.0), 40.0),
            (rule(10.0, 50.0), 25.0),
            (rule(30.0, 60.0), 45.0),
        ] {
            for devices in [1, 2, 5, 9, 14] {
                let (found, expected) = (
                    of_wave(rule, rate, devices),
                    by_enumeration(rule, rate, devices),
                );
                for (found, expected) in [
                    (found.halts, expected.halts),
                    (found.goes_on, expected.goes_on),
                    (found.asks, expected.asks),
                    (found.scored, expected.scored),
                ] {
                    let what = format!("{rule:?} {rate} {devices}: {found} {expected}");
                    assert!((found - expected).abs() < 1e-9, "{what}");
                }
            }
        }
    }

    /// Both promises hold for every size; that a person is asked gets rarer with it.
    #[test]
    fn declared_rates_are_kept_at_every_size() {
        for (expect, halt) in [(0.05, 0.2), (0.5, 2.0), (1.0, 5.0), (1.0, 12.0)] {
            let rule = rule(expect, halt);
            let (mut good, mut bad) = (Walk::new(rule, expect), Walk::new(rule, halt));
            for _ in 0..6000 {
                good.add_device();
                bad.add_device();
                assert!(good.chances().halts <= 0.05, "{expect} {halt}");
                let unnoticed = bad.accepts;
                assert!(unnoticed <= 0.1, "{expect} {halt}: {unnoticed}");
            }
            let (good, bad) = (good.chances(), bad.chances());
            assert!(good.goes_on > 0.9 && bad.halts > 0.85, "{good:?} {bad:?}");
        }
    }

    #[test]
    fn sizes_for_few_questions() {
        let sizes = |asks| devices_for(rule(0.5, 2.0), asks);
        assert_eq!((sizes(0.1), sizes(0.05)), (Some(448), Some(613)));
        let smallest = sizes(0.05).expect("a size");
        let asks = |devices| [0.5, 2.0].map(|rate| of_wave(rule(0.5, 2.0), rate, devices).asks);
        assert!(asks(smallest).iter().all(|asks| *asks <= 0.05));
        assert!(asks(smallest - 1).iter().any(|asks| *asks > 0.05));
        assert_eq!(
            devices_for(rule(5.0, 5.0), 0.05),
            None,
            "rates that make no test"
        );
    }
}
