//! The image header: what the boot loader reads first.
//!
//! | offset | bytes | field | meaning |
//! |---|---|---|---|
//! | 0 | 4 | `ih_magic` | 0x96f3b83d |
//! | 4 | 4 | `ih_load_addr` | where to, with flag RAM_LOAD; built for, with flag ROM_FIXED |
//! | 8 | 2 | `ih_hdr_size` | header and padding: the program begins here |
//! | 10 | 2 | `ih_protect_tlv_size` | the protected TLV area, its own head included |
//! | 12 | 4 | `ih_img_size` | the program alone |
//! | 16 | 4 | `ih_flags` | [`flag`] |
//! | 20 | 8 | `ih_ver` | [`ImageVersion`] |
//! | 28 | 4 | `_pad1` | zero |
//!
//! Source: `struct image_header` in MCUboot's `image.h`. This module knows the layout only; whether
//! the values make sense is asked in [`read`](super::read) and [`check`](super::check).

use super::version::{ImageVersion, VERSION_BYTES};

/// What an image begins with (`IMAGE_MAGIC`), as a number.
pub const MAGIC: u32 = 0x96f3_b83d;

/// Bytes of the header without its padding (`IMAGE_HEADER_SIZE`).
pub const HEADER_BYTES: usize = 32;

/// The header's flags (`IMAGE_F_...`).
pub mod flag {
    /// Each flag and its name, as MCUboot's tools print it.
    pub const ALL: &[(u32, &str)] = &[
        (PIC, "PIC"),
        (ENCRYPTED_AES128, "ENCRYPTED_AES128"),
        (ENCRYPTED_AES256, "ENCRYPTED_AES256"),
        (0x10, "NON_BOOTABLE"),
        (0x20, "RAM_LOAD"),
        (0x100, "ROM_FIXED"),
        (0x200, "COMPRESSED_LZMA1"),
        (0x400, "COMPRESSED_LZMA2"),
        (0x800, "COMPRESSED_ARM_THUMB"),
    ];

    /// Position-independent; no boot loader supports it.
    pub const PIC: u32 = 0x1;
    /// Encrypted; the hash is that of the plain text.
    pub const ENCRYPTED_AES128: u32 = 0x4;
    /// As [`ENCRYPTED_AES128`].
    pub const ENCRYPTED_AES256: u32 = 0x8;

    /// The names of the flags set in `flags`.
    pub fn names(flags: u32) -> Vec<&'static str> {
        let set = ALL.iter().filter(|(bit, _)| flags & bit != 0);
        set.map(|(_, name)| *name).collect()
    }

    /// The bits of `flags` that have no name.
    pub fn unknown(flags: u32) -> u32 {
        ALL.iter().fold(flags, |rest, (bit, _)| rest & !bit)
    }
}

/// A header, field by field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Where the program is loaded to, or was built for; 0 if neither.
    pub load_address: u32,
    /// Bytes of header and padding.
    pub header_bytes: u16,
    /// Bytes of the protected TLV area; 0 if there is none.
    pub protected_bytes: u16,
    /// Bytes of the program.
    pub image_bytes: u32,
    /// See [`flag`].
    pub flags: u32,
    /// The program's version.
    pub version: ImageVersion,
}

impl Header {
    /// The header's 32 bytes, without its padding.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.load_address.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.header_bytes.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.protected_bytes.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.image_bytes.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.flags.to_le_bytes());
        bytes[20..20 + VERSION_BYTES].copy_from_slice(&self.version.encode());
        bytes
    }

    /// Reads a header; `None` if it doesn't begin with [`MAGIC`].
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let word = |at: usize| u32::from_le_bytes(piece(bytes, at));
        let half = |at: usize| u16::from_le_bytes(piece(bytes, at));
        (word(0) == MAGIC).then(|| Self {
            load_address: word(4),
            header_bytes: half(8),
            protected_bytes: half(10),
            image_bytes: word(12),
            flags: word(16),
            version: ImageVersion::parse(piece(bytes, 20)),
        })
    }

    /// Bytes of header, padding and program: where the TLVs begin.
    pub fn tlv_offset(&self) -> u64 {
        u64::from(self.header_bytes) + u64::from(self.image_bytes)
    }

    /// Bytes that the hash covers, from the image's first on.
    pub fn hashed_bytes(&self) -> u64 {
        self.tlv_offset() + u64::from(self.protected_bytes)
    }
}

fn piece<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    *bytes[at..]
        .first_chunk()
        .expect("every field lies within the header")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes, written down by hand from the table above.
    #[test]
    fn golden_bytes() {
        let header = Header {
            load_address: 0x2000_0100,
            header_bytes: 0x200,
            protected_bytes: 12,
            image_bytes: 0x0001_0203,
            flags: 0x20,
            version: ImageVersion {
                major: 1,
                minor: 2,
                revision: 0x0304,
                build: 0x0506_0708,
            },
        };
        let expected = "3db8f396\
                        00010020\
                        0002\
                        0c00\
                        03020100\
                        20000000\
                        01020403\
                        08070605\
                        00000000";
        assert_eq!(hex::encode(header.encode()), expected);
        assert_eq!(Header::parse(&header.encode()), Some(header));
    }

    #[test]
    fn another_beginning_is_no_header() {
        assert_eq!(Header::parse(&[0; HEADER_BYTES]), None);
    }

    #[test]
    fn flags_have_names_or_are_unknown() {
        assert_eq!(flag::names(0x24), ["ENCRYPTED_AES128", "RAM_LOAD"]);
        assert_eq!(flag::unknown(0x8000_0024), 0x8000_0000);
    }
}
