//! Seeded chance: the only randomness that the simulator has.
//!
//! Every device owns its own [`Dice`], keyed by the run's seed and the device's number, so that what
//! one device meets never depends on the order in which others were served.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// A stream of chance that is the same for the same seed, on every machine.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream number `stream` of a run's `seed`.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&stream.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// True in `permille` of a thousand throws.
    pub fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) < u64::from(permille)
    }

    /// A number from 0 up to, and without, `end`; 0 when `end` is 0.
    ///
    /// The remainder's bias is below one in 2^40 for every `end` used here (all below 2^24).
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64().checked_rem(end).unwrap_or(0)
    }

    /// Sixteen bytes: a nonce.
    pub fn nonce(&mut self) -> [u8; 16] {
        let mut bytes = [0u8; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Thirty-two bytes: a key's seed.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut bytes = [0u8; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throw = |seed, stream| Dice::new(seed, stream).nonce();
        assert_eq!(throw(7, 1), throw(7, 1));
        assert_ne!(throw(7, 1), throw(7, 2));
        assert_ne!(throw(7, 1), throw(8, 1));
    }

    #[test]
    fn chance_keeps_its_promise() {
        let mut dice = Dice::new(1, 1);
        let hits = (0..10_000).filter(|_| dice.chance(100)).count();
        assert!((850..1150).contains(&hits), "{hits} of 10,000 at 10 %");
        assert!(!(0..1000).any(|_| dice.chance(0)));
    }
}
