//! The type-length-value areas behind the program.
//!
//! | offset | bytes | field | meaning |
//! |---|---|---|---|
//! | 0 | 2 | `it_magic` | 0x6908 begins the protected area, 0x6907 the unprotected |
//! | 2 | 2 | `it_tlv_tot` | the whole area, these four bytes included |
//! | 4 | ... | entries | one behind the other |
//!
//! Each entry:
//!
//! | offset | bytes | field | meaning |
//! |---|---|---|---|
//! | 0 | 2 | `it_type` | [`TlvType`] |
//! | 2 | 2 | `it_len` | bytes of the value |
//! | 4 | `it_len` | value | |
//!
//! Sources: `struct image_tlv_info` and `struct image_tlv` in MCUboot's `image.h`, and the walk over
//! them in `boot/bootutil/src/tlv.c`. This module knows how entries lie in an area, not which of
//! them belong there; that is [`check`](super::check)'s.

use std::fmt;

use super::defect::Defect;

/// Bytes of an area's head, and of an entry's.
pub const HEAD_BYTES: usize = 4;

/// Entries that an area may have. MCUboot's own tool never writes more than a dozen; a crafted area
/// could hold sixteen thousand empty ones.
pub const ENTRIES_MAX: usize = 64;

/// What an entry is (`IMAGE_TLV_...`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TlvType(pub u16);

impl TlvType {
    /// SHA-256 of the public key, as a SubjectPublicKeyInfo in DER.
    pub const KEYHASH: Self = Self(0x01);
    /// That public key itself.
    pub const PUBKEY: Self = Self(0x02);
    /// SHA-256 of header, program and protected area.
    pub const SHA256: Self = Self(0x10);
    /// As [`SHA256`](Self::SHA256), with SHA-384.
    pub const SHA384: Self = Self(0x11);
    /// As [`SHA256`](Self::SHA256), with SHA-512.
    pub const SHA512: Self = Self(0x12);
    /// RSA signature.
    pub const RSA2048_PSS: Self = Self(0x20);
    /// ECDSA signature on P-256 or P-384, in DER.
    pub const ECDSA_SIG: Self = Self(0x22);
    /// RSA signature.
    pub const RSA3072_PSS: Self = Self(0x23);
    /// Ed25519 signature of the hash.
    pub const ED25519: Self = Self(0x24);
    /// Says that the signature is of the image, not of its hash.
    pub const SIG_PURE: Self = Self(0x25);
    /// Another image that must be there, and its least version.
    pub const DEPENDENCY: Self = Self(0x40);
    /// The security counter, 32 bits.
    pub const SEC_CNT: Self = Self(0x50);

    /// The name that MCUboot's tools print; `UNKNOWN` for one that this table lacks.
    pub fn name(self) -> &'static str {
        let known = NAMES.iter().find(|(kind, _)| *kind == self.0);
        known.map_or("UNKNOWN", |(_, name)| name)
    }
}

/// All types of `image.h` and their names.
const NAMES: &[(u16, &str)] = &[
    (0x01, "KEYHASH"),
    (0x02, "PUBKEY"),
    (0x10, "SHA256"),
    (0x11, "SHA384"),
    (0x12, "SHA512"),
    (0x20, "RSA2048"),
    (0x22, "ECDSASIG"),
    (0x23, "RSA3072"),
    (0x24, "ED25519"),
    (0x25, "SIG_PURE"),
    (0x30, "ENCRSA2048"),
    (0x31, "ENCKW"),
    (0x32, "ENCEC256"),
    (0x33, "ENCX25519"),
    (0x34, "ENCX25519_SHA512"),
    (0x40, "DEPENDENCY"),
    (0x50, "SEC_CNT"),
    (0x60, "BOOT_RECORD"),
    (0x70, "DECOMP_SIZE"),
    (0x71, "DECOMP_SHA"),
    (0x72, "DECOMP_SIGNATURE"),
    (0x73, "COMP_DEC_SIZE"),
    (0x74, "UUID_VID"),
    (0x75, "UUID_CID"),
];

impl fmt::Display for TlvType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02x})", self.name(), self.0)
    }
}

/// One of the two areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Covered by the hash, and so by the signature.
    Protected,
    /// Holds hash and signature; anyone on the way can change what else stands here.
    Unprotected,
}

impl Area {
    /// What the area begins with.
    pub const fn magic(self) -> u16 {
        match self {
            Self::Protected => 0x6908,
            Self::Unprotected => 0x6907,
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protected => "protected",
            Self::Unprotected => "unprotected",
        })
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlv {
    /// What it is.
    pub kind: TlvType,
    /// What it says.
    pub value: Vec<u8>,
}

/// Bytes of an area, its head included, whose entries have values of these lengths.
pub const fn area_bytes(value_lens: &[usize]) -> usize {
    let (mut total, mut i) = (HEAD_BYTES, 0);
    while i < value_lens.len() {
        total += HEAD_BYTES + value_lens[i];
        i += 1;
    }
    total
}

/// Writes an area. Its entries are few and short: only [`wrap`](super::wrap) calls this.
pub fn encode(area: Area, entries: &[(TlvType, &[u8])]) -> Vec<u8> {
    let short = |len: usize| u16::try_from(len).expect("an area of ours has some hundred bytes");
    let lens: Vec<usize> = entries.iter().map(|(_, value)| value.len()).collect();
    let total = area_bytes(&lens);
    let mut bytes = Vec::with_capacity(total);
    bytes.extend(area.magic().to_le_bytes());
    bytes.extend(short(total).to_le_bytes());
    for (kind, value) in entries {
        bytes.extend(kind.0.to_le_bytes());
        bytes.extend(short(value.len()).to_le_bytes());
        bytes.extend(*value);
    }
    bytes
}

/// Reads an area's head; gives the bytes that follow it within the area.
pub fn parse_head(area: Area, head: [u8; HEAD_BYTES]) -> Result<usize, Defect> {
    let [m0, m1, t0, t1] = head;
    let magic = u16::from_le_bytes([m0, m1]);
    if magic != area.magic() {
        return Err(Defect::AreaMagic { area, magic });
    }
    let total = u16::from_le_bytes([t0, t1]);
    usize::from(total)
        .checked_sub(HEAD_BYTES)
        .ok_or(Defect::AreaSize { area, total })
}

/// Reads the entries of an area, which must fill `bytes` (the area without its head) exactly.
pub fn parse_entries(area: Area, bytes: &[u8]) -> Result<Vec<Tlv>, Defect> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = HEAD_BYTES + bytes.len() - rest.len();
        let (entry, behind) = parse_entry(rest).ok_or(Defect::EntryOverrun { area, at })?;
        if entries.len() == ENTRIES_MAX {
            return Err(Defect::EntryCount { area });
        }
        entries.push(entry);
        rest = behind;
    }
    Ok(entries)
}

fn parse_entry(bytes: &[u8]) -> Option<(Tlv, &[u8])> {
    let (&[k0, k1, l0, l1], rest) = bytes.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(u16::from_le_bytes([l0, l1]).into())?;
    let entry = Tlv {
        kind: TlvType(u16::from_le_bytes([k0, k1])),
        value: value.to_vec(),
    };
    Some((entry, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_bytes() {
        let bytes = encode(Area::Protected, &[(TlvType::SEC_CNT, &[7, 0, 0, 0])]);
        assert_eq!(hex::encode(&bytes), "08690c005000040007000000");
        assert_eq!(area_bytes(&[4]), bytes.len());
        let unprotected = encode(Area::Unprotected, &[]);
        assert_eq!(hex::encode(unprotected), "07690400");
    }

    #[test]
    fn each_broken_area_is_named() {
        let area = Area::Unprotected;
        let head = |bytes| parse_head(area, bytes).map_err(|defect| defect.id());
        assert_eq!(head([0x07, 0x69, 4, 0]), Ok(0));
        assert_eq!(head([0x08, 0x69, 4, 0]), Err("mcuboot.tlv-area"));
        assert_eq!(head([0x07, 0x69, 3, 0]), Err("mcuboot.tlv-area-size"));
        let entries = |bytes: &[u8]| match parse_entries(area, bytes) {
            Ok(entries) => Ok(entries.len()),
            Err(defect) => Err(defect.id()),
        };
        assert_eq!(entries(&[0x10, 0, 1, 0, 9]), Ok(1));
        for cut in 1..5 {
            assert_eq!(
                entries(&[0x10, 0, 1, 0, 9][..cut]),
                Err("mcuboot.tlv-overrun")
            );
        }
        assert_eq!(entries(&[0; 4 * ENTRIES_MAX]), Ok(ENTRIES_MAX));
        assert_eq!(
            entries(&[0; 4 * (ENTRIES_MAX + 1)]),
            Err("mcuboot.tlv-count")
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            entries in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..90)), 0..9),
        ) {
            let borrowed: Vec<_> = entries.iter().map(|(k, v)| (TlvType(*k), v.as_slice())).collect();
            let bytes = encode(Area::Protected, &borrowed);
            let len = parse_head(Area::Protected, *bytes.first_chunk().unwrap()).unwrap();
            prop_assert_eq!(len, bytes.len() - HEAD_BYTES);
            let read = parse_entries(Area::Protected, &bytes[HEAD_BYTES..]).unwrap();
            let read: Vec<_> = read.into_iter().map(|tlv| (tlv.kind.0, tlv.value)).collect();
            prop_assert_eq!(read, entries);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_entries(Area::Unprotected, &bytes);
        }
    }
}
