//! The standard normal distribution: its density, its upper tail, and the point beyond which a tail lies.
//!
//! Written out here because no library of the workspace has it, and all that is needed are two textbook
//! formulas. Read [`tail`].

use core::f64::consts::PI;

/// Below this the series is the quicker one, above it the continued fraction.
const SERIES_END: f64 = 3.0;

/// Terms of the continued fraction: at [`SERIES_END`], where it is slowest, they give all digits of a float.
const FRACTION_TERMS: u32 = 40;

/// Terms of the series: at [`SERIES_END`] the next would no longer change a float.
const SERIES_TERMS: u32 = 50;

/// So far out nothing is reckoned any more: beyond lies less than a float's last digit of 1.
pub(crate) const FAR: f64 = 8.0;

/// The density at `x`.
pub(crate) fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// The chance of `x` or more (M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions", 26.2.11 and
/// 26.2.14).
pub(crate) fn tail(x: f64) -> f64 {
    match x {
        x if x < 0.0 => 1.0 - tail(-x),
        x if x < SERIES_END => 0.5 - density(x) * series(x),
        x => density(x) / fraction(x),
    }
}

/// x + x³ / 3 + x⁵ / (3 · 5) + ...
fn series(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..SERIES_TERMS {
        term *= x * x / f64::from(2 * n + 1);
        sum += term;
    }
    sum
}

/// x + 1 / (x + 2 / (x + 3 / (x + ...)))
fn fraction(x: f64) -> f64 {
    let inner = |sum: f64, n: u32| x + f64::from(n) / sum;
    (1..=FRACTION_TERMS).rev().fold(x, inner)
}

/// The point with this upper tail, between [`FAR`] on either side.
pub(crate) fn point(wanted: f64) -> f64 {
    falling_to(wanted, FAR, tail)
}

/// Halvings of an interval until its width is below the last digits that matter.
const HALVINGS: u32 = 48;

/// Where a function that falls from left to right comes down to `wanted`, within `far` on either side of 0.
pub(crate) fn falling_to(wanted: f64, far: f64, value: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (-far, far);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        match value(middle) > wanted {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        // Abramowitz and Stegun, table 26.1 (one minus P) and 26.2 (minus log Q).
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457),
            (1.96, 0.024_997_895_148_220),
            (2.0, 0.022_750_131_948_179),
            (3.0, 0.001_349_898_031_630),
            (5.0, 2.866_515_718_791_9e-7),
        ] {
            let found = tail(x);
            assert!((found / expected - 1.0).abs() < 1e-12, "{x}: {found}");
            assert!((tail(-x) - (1.0 - expected)).abs() < 1e-15, "{x}");
        }
    }

    #[test]
    fn both_formulas_meet() {
        let (below, above) = (tail(SERIES_END - 1e-12), tail(SERIES_END));
        assert!((below - above) / above < 1e-11, "{below} {above}");
    }

    #[test]
    fn a_point_is_where_its_tail_begins() {
        for x in [-3.0, -0.5, 0.0, 1.0, 2.241_402_727_604_947, 6.0] {
            assert!((point(tail(x)) - x).abs() < 1e-8, "{x}");
        }
        assert!((point(0.025) - 1.959_963_984_540_054).abs() < 1e-9);
    }
}
