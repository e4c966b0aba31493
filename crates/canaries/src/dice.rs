//! Chance that can be repeated: the same seed and number give the same canary on every machine.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// The dice of one canary.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Of canary `number` of a study.
    #[must_use]
    pub fn of(seed: u64, number: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        dice.set_stream(number);
        Self(dice)
    }

    /// From 0 up to, not including, 1.
    pub fn share(&mut self) -> f64 {
        // 53 bits are what a float holds.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From the standard normal distribution (G. Box and M. Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.share(), self.share());
        (-2.0 * radius.ln()).sqrt() * (core::f64::consts::TAU * angle).cos()
    }

    /// Whether something happens that has this chance.
    pub fn happens(&mut self, chance: f64) -> bool {
        self.share() < chance
    }

    /// A whole number from 0 up to, not including, `end`.
    pub fn below(&mut self, end: i64) -> i64 {
        (self.share() * end as f64) as i64
    }
}
