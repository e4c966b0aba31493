//! Seals: evidence that an earlier write came to its end.
//!
//! What a cut leaves behind may read well today and badly tomorrow (see `fake/mod.rs`), so a checksum that fits says
//! that bytes *can* be read, not that they stay. A seal is one write unit behind them, written when their own
//! write has returned. If any bit of it is cleared, its write had begun, and so what it seals had ended: those
//! bytes are for good. If none is, nothing is known.

use crate::flash::{Flash, FlashError};
use crate::layout::WRITE_BYTES_MAX;

/// Whether there is a seal at `address`. A unit that can't be read counts as none: nothing is lost by that but
/// the work of doing it again.
///
/// # Errors
/// If the power goes away or the range isn't in the region.
pub fn is_set(flash: &impl Flash, address: u32, write_bytes: u32) -> Result<bool, FlashError> {
    let mut unit = [0xff; WRITE_BYTES_MAX];
    let unit = &mut unit[..write_bytes as usize];
    match flash.read(address, unit) {
        Err(FlashError::Failed) => Ok(false),
        outcome => outcome.map(|()| unit.iter().any(|byte| *byte != 0xff)),
    }
}

/// Sets a seal.
///
/// # Errors
/// If flash fails.
pub fn set(flash: &mut impl Flash, address: u32, write_bytes: u32) -> Result<(), FlashError> {
    flash.write(address, &[0; WRITE_BYTES_MAX][..write_bytes as usize])
}
