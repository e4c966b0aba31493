//! What the factory put in: who the device is, and whom it trusts. Nothing ever writes it again.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSF1" |
//! | 4 | 16 | vendor |
//! | 20 | 16 | class |
//! | 36 | 2 | bytes of the name, little-endian |
//! | 38 | 2 | bytes of the root, likewise |
//! | 40 | | the name, the signed root |
//! | behind them | 4 | CRC-32 (ISO-HDLC) of all before, likewise |

use crc::{CRC_32_ISO_HDLC, Crc};

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
const MAGIC: [u8; 4] = *b"MSF1";
const FIXED_BYTES: usize = 40;

/// What the factory put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factory<'f> {
    /// Whose device it is.
    pub vendor_id: [u8; 16],
    /// Its class.
    pub class_id: [u8; 16],
    /// Its own name.
    pub device_id: &'f [u8],
    /// The signed root that it trusts first.
    pub root: &'f [u8],
}

impl<'f> Factory<'f> {
    /// Reads it. None if it isn't whole.
    #[must_use]
    pub fn read(bytes: &'f [u8]) -> Option<Self> {
        let (fixed, rest) = bytes.split_first_chunk::<FIXED_BYTES>()?;
        let length = |at: usize| usize::from(u16::from_le_bytes([fixed[at], fixed[at + 1]]));
        let (device_id, rest) = rest.split_at_checked(length(36))?;
        let (root, rest) = rest.split_at_checked(length(38))?;
        let crc = rest.first_chunk::<4>()?;
        let before = FIXED_BYTES + device_id.len() + root.len();
        let is_whole =
            fixed.starts_with(&MAGIC) && CRC.checksum(&bytes[..before]) == u32::from_le_bytes(*crc);
        is_whole.then_some(Self {
            vendor_id: *fixed[4..].first_chunk()?,
            class_id: *fixed[20..].first_chunk()?,
            device_id,
            root,
        })
    }

    /// Writes it into the start of `bytes`, and returns how many it took. None if it doesn't fit.
    pub fn write(&self, bytes: &mut [u8]) -> Option<usize> {
        let lengths = [self.device_id, self.root].map(|part| u16::try_from(part.len()));
        let [name, root] = lengths.map(|length| length.unwrap_or(u16::MAX).to_le_bytes());
        let mut at = 0;
        for part in [
            &MAGIC[..],
            &self.vendor_id,
            &self.class_id,
            &name,
            &root,
            self.device_id,
            self.root,
        ] {
            bytes.get_mut(at..at + part.len())?.copy_from_slice(part);
            at += part.len();
        }
        let crc = CRC.checksum(&bytes[..at]).to_le_bytes();
        bytes.get_mut(at..at + 4)?.copy_from_slice(&crc);
        Some(at + 4)
    }
}
