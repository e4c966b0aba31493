//! The sequential probability ratio test on hard failures (A. Wald, "Sequential Analysis", 1947).
//!
//! Each scored device adds to a log-likelihood ratio:
//!
//! | outcome | adds |
//! |---|---|
//! | failure | ln(p1 / p0) |
//! | success | ln((1 - p1) / (1 - p0)) |
//!
//! At or above ln(1 / alpha) the release is rejected, at or below ln(beta) it is accepted, with alpha
//! this test's share of the declared false-halt rate ([`mainstay_plan::HardFailure::shares`]) and beta = 1 - power. These bounds keep both rates whatever the number
//! of devices: under p0 the likelihood ratio is a martingale that starts at 1, and rises to 1 / alpha
//! with a chance of at most alpha (J. Ville, 1939); under p1 so does its inverse to 1 / beta. (Wald's
//! own bounds lie a little nearer, and keep their sum only.) Rates that make no test (p1 not above p0,
//! power not above alpha) give one that never decides, so that a person is asked in the end. Read
//! [`Sprt`]; what to expect of one before it begins is reckoned in `chances.rs`.

use mainstay_plan as plan;
use serde::{Deserialize, Serialize};

/// What the test says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Not enough evidence either way.
    #[default]
    Continue,
    /// The release fails no more often than expected.
    Accept {
        /// After so many devices.
        after: u32,
    },
    /// The release fails at least as often as the rate that must halt it.
    Reject {
        /// After so many devices.
        after: u32,
    },
}

/// A running test. The verdict sticks: what is pushed later moves neither it nor the path.
#[derive(Debug, Clone, PartialEq)]
pub struct Sprt {
    law: Law,
    verdict: Verdict,
    path: Vec<Point>,
}

/// What the declared rates make of outcomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Law {
    on_failure: f64,
    on_success: f64,
    bounds: Bounds,
}

/// The two lines between which a test goes on, as log-likelihood ratios.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// At or below: accepted. Negative.
    pub accept: f64,
    /// At or above: rejected. Positive.
    pub reject: f64,
}

/// One point of the drawn path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// How many devices were scored.
    pub scored: u32,
    /// How many of them failed.
    pub failures: u32,
    /// The log-likelihood ratio after them.
    pub ratio: f64,
}

/// The smallest failure rate that is reckoned with: a plan may expect 0 %, and ln(p1 / 0) would
/// make a path that can't be drawn. At one in a million a single failure still rejects any p1 that
/// a canary can see.
const RATE_MIN: f64 = 1e-6;

/// Two ratios nearer than this are the same: one failure and its exact balance in successes must
/// not be told apart by rounding.
const RATIO_EPSILON: f64 = 1e-9;

impl Law {
    fn new(p0: f64, p1: f64, alpha: f64, power: u8) -> Self {
        let (p0, p1) = ((p0 / 100.0).max(RATE_MIN), p1 / 100.0);
        let (alpha, beta) = (alpha / 100.0, 1.0 - f64::from(power) / 100.0);
        let decides = p0 < p1 && p1 < 1.0 && alpha > 0.0 && beta > 0.0 && alpha + beta < 1.0;
        let step = |ratio: f64| if decides { ratio.ln() } else { 0.0 };
        let bound = |ratio: f64, never: f64| if decides { ratio.ln() } else { never };
        Self {
            on_failure: step(p1 / p0),
            on_success: step((1.0 - p1) / (1.0 - p0)),
            bounds: Bounds {
                accept: bound(beta, -1.0),
                reject: bound(1.0 / alpha, 1.0),
            },
        }
    }

    pub(crate) fn of(test: plan::HardTest) -> Self {
        Self::new(test.expect, test.halt, test.alpha, test.power)
    }

    /// Where so many failures among so many scored devices lead.
    pub(crate) fn point(&self, scored: u32, failures: u32) -> Point {
        let healthy = f64::from(scored.saturating_sub(failures));
        Point {
            scored,
            failures,
            ratio: f64::from(failures) * self.on_failure + healthy * self.on_success,
        }
    }

    pub(crate) fn judge(&self, point: Point) -> Verdict {
        let after = point.scored;
        match point.ratio {
            r if r >= self.bounds.reject - RATIO_EPSILON => Verdict::Reject { after },
            r if r <= self.bounds.accept + RATIO_EPSILON => Verdict::Accept { after },
            _ => Verdict::Continue,
        }
    }
}

impl Sprt {
    /// A fresh test of `p0` against `p1`, all four in percent.
    #[must_use]
    pub fn new(p0: f64, p1: f64, alpha: u8, power: u8) -> Self {
        Self {
            law: Law::new(p0, p1, f64::from(alpha), power),
            verdict: Verdict::Continue,
            path: vec![Point::default()],
        }
    }

    /// A fresh test with the rates that a plan declares, and its share of alpha.
    #[must_use]
    pub fn of(test: plan::HardTest) -> Self {
        Self {
            law: Law::of(test),
            verdict: Verdict::Continue,
            path: vec![Point::default()],
        }
    }

    /// Feeds the next device in enrolment order.
    pub fn push(&mut self, failed: bool) {
        if self.verdict != Verdict::Continue {
            return;
        }
        let last = self.last();
        let failures = last.failures + u32::from(failed);
        let point = self.law.point(last.scored + 1, failures);
        self.path.push(point);
        self.verdict = self.law.judge(point);
    }

    /// What the test says so far.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The path from the origin to now, or to the verdict.
    #[must_use]
    pub fn path(&self) -> &[Point] {
        &self.path
    }

    /// The newest point of the path.
    #[must_use]
    pub fn last(&self) -> Point {
        *self.path.last().expect("a path begins with the origin")
    }

    /// The two bounds, for drawing.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.law.bounds
    }

    /// How many healthy devices in a row would bring acceptance from here; none if no number would.
    #[must_use]
    pub fn healthy_needed(&self) -> Option<u32> {
        match self.verdict {
            Verdict::Accept { .. } => Some(0),
            Verdict::Reject { .. } => None,
            Verdict::Continue if self.law.on_success == 0.0 => None,
            Verdict::Continue => Some(self.steps_to_accept()),
        }
    }

    fn steps_to_accept(&self) -> u32 {
        let distance = self.last().ratio - self.law.bounds.accept - RATIO_EPSILON;
        let steps = (distance / -self.law.on_success).ceil();
        // A float-to-integer cast saturates, which is right for a count that no fleet reaches.
        steps.max(1.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 % expected, 12 % must halt, 5 % false halts, 90 % power: the demonstration's figures.
    fn demo() -> Sprt {
        Sprt::new(1.0, 12.0, 5, 90)
    }

    fn check(mut sprt: Sprt, outcomes: &str, expected: Verdict) {
        for outcome in outcomes.chars() {
            sprt.push(outcome == 'x');
        }
        assert_eq!(sprt.verdict(), expected, "{outcomes}");
    }

    #[test]
    fn verdicts_fall_where_walds_bounds_say() {
        // Accept: 20 * ln(0.88 / 0.99) = -2.356 <= ln(0.1) = -2.303 < 19 * ... = -2.238.
        check(demo(), &".".repeat(19), Verdict::Continue);
        check(demo(), &".".repeat(20), Verdict::Accept { after: 20 });
        // Reject: 2 * ln(12) = 4.97 >= ln(1 / 0.05) = 3.00.
        check(demo(), "x", Verdict::Continue);
        check(demo(), "..x..x", Verdict::Reject { after: 6 });
        // Twenty healthy devices buy no pardon for what comes after; they decided.
        check(
            demo(),
            &format!("{}xxxx", ".".repeat(20)),
            Verdict::Accept { after: 20 },
        );
        check(
            demo(),
            &format!("xx{}", ".".repeat(99)),
            Verdict::Reject { after: 2 },
        );
        // An expected rate of zero: the first failure decides.
        check(
            Sprt::new(0.0, 5.0, 5, 90),
            "...x",
            Verdict::Reject { after: 4 },
        );
    }

    #[test]
    fn the_count_still_needed_is_the_count_that_accepts() {
        let mut sprt = demo();
        assert_eq!(sprt.healthy_needed(), Some(20));
        sprt.push(true);
        let needed = sprt
            .healthy_needed()
            .expect("one failure can be outweighed");
        assert_eq!(needed, 41);
        (1..needed).for_each(|_| sprt.push(false));
        assert_eq!(
            (sprt.verdict(), sprt.healthy_needed()),
            (Verdict::Continue, Some(1))
        );
        sprt.push(false);
        assert_eq!(sprt.verdict(), Verdict::Accept { after: 42 });
    }

    #[test]
    fn rates_that_make_no_test_never_decide() {
        for (p0, p1, alpha, power) in [
            (5.0, 5.0, 5, 90),
            (1.0, 100.0, 5, 90),
            (1.0, 5.0, 0, 90),
            (1.0, 5.0, 50, 40),
        ] {
            let mut sprt = Sprt::new(p0, p1, alpha, power);
            (0..1000).for_each(|n| sprt.push(n % 2 == 0));
            assert_eq!(
                (sprt.verdict(), sprt.healthy_needed()),
                (Verdict::Continue, None)
            );
        }
    }

    #[test]
    fn the_path_starts_at_the_origin_and_ends_at_the_verdict() {
        let mut sprt = demo();
        (0..30).for_each(|_| sprt.push(false));
        assert_eq!((sprt.path().len(), sprt.path()[0]), (21, Point::default()));
        assert!(sprt.last().ratio <= sprt.bounds().accept);
    }
}
