//! Flash that the processor sees in its address space: read by slices, written by its controller.

use core::slice;

use mainstay_device::{Flash, FlashError};

use crate::board::nvmc;
use crate::map::{
    FACTORY, FACTORY_BYTES, PAGE_BYTES, REGION, STAGING, STAGING_BYTES, WORD_BYTES, region,
};

/// A part of flash. Each part has one owner, and writing needs that owner alone.
#[derive(Debug)]
pub struct Mapped {
    start: u32,
    bytes: u32,
}

/// The parts of flash that change, each once.
pub struct Parts {
    /// The device's region.
    pub region: Mapped,
    /// Where documents wait.
    pub staging: Mapped,
}

impl Parts {
    /// All of them.
    ///
    /// # Safety
    /// To be called once in the life of a program: two owners of one part could write what the other reads.
    #[must_use]
    pub unsafe fn take() -> Self {
        Self {
            region: Mapped {
                start: REGION,
                bytes: region().total_bytes(),
            },
            staging: Mapped {
                start: STAGING,
                bytes: STAGING_BYTES,
            },
        }
    }
}

/// What the factory put in.
#[must_use]
pub fn factory() -> &'static [u8] {
    // SAFETY: this part of flash is always mapped, and nothing in this program writes to it: no `Mapped` covers it.
    unsafe { slice::from_raw_parts(address(FACTORY), FACTORY_BYTES as usize) }
}

fn address(at: u32) -> *const u8 {
    core::ptr::with_exposed_provenance(at as usize)
}

impl Mapped {
    fn slice(&self, at: u32, length: usize) -> Result<&[u8], FlashError> {
        let end = u64::from(at) + length as u64;
        if end > u64::from(self.bytes) {
            return Err(FlashError::OutOfRange);
        }
        // SAFETY: the range lies within this part, which is always mapped. It changes by `write` and `erase_page`
        // alone, which need the only owner, whom this slice borrows.
        Ok(unsafe { slice::from_raw_parts(address(self.start + at), length) })
    }
}

impl Flash for Mapped {
    type View<'f> = &'f [u8];

    fn view(&self, address: u32, length: u32) -> Result<&[u8], FlashError> {
        self.slice(address, length as usize)
    }

    fn read(&self, address: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        buffer.copy_from_slice(self.slice(address, buffer.len())?);
        Ok(())
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let there = self.slice(address, bytes.len())?;
        if !(address | bytes.len() as u32).is_multiple_of(WORD_BYTES) {
            return Err(FlashError::Misaligned);
        }
        if there.iter().any(|byte| *byte != 0xff) {
            return Err(FlashError::NotErased);
        }
        let mut at = self.start + address;
        for word in bytes.chunks_exact(4) {
            nvmc::write(at, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
            at += WORD_BYTES;
        }
        Ok(())
    }

    fn erase_page(&mut self, address: u32) -> Result<(), FlashError> {
        self.slice(address, PAGE_BYTES as usize)?;
        if !address.is_multiple_of(PAGE_BYTES) {
            return Err(FlashError::Misaligned);
        }
        nvmc::erase_page(self.start + address);
        Ok(())
    }
}
