//! The self-test: proves with the real table and the real pool that the station can still do its
//! work.
//!
//! It measures; it never repeats what some earlier code claimed. It leaves the pool as it found it.

use core::fmt;
use core::hint::black_box;

use crate::calibration::{self, POINTS};
use crate::crc::crc32;
use crate::pool::{BLOCK_READINGS, Pool};

/// Complementary patterns, so that every bit of the block is tried as one and as zero.
const PATTERNS: [u16; 2] = [0x5555, 0xAAAA];

/// Why the station cannot do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The calibration table in flash is not the one that was built.
    CalibrationChanged,
    /// No block is free, so no sample can be taken.
    PoolExhausted,
    /// A block did not hold what was written to it.
    MemoryUnreliable,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CalibrationChanged => "calibration table changed",
            Self::PoolExhausted => "sample pool exhausted",
            Self::MemoryUnreliable => "sample memory unreliable",
        })
    }
}

/// Runs every check in order and stops at the first fault.
///
/// # Errors
/// The first [`Fault`] found.
pub fn run(table: &[u16; POINTS], pool: &mut Pool) -> Result<(), Fault> {
    check_calibration(table)?;
    check_pool(pool)
}

/// `black_box` keeps the compiler from computing the answer while building: the flash itself must
/// be read.
fn check_calibration(table: &[u16; POINTS]) -> Result<(), Fault> {
    let intact = crc32(black_box(table)) == calibration::CHECKSUM;
    if intact {
        Ok(())
    } else {
        Err(Fault::CalibrationChanged)
    }
}

fn check_pool(pool: &mut Pool) -> Result<(), Fault> {
    let block = pool.take().ok_or(Fault::PoolExhausted)?;
    let intact = PATTERNS
        .iter()
        .all(|pattern| holds(pool.readings(&block), *pattern));
    pool.give_back(block);
    if intact {
        Ok(())
    } else {
        Err(Fault::MemoryUnreliable)
    }
}

fn holds(readings: &mut [u16; BLOCK_READINGS], pattern: u16) -> bool {
    readings.fill(pattern);
    black_box(readings)
        .iter()
        .all(|reading| *reading == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_station_passes_and_its_pool_stays_free() {
        let mut pool = Pool::new();
        assert_eq!(run(&calibration::TABLE, &mut pool), Ok(()));
        assert_eq!(
            std::iter::from_fn(|| pool.take()).count(),
            crate::pool::POOL_BLOCKS
        );
    }

    #[test]
    fn one_flipped_bit_in_the_table_is_found() {
        let mut table = calibration::TABLE;
        table[9] ^= 0x0010;
        assert_eq!(
            run(&table, &mut Pool::new()),
            Err(Fault::CalibrationChanged)
        );
    }

    #[test]
    fn a_dry_pool_is_found() {
        let mut pool = Pool::new();
        while pool.take().is_some() {}
        assert_eq!(
            run(&calibration::TABLE, &mut pool),
            Err(Fault::PoolExhausted)
        );
    }
}
