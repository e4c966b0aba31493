//! Where the server's chance comes from: tokens and the seeds of rollouts.
//!
//! Never draw random bytes elsewhere. Start reading at [`Entropy`].

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`, all of it.
    fn fill(&self, bytes: &mut [u8]);
}

/// A number, drawn from all that have 32 bits.
pub fn number(source: &dyn Entropy) -> u32 {
    let mut bytes = [0; 4];
    source.fill(&mut bytes);
    u32::from_be_bytes(bytes)
}

/// The operating system's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the edge at which chance enters"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("an operating system that is up has random bytes");
    }
}

/// Bytes that are the same for the same seed and the same order of calls: SHA-256 over the seed and
/// a counter. For simulations and tests only; whoever knows the seed knows every token.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededEntropy {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            blocks: AtomicU64::new(0),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = self.blocks.fetch_add(1, Ordering::SeqCst);
            let mut hasher = Sha256::new();
            hasher.update(self.seed.to_be_bytes());
            hasher.update(block.to_be_bytes());
            chunk.copy_from_slice(&hasher.finalize()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(source: &SeededEntropy) -> [u8; 48] {
        let mut bytes = [0; 48];
        source.fill(&mut bytes);
        bytes
    }

    #[test]
    fn the_same_seed_gives_the_same_stream_and_never_repeats_itself() {
        let (one, two) = (SeededEntropy::new(7), SeededEntropy::new(7));
        let first = draw(&one);
        assert_eq!(first, draw(&two));
        assert_ne!(first, draw(&one));
        assert_ne!(first, draw(&SeededEntropy::new(8)));
    }
}
