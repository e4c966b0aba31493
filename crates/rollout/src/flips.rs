//! The exact chance of a sum of differences, if each might as well have had the other sign.
//!
//! Two devices of a pair were put on their sides by lot. If neither side is worse, the difference between them is
//! as likely to be this much as to be minus this much, whatever its size. So the sizes are taken as they are, and
//! all choices of signs are counted: how many of them give a sum as large as the one that was seen? No shape is assumed, no
//! sample is too small, and one wild device in a hundred can't fake a result: its own sign is a coin's throw
//! (R. Fisher, "The Design of Experiments", 1935; E. Pitman, "Significance tests which may be applied to samples from any
//! populations", 1937). Where all sizes are the same this is the sign test.
//!
//! What is asked is whether the differences lie around nought *pair by pair*. That is exact for "worse": if no pair is worse, nothing is found more
//! often than told. "Not worse" is as exact where a release harms all devices alike. Where harm gathers in a few, their signs are one way while the
//! others' are the other, no pair lies around nought, and a release whose mean lies at the margin may be let through more often:
//! `docs/concepts/statistics.md` shows how often. Read [`chance`].

/// The sizes are counted in so many ticks together, or [`TICKS_EACH`] for each if that is more: fine enough that a tick is a small part
/// of one difference, coarse enough that counting takes a moment. The chance is exact for the sizes so rounded.
const TICKS_MIN: f64 = 4096.0;

/// Ticks of a difference of middling size, where there are many.
const TICKS_EACH: f64 = 16.0;

/// The chance that the sum of these differences is as large as it is, or larger, with every sign thrown by a fair
/// coin. 1 if there is none, or all are nought.
#[must_use]
pub fn chance(differences: &[f64]) -> f64 {
    let whole: f64 = differences.iter().map(|d| d.abs()).sum();
    if whole.is_nan() || whole <= 0.0 {
        return 1.0;
    }
    let all = TICKS_MIN.max(TICKS_EACH * differences.len() as f64);
    // Between 0 and all of them by construction.
    let ticks = |difference: &f64| (difference.abs() / whole * all).round() as usize;
    let seen: usize = differences.iter().filter(|d| **d > 0.0).map(ticks).sum();
    let sums = sums(&differences.iter().map(ticks).collect::<Vec<_>>());
    sums.iter().skip(seen).sum::<f64>().min(1.0)
}

/// The same of so many differences of one size above nought, and so many below: the sign test.
#[must_use]
pub fn chance_of_signs(above: u32, below: u32) -> f64 {
    let signs = |count: u32, sign: f64| vec![sign; count as usize];
    chance(&[signs(above, 1.0), signs(below, -1.0)].concat())
}

/// For each sum of positive sizes its chance, when each is positive with a chance of one half.
fn sums(sizes: &[usize]) -> Vec<f64> {
    let mut chances = vec![0.0; sizes.iter().sum::<usize>() + 1];
    let mut reached = 0;
    chances[0] = 1.0;
    for size in sizes {
        reached += size;
        for sum in (0..=reached).rev() {
            let without = chances[sum];
            let with = sum.checked_sub(*size).map_or(0.0, |rest| chances[rest]);
            chances[sum] = f64::midpoint(without, with);
        }
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(differences: &[f64], expected: f64) {
        let found = chance(differences);
        assert!((found - expected).abs() < 1e-12, "{differences:?}: {found}");
    }

    #[test]
    fn small_samples_are_counted_out() {
        check(&[], 1.0);
        check(&[0.0, 0.0], 1.0);
        check(&[3.0], 0.5);
        check(&[-3.0], 1.0);
        // 3 + 2 + 1 beats all; 3 + 2 - 1 is beaten by one choice and met by itself.
        check(&[3.0, 2.0, 1.0], 0.125);
        check(&[3.0, 2.0, -1.0], 0.25);
        check(&[3.0, -2.0, -1.0], 0.625);
    }

    #[test]
    fn equal_sizes_make_the_sign_test() {
        let of = |plus: usize, minus: usize| [vec![1.0; plus], vec![-1.0; minus]].concat();
        check(&of(5, 0), 1.0 / 32.0);
        check(&of(7, 1), 9.0 / 256.0);
        check(&of(8, 2), 56.0 / 1024.0);
    }

    /// All other devices count among themselves, as without the wild one.
    #[test]
    fn one_wild_device_proves_nothing() {
        let mut differences = vec![-0.1; 20];
        differences.push(1e6);
        check(&differences, 0.5);
    }

    proptest! {
        // Every choice of signs of every case is counted.
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn a_sum_and_its_opposite_share_all_chance(differences in prop::collection::vec(-5.0..5.0_f64, 1..30)) {
            let opposite: Vec<f64> = differences.iter().map(|d| -d).collect();
            let both = chance(&differences) + chance(&opposite);
            // What lies exactly at the sum is counted on both sides.
            prop_assert!((1.0..=2.0).contains(&(both + 1e-9)), "{}", both);
        }

        /// Of all choices of signs, no more than a share of p have a chance of p or less.
        #[test]
        fn the_chance_keeps_its_word(sizes in prop::collection::vec(0.01..5.0_f64, 1..9), level in 0.0..1.0_f64) {
            let all = 1_u32 << sizes.len();
            let signed = |choice: u32| -> Vec<f64> {
                let sign = |n: usize| if choice >> n & 1 == 1 { 1.0 } else { -1.0 };
                sizes.iter().enumerate().map(|(n, size)| sign(n) * size).collect()
            };
            let found = (0..all).filter(|choice| chance(&signed(*choice)) <= level).count();
            prop_assert!(found as f64 <= level * f64::from(all) + 1e-9);
        }
    }
}
