//! Chance that follows from a seed: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", 2014).
//!
//! Reading draws from it too, since an unstable bit reads anew each time; so its state is in an atomic.

use std::sync::atomic::{AtomicU64, Ordering};

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A source of numbers that are always the same for a seed.
#[derive(Debug, Default)]
pub(super) struct Chance(AtomicU64);

impl Clone for Chance {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}

impl Chance {
    pub fn seed(&mut self, seed: u64) {
        *self.0.get_mut() = seed;
    }

    /// The next 64 bits.
    pub fn draw(&self) -> u64 {
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A byte each of whose bits is set with a chance of `weight` in 256.
    pub fn bits(&self, weight: u8) -> u8 {
        let drawn = self.draw().to_le_bytes();
        let bit = |(index, byte): (usize, &u8)| u8::from(*byte < weight) << index;
        drawn.iter().enumerate().map(bit).sum()
    }
}
