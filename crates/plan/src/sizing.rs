//! How many devices a canary needs: the exact one-sided binomial test. Read [`canary_needed`].
//!
//! With `n` devices the test halts at `c` failures, where `c` is the smallest count that a good
//! release reaches with a chance of at most alpha. It is strong enough when a bad release reaches
//! `c` with a chance of at least the power.
//!
//! Nothing is approximated by a normal curve: at failure rates below a percent that would be wrong
//! by dozens of devices. Terms are kept as logarithms, because `0.98^5000` is no ordinary number.

/// Largest canary this module will size: fleets that need more want a larger `halt` instead.
pub const DEVICES_MAX: u32 = 100_000;

/// Smallest number of devices with which the test keeps `alpha` and `power`. All arguments are
/// fractions between 0 and 1 with `p0 < p1`; nothing comes back when they aren't, or when more
/// than [`DEVICES_MAX`] devices would be needed.
#[must_use]
pub fn canary_needed(p0: f64, p1: f64, alpha: f64, power: f64) -> Option<u32> {
    let fraction = |x: f64| x > 0.0 && x < 1.0;
    if ![p0, p1, alpha, power].into_iter().all(fraction) || p0 >= p1 {
        return None;
    }
    let mut test = Test::of_one_device(p0, p1, alpha);
    while test.devices() < DEVICES_MAX {
        if test.power() >= power {
            return Some(test.devices());
        }
        test.add_device();
    }
    None
}

/// The chance that the test with `devices` devices notices a release that fails with chance `p1`.
/// All as fractions; 0 for no devices, or when the arguments make no test.
#[must_use]
pub fn power_of(devices: u32, p0: f64, p1: f64, alpha: f64) -> f64 {
    let fraction = |x: f64| x > 0.0 && x < 1.0;
    if devices == 0 || ![p0, p1, alpha].into_iter().all(fraction) {
        return 0.0;
    }
    let mut test = Test::of_one_device(p0, p1, alpha);
    while test.devices() < devices.min(DEVICES_MAX) {
        test.add_device();
    }
    test.power()
}

/// The test at one number of devices, with its count of failures to halt at.
struct Test {
    good: Below,
    bad: Below,
    alpha: f64,
}

impl Test {
    fn of_one_device(p0: f64, p1: f64, alpha: f64) -> Self {
        let (good, bad) = (Below::of_one_device(p0), Below::of_one_device(p1));
        let mut test = Self { good, bad, alpha };
        test.settle();
        test
    }

    fn devices(&self) -> u32 {
        self.good.devices
    }

    fn power(&self) -> f64 {
        1.0 - self.bad.chance
    }

    fn add_device(&mut self) {
        self.good.add_device();
        self.bad.add_device();
        self.settle();
    }

    /// Raises the halting count until a good release is safe from it. It never has to fall again:
    /// one more device only makes any count of failures likelier.
    fn settle(&mut self) {
        while 1.0 - self.good.chance > self.alpha && self.good.count <= self.devices() {
            self.good.raise_count();
            self.bad.raise_count();
        }
    }
}

/// The chance of fewer than `count` failures among `devices` devices, moved along one step at a
/// time. `edge_ln` is the logarithm of the chance of exactly `count - 1` failures.
struct Below {
    p_ln: f64,
    q_ln: f64,
    devices: u32,
    count: u32,
    chance: f64,
    edge_ln: f64,
}

impl Below {
    fn of_one_device(p: f64) -> Self {
        let (p_ln, q_ln) = (p.ln(), (-p).ln_1p());
        Self {
            p_ln,
            q_ln,
            devices: 1,
            count: 1,
            chance: 1.0 - p,
            edge_ln: q_ln,
        }
    }

    /// One more device: those who stood at the edge fall over it when the new one fails.
    fn add_device(&mut self) {
        self.chance -= (self.p_ln + self.edge_ln).exp();
        let n = f64::from(self.devices + 1);
        let k = f64::from(self.count - 1);
        self.edge_ln += (n / (n - k)).ln() + self.q_ln;
        self.devices += 1;
    }

    /// One more failure allowed: the next count's chance joins.
    fn raise_count(&mut self) {
        let n = f64::from(self.devices);
        let k = f64::from(self.count);
        self.edge_ln += ((n - k + 1.0) / k).ln() + self.p_ln - self.q_ln;
        self.chance += self.edge_ln.exp();
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same sum by brute force, for small numbers.
    fn chance_of_at_least(count: u32, devices: u32, p: f64) -> f64 {
        let mut pmf = (1.0 - p).powi(devices.cast_signed());
        let mut below = 0.0;
        for k in 0..count {
            below += pmf;
            pmf *= f64::from(devices - k) / f64::from(k + 1) * p / (1.0 - p);
        }
        1.0 - below
    }

    fn brute_force(p0: f64, p1: f64, alpha: f64, power: f64) -> u32 {
        (1..)
            .find(|&n| {
                let halts = |&c: &u32| chance_of_at_least(c, n, p0) <= alpha;
                let count = (1..=n + 1)
                    .find(halts)
                    .expect("n + 1 failures never happen");
                chance_of_at_least(count, n, p1) >= power
            })
            .expect("the search is unbounded")
    }

    /// The sizes were computed apart from this code, in exact fractions.
    #[test]
    fn sizes_agree_with_exact_fractions() {
        let cases = [
            (0.005, 0.02, 462),
            (0.005, 0.05, 105),
            (0.01, 0.12, 31),
            (0.01, 0.05, 132),
            (0.01, 0.02, 1235),
            (0.001, 0.01, 531),
            (0.0005, 0.002, 4636),
            (0.0001, 0.001, 5321),
        ];
        for (p0, p1, expected) in cases {
            assert_eq!(
                canary_needed(p0, p1, 0.05, 0.9),
                Some(expected),
                "{p0} {p1}"
            );
        }
    }

    #[test]
    fn sizes_agree_with_brute_force() {
        for p0 in [0.01, 0.02, 0.1, 0.3] {
            for p1 in [0.12, 0.2, 0.5, 0.9] {
                for (alpha, power) in [(0.05, 0.9), (0.2, 0.8), (0.01, 0.99)] {
                    if p0 < p1 && p1 - p0 > 0.05 {
                        let expected = Some(brute_force(p0, p1, alpha, power));
                        let found = canary_needed(p0, p1, alpha, power);
                        assert_eq!(found, expected, "{p0} {p1} {alpha} {power}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_power_at_the_needed_size_is_enough_and_one_fewer_is_not() {
        let needed = canary_needed(0.005, 0.02, 0.05, 0.9).unwrap();
        assert!(power_of(needed, 0.005, 0.02, 0.05) >= 0.9);
        assert!(power_of(needed - 1, 0.005, 0.02, 0.05) < 0.9);
    }

    #[test]
    fn senseless_questions_have_no_answer_and_end() {
        let cases = [
            (0.0, 0.1),
            (0.1, 0.1),
            (0.2, 0.1),
            (0.1, 1.0),
            (f64::NAN, 0.1),
            (0.5, 0.5001),
        ];
        for (p0, p1) in cases {
            assert_eq!(canary_needed(p0, p1, 0.05, 0.9), None, "{p0} {p1}");
        }
        assert_eq!(power_of(0, 0.01, 0.1, 0.05), 0.0);
    }
}
