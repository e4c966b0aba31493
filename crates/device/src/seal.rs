//! Seals: evidence that an earlier write came to its end.
//!
//! What a cut leaves behind may read well today and badly tomorrow (see `fake/mod.rs`), so a checksum that fits says
//! that bytes *can* be read, not that they stay. A seal is one write unit behind them, written when their own
//! write has returned. If it reads as a seal, its own write had begun, and so what it seals had ended: those
//! bytes are for good. If it doesn't, nothing is known.
//!
//! An erase passes through all levels: parts clear a page first, and then raise its bits one after the other. So a cut
//! within one may leave zeros, or a few bits cleared, where never a seal was. What counts is therefore the whole unit, of
//! bits that an erase neither clears together nor raises together.

use crate::flash::{Flash, FlashError};
use crate::layout::WRITE_BYTES_MAX;

/// Each byte of a seal: as many bits set as cleared.
const SEAL: u8 = 0b0110_1001;

/// Whether there is a seal at `address`. A unit that can't be read, or that its own write was cut off in, counts as
/// none: nothing is lost by that but the work of doing it again.
///
/// # Errors
/// If the power goes away or the range isn't in the region.
pub fn is_set(flash: &impl Flash, address: u32, write_bytes: u32) -> Result<bool, FlashError> {
    let mut unit = [0xff; WRITE_BYTES_MAX];
    let unit = &mut unit[..write_bytes as usize];
    match flash.read(address, unit) {
        Err(FlashError::Failed) => Ok(false),
        outcome => outcome.map(|()| unit.iter().all(|byte| *byte == SEAL)),
    }
}

/// Sets a seal.
///
/// # Errors
/// If flash fails.
pub fn set(flash: &mut impl Flash, address: u32, write_bytes: u32) -> Result<(), FlashError> {
    flash.write(address, &[SEAL; WRITE_BYTES_MAX][..write_bytes as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Cut, SimulatedNor};

    const PAGE_BYTES: u32 = 1024;

    /// A cut erase of a page that holds other things makes no seal of them, wherever it is cut.
    #[test]
    fn an_erase_that_was_cut_off_makes_no_seal() {
        for bytes in 0..PAGE_BYTES {
            let mut flash = SimulatedNor::new(PAGE_BYTES, PAGE_BYTES, 4);
            flash.seed(bytes.into());
            flash.write(0, &[0; 512]).expect("flash works");
            flash.cut_at(0, Cut::Weak { bytes });
            assert!(flash.erase_page(0).is_err());
            flash.restore_power();
            for address in (0..PAGE_BYTES).step_by(4) {
                assert_eq!(is_set(&flash, address, 4), Ok(false), "{bytes} {address}");
            }
        }
    }

    #[test]
    fn a_seal_that_was_set_reads_as_one_and_nothing_else_does() {
        let mut flash = SimulatedNor::new(PAGE_BYTES, PAGE_BYTES, 4);
        assert_eq!(is_set(&flash, 8, 4), Ok(false));
        set(&mut flash, 8, 4).expect("flash works");
        assert_eq!(is_set(&flash, 8, 4), Ok(true));
        flash.write(12, &[0; 4]).expect("flash works");
        assert_eq!(is_set(&flash, 12, 4), Ok(false));
    }
}
