//! The declared error rates, measured: many seeded rollouts of one canary, good and bad.
//!
//! The bounds promise at most alpha false halts and beta misses, however many devices there are. What is
//! measured may exceed them by four standard errors of the count, no more.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::sprt::{Sprt, Verdict};

const RUNS: u32 = 20_000;

/// Long enough that nearly every run ends in a verdict.
const DEVICES_MAX: u32 = 20_000;

struct Rates {
    accepted: f64,
    rejected: f64,
}

/// The share of runs that each verdict ends, when every device fails with `rate` percent.
fn measure(p0: f64, p1: f64, rate: f64) -> Rates {
    let mut chance = ChaCha8Rng::seed_from_u64(7);
    let (mut accepted, mut rejected) = (0, 0);
    for _ in 0..RUNS {
        match run(Sprt::new(p0, p1, 5, 90), rate, &mut chance) {
            Verdict::Accept { .. } => accepted += 1,
            Verdict::Reject { .. } => rejected += 1,
            Verdict::Continue => {}
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(RUNS);
    Rates {
        accepted: share(accepted),
        rejected: share(rejected),
    }
}

fn run(mut sprt: Sprt, rate: f64, chance: &mut ChaCha8Rng) -> Verdict {
    let threshold = rate / 100.0 * f64::from(u32::MAX);
    for _ in 0..DEVICES_MAX {
        sprt.push(f64::from(chance.next_u32()) < threshold);
        if sprt.verdict() != Verdict::Continue {
            break;
        }
    }
    sprt.verdict()
}

fn check(what: &str, measured: f64, promised: f64) {
    let tolerance = 4.0 * (promised * (1.0 - promised) / f64::from(RUNS)).sqrt();
    assert!(
        measured <= promised + tolerance,
        "{what}: {measured} > {promised} + {tolerance}"
    );
}

#[test]
fn false_halts_and_misses_keep_to_what_is_declared() {
    for (p0, p1) in [(1.0, 12.0), (0.5, 2.0), (1.0, 5.0)] {
        let (good, bad) = (measure(p0, p1, p0), measure(p0, p1, p1));
        check("false halts", good.rejected, 0.05);
        check("misses", bad.accepted, 0.1);
        // A test that never decides would keep both promises.
        assert!(
            good.accepted > 0.94 && bad.rejected > 0.88,
            "{p0} against {p1}"
        );
    }
}

#[test]
fn scoring_failures_before_successes_would_break_the_promise() {
    // Forty good devices whose failures are all known before any success: the order that
    // `monitor` refuses to feed.
    let mut chance = ChaCha8Rng::seed_from_u64(7);
    let mut halted = 0;
    for _ in 0..2000 {
        let failures = (0..200).filter(|_| chance.next_u32() % 100 == 0).count();
        let mut sprt = Sprt::new(1.0, 12.0, 5, 90);
        (0..200).for_each(|n| sprt.push(n < failures));
        halted += u32::from(matches!(sprt.verdict(), Verdict::Reject { .. }));
    }
    assert!(halted > 800, "{halted} of 2000 good releases halted");
}
