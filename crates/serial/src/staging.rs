//! Where the documents of a bundle wait until they are whole: pages of flash of their own, since they don't fit
//! the memory of a small device.
//!
//! Nothing here was verified, nothing here is run, and no slot is part of it. The first page says, once the documents are
//! whole, what they belong to, so that an upload can go on after a power cut. All numbers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSG1" |
//! | 4 | 4 | bytes of the whole upload |
//! | 8 | 4 | bytes of it that lie here: those before the image |
//! | 12 | 32 | what the client calls it, filled up with zeros |
//! | 44 | 4 | CRC-32 (ISO-HDLC) of all before |
//! | one page | the rest | the documents |

use crc::{CRC_32_ISO_HDLC, Crc};
use mainstay_device::provision::write_image;
use mainstay_device::{Flash, FlashError, Grain};

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
const MAGIC: [u8; 4] = *b"MSG1";
const NAME_AT: usize = 12;
const CRC_AT: usize = NAME_AT + NAME_BYTES;
const SEAL_BYTES: usize = CRC_AT + 4;

/// Bytes of a name: a SHA-256.
pub(crate) const NAME_BYTES: usize = 32;

/// A region of flash for documents.
#[derive(Debug)]
pub struct Staging<F> {
    flash: F,
    bytes: u32,
    page_bytes: u32,
    write_bytes: u32,
}

/// What is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// Bytes of the whole.
    pub(crate) length: u32,
    /// What the client calls it; zeros if it has no name, and then it can't be taken up again.
    pub(crate) name: [u8; NAME_BYTES],
}

impl<F: Flash> Staging<F> {
    /// The region `flash` of so many bytes, erased and written in the pieces of `grain`.
    #[must_use]
    pub fn new(flash: F, bytes: u32, grain: Grain) -> Self {
        Self {
            flash,
            bytes,
            page_bytes: grain.page_bytes,
            write_bytes: grain.write_bytes,
        }
    }

    /// Room for documents.
    pub(crate) fn room(&self) -> u32 {
        self.bytes.saturating_sub(self.page_bytes)
    }

    /// What a write is a multiple of.
    pub(crate) fn write_bytes(&self) -> usize {
        self.write_bytes as usize
    }

    /// The region alone.
    #[must_use]
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// Forgets what lies here.
    pub(crate) fn clear(&mut self) -> Result<(), FlashError> {
        self.flash.erase_page(0)
    }

    /// Writes the next bytes; each page is erased when the first byte of it comes.
    pub(crate) fn append(&mut self, at: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let mut written = 0;
        while written < bytes.len() {
            let address = self.page_bytes + at + written as u32;
            let in_page = address % self.page_bytes;
            if in_page == 0 {
                self.flash.erase_page(address)?;
            }
            let room = (self.page_bytes - in_page) as usize;
            let count = room.min(bytes.len() - written);
            let piece = &bytes[written..written + count];
            write_image(&mut self.flash, address, piece, self.write_bytes as usize)?;
            written += count;
        }
        Ok(())
    }

    /// The first `length` bytes, where they lie.
    pub(crate) fn documents(&self, length: u32) -> Result<F::View<'_>, FlashError> {
        self.flash.view(self.page_bytes, length)
    }

    /// Notes that the documents are whole.
    pub(crate) fn seal(&mut self, session: &Session, length: u32) -> Result<(), FlashError> {
        let mut seal = [0; SEAL_BYTES];
        seal[..4].copy_from_slice(&MAGIC);
        seal[4..8].copy_from_slice(&session.length.to_le_bytes());
        seal[8..NAME_AT].copy_from_slice(&length.to_le_bytes());
        seal[NAME_AT..CRC_AT].copy_from_slice(&session.name);
        let crc = CRC.checksum(&seal[..CRC_AT]);
        seal[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        write_image(&mut self.flash, 0, &seal, self.write_bytes as usize)
    }

    /// Bytes of documents that lie here whole and belong to this session; none if there are none, or if it has no
    /// name.
    pub(crate) fn sealed(&self, session: &Session) -> Result<Option<u32>, FlashError> {
        let mut seal = [0; SEAL_BYTES];
        match self.flash.read(0, &mut seal) {
            Err(FlashError::Failed) => return Ok(None),
            outcome => outcome?,
        }
        let word =
            |at: usize| u32::from_le_bytes([seal[at], seal[at + 1], seal[at + 2], seal[at + 3]]);
        let is_sound = seal[..4] == MAGIC && word(CRC_AT) == CRC.checksum(&seal[..CRC_AT]);
        let is_ours = word(4) == session.length && seal[NAME_AT..CRC_AT] == session.name;
        let length = word(8);
        let counts = is_sound && is_ours && session.has_name() && length <= self.room();
        Ok(counts.then_some(length))
    }
}

impl Session {
    fn has_name(&self) -> bool {
        self.name != [0; NAME_BYTES]
    }
}
