//! Pool of equal blocks for bursts of raw readings, because the station has no heap.
//!
//! A [`Block`] is a claim ticket, not a smart pointer: whoever takes one must give it back. The
//! pool never grows and never frees a block by itself, so a forgotten block is lost until the next
//! reset. Version 1.2.0 shows what that does.

/// Raw readings in one block: enough to average out noise, few enough to be read within a
/// millisecond.
pub const BLOCK_READINGS: usize = 8;

/// Blocks in the pool. One is in use at a time; the others stand in for the queues of a larger
/// application.
pub const POOL_BLOCKS: usize = 20;

/// Claim on one block. Neither `Clone` nor `Copy`, so that no block can be given back twice.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a block that is not given back is lost until the next reset"]
pub struct Block(usize);

/// All blocks, and which of them are taken.
#[derive(Debug, Default)]
pub struct Pool {
    readings: [[u16; BLOCK_READINGS]; POOL_BLOCKS],
    taken: [bool; POOL_BLOCKS],
}

impl Pool {
    /// A pool with every block free.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the first free block, or `None` when the pool has run dry.
    pub fn take(&mut self) -> Option<Block> {
        let index = self.taken.iter().position(|taken| !taken)?;
        self.taken[index] = true;
        Some(Block(index))
    }

    /// Ends the claim; the block may be taken again.
    pub fn give_back(&mut self, block: Block) {
        self.taken[block.0] = false;
    }

    /// The readings that a claimed block holds.
    pub fn readings(&mut self, block: &Block) -> &mut [u16; BLOCK_READINGS] {
        &mut self.readings[block.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_dry_after_its_last_block_and_recovers_when_one_returns() {
        let mut pool = Pool::new();
        let mut blocks: Vec<Block> = (0..POOL_BLOCKS).map_while(|_| pool.take()).collect();
        assert_eq!(blocks.len(), POOL_BLOCKS);
        assert_eq!(pool.take(), None);

        pool.give_back(blocks.remove(7));
        assert_eq!(pool.take(), Some(Block(7)));
    }

    #[test]
    fn blocks_do_not_share_readings() {
        let mut pool = Pool::new();
        let (first, second) = (
            pool.take().expect("fresh pool"),
            pool.take().expect("fresh pool"),
        );
        pool.readings(&first).fill(1);
        pool.readings(&second).fill(2);
        assert_eq!(pool.readings(&first), &[1; BLOCK_READINGS]);
    }
}
