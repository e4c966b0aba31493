//! How much evidence each look at a growing sample needs, so that all looks together keep one alpha.
//!
//! Who looks five times at 5 % finds something in 14 of 100 samples in which there is nothing. So alpha is spent
//! little by little, as a function of the share of information that is in (K. Lan and D. DeMets, "Discrete
//! sequential boundaries for clinical trials", 1983), here the function that comes near the boundaries of P. O'Brien
//! and T. Fleming: next to nothing at first, nearly all of it at the end. A look's boundary follows from what was
//! spent before and from how the looks hang together: the sum of what was seen is a random walk whose steps are
//! normal, and its density is carried from look to look by numerical integration (P. Armitage, C. McPherson and
//! B. Rowe, "Repeated significance tests on accumulating data", 1969). Looks may come at any share; only what
//! is planned to be the whole must stand beforehand.
//!
//! Read [`spent`], then [`boundaries`].

use crate::normal::{FAR, density, falling_to, point, tail};

/// The share of `alpha` that may be spent when so much of the information is in: both are fractions, alpha one-sided.
#[must_use]
pub fn spent(alpha: f64, information: f64) -> f64 {
    match information {
        i if i <= 0.0 => 0.0,
        i if i >= 1.0 => alpha,
        i => (2.0 * tail(point(alpha / 2.0) / i.sqrt())).min(alpha),
    }
}

/// For each look the standard normal value that stands for "too much": a one-sided level of its own is the tail
/// beyond it.
///
/// `looks` are shares of the planned information, rising. If `is_whole`, the newest is the last, and spends all that
/// is left, be it early or late.
#[must_use]
pub fn boundaries(alpha: f64, looks: &[f64], is_whole: bool) -> Vec<f64> {
    let mut walk = Walk::start();
    let (mut before, mut found) = (0.0, Vec::new());
    for (n, information) in looks.iter().enumerate() {
        let is_last = is_whole && n + 1 == looks.len();
        let now = if is_last {
            alpha
        } else {
            spent(alpha, *information)
        };
        let place = walk.place(*information, now - before);
        found.push(place / information.sqrt());
        if let Some(next) = looks.get(n + 1) {
            walk = walk.stop_at(place, *information, *next);
        }
        before = now;
    }
    found
}

/// Where the walk may be after a look, if it hasn't been stopped: places with their chances.
struct Walk {
    information: f64,
    places: Vec<(f64, f64)>,
}

/// Between two places lies this part of the step's standard deviation: with Simpson's rule some seven digits.
const PLACES_IN_A_DEVIATION: f64 = 8.0;

/// More places than this take time and give no further digit; looks are never so near each other.
const PLACES_MAX: f64 = 4000.0;

impl Walk {
    /// At the origin, before anything is known.
    fn start() -> Self {
        Self {
            information: 0.0,
            places: vec![(0.0, 1.0)],
        }
    }

    /// The standard deviation of the step from here.
    fn deviation(&self, information: f64) -> f64 {
        (information - self.information).max(f64::EPSILON).sqrt()
    }

    /// The place that the walk is beyond with chance `spend` at its next look.
    fn place(&self, information: f64, spend: f64) -> f64 {
        let deviation = self.deviation(information);
        let beyond = |place: f64| -> f64 {
            let of = |(at, chance): &(f64, f64)| chance * far_tail((place - at) / deviation);
            self.places.iter().map(of).sum()
        };
        falling_to(spend, FAR * information.sqrt(), beyond)
    }

    /// The walk after that look, without what was stopped there; `next` decides how finely it must be known.
    fn stop_at(&self, end: f64, information: f64, next: f64) -> Self {
        let deviation = self.deviation(information);
        let density_at = |place: f64| -> f64 {
            let of = |(at, chance): &(f64, f64)| chance * density((place - at) / deviation);
            self.places.iter().map(of).sum::<f64>() / deviation
        };
        let finest = deviation.min((next - information).max(f64::EPSILON).sqrt());
        let start = -FAR * information.sqrt();
        let wanted = (end - start) / finest * PLACES_IN_A_DEVIATION;
        // Between 2 and PLACES_MAX; Simpson's rule takes an even number of intervals.
        let intervals = 2 * (wanted.min(PLACES_MAX) / 2.0).ceil().max(1.0) as u32;
        let width = (end - start) / f64::from(intervals);
        let place = |n: u32| {
            let at = start + f64::from(n) * width;
            let weight = match n {
                n if n == 0 || n == intervals => 1.0,
                n if n.is_multiple_of(2) => 2.0,
                _ => 4.0,
            };
            (at, weight * width / 3.0 * density_at(at))
        };
        Self {
            information,
            places: (0..=intervals).map(place).collect(),
        }
    }
}

/// The tail, without reckoning what rounds to 0 or 1.
fn far_tail(x: f64) -> f64 {
    match x {
        x if x > FAR => 0.0,
        x if x < -FAR => 1.0,
        x => tail(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(alpha: f64, looks: &[f64], expected: &[f64]) {
        let found = boundaries(alpha, looks, true);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.0015, "{found} {expected}");
        }
        assert_eq!(found.len(), expected.len());
    }

    /// As printed in textbooks and by the programs of the trade.
    #[test]
    fn boundaries_are_the_published_ones() {
        check(0.025, &[1.0], &[1.960]);
        check(0.025, &[0.5, 1.0], &[2.963, 1.969]);
        check(
            0.025,
            &[0.2, 0.4, 0.6, 0.8, 1.0],
            &[4.877, 3.357, 2.680, 2.290, 2.031],
        );
    }

    /// Uneven looks at small shares of alpha, as several signals in several waves have: reckoned outside of this code, by plain sums over a fine grid
    /// and bisection.
    #[test]
    fn uneven_looks_at_a_small_alpha_have_the_boundaries_of_another_reckoning() {
        check(0.005, &[0.3, 0.55, 1.0], &[4.9927, 3.6092, 2.5795]);
        check(0.0083, &[0.28, 0.75, 1.0], &[4.8528, 2.8333, 2.4282]);
    }

    #[test]
    fn a_look_that_comes_late_may_spend_what_the_earlier_ones_left() {
        let early = boundaries(0.025, &[0.5, 0.9], true)[1];
        assert!((1.960..2.031).contains(&early), "{early}");
        let open = boundaries(0.025, &[0.5, 0.9], false)[1];
        assert!(open > early, "not the last, so not all is spent");
    }

    proptest! {
        #[test]
        fn spending_rises_and_never_exceeds_alpha(alpha in 0.0001..0.5_f64, a in 0.0..1.5_f64, b in 0.0..1.5_f64) {
            let (low, high) = (spent(alpha, a.min(b)), spent(alpha, a.max(b)));
            prop_assert!(0.0 <= low && low <= high && high <= alpha);
        }

        /// Whatever the looks, a walk without drift crosses any of its boundaries with chance alpha.
        #[test]
        fn all_looks_together_spend_alpha(alpha in 0.001..0.1_f64, steps in prop::collection::vec(0.02..0.4_f64, 1..6)) {
            let mut at = 0.0;
            let looks: Vec<f64> = steps.iter().map(|step| { at += step; at }).collect();
            let looks: Vec<f64> = looks.iter().map(|look| look / at).collect();
            let (mut walk, mut crossed) = (Walk::start(), 0.0);
            for (n, z) in boundaries(alpha, &looks, true).iter().enumerate() {
                let (place, deviation) = (z * looks[n].sqrt(), walk.deviation(looks[n]));
                crossed += walk.places.iter().map(|(at, chance)| chance * tail((place - at) / deviation)).sum::<f64>();
                // Finer than the boundaries were reckoned with.
                let next = looks.get(n + 1).map_or(2.0, |next| looks[n] + (next - looks[n]) / 4.0);
                walk = walk.stop_at(place, looks[n], next);
            }
            prop_assert!((crossed / alpha - 1.0).abs() < 1e-4, "{} of {}", crossed, alpha);
        }
    }
}
