//! Everything that can be wrong with an MCUboot image, each with its id and its cure.
//!
//! A device would find most of this out as well, but only after the download and a restart.

use std::io;

use mainstay_trust::Algorithm;

use super::IMAGE_BYTES_MAX;
use super::header::HEADER_BYTES;
use super::tlv::{Area, ENTRIES_MAX, TlvType};

/// Why bytes aren't an MCUboot image that Mainstay ships.
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    /// The stream failed.
    #[error("the image could not be read: {0}")]
    Stream(#[from] io::Error),
    /// It begins with something else.
    #[error("the file doesn't begin as an MCUboot image does (magic 0x96f3b83d)")]
    NotAnImage,
    /// The header is smaller than a header.
    #[error("the header says that it has {0} bytes; it must have {HEADER_BYTES} or more")]
    HeaderSize(u16),
    /// There is no program.
    #[error("the image holds no program: its size is 0")]
    Empty,
    /// Above the bound.
    #[error("the image has {0} bytes; it may have {IMAGE_BYTES_MAX}")]
    TooLarge(u64),
    /// It ends before it should.
    #[error("the file has {found} bytes, but the image in it needs {promised}: it was cut short")]
    CutShort {
        /// Bytes there are.
        found: u64,
        /// Bytes that there must be at the least.
        promised: u64,
    },
    /// Something follows the image.
    #[error("{0} bytes follow the image; it was padded for a slot, or something was added")]
    TrailingBytes(u64),
    /// Something else stands where an area should begin.
    #[error("the {area} TLV area begins with 0x{magic:04x} instead of 0x{:04x}", area.magic())]
    AreaMagic {
        /// Which area.
        area: Area,
        /// What was found.
        magic: u16,
    },
    /// An area's own size can't be, or isn't the header's.
    #[error("the {area} TLV area says that it has {total} bytes, which can't be")]
    AreaSize {
        /// Which area.
        area: Area,
        /// What it says.
        total: u16,
    },
    /// An entry reaches beyond its area.
    #[error("the entry at byte {at} of the {area} TLV area reaches beyond it")]
    EntryOverrun {
        /// Which area.
        area: Area,
        /// Where in the area.
        at: usize,
    },
    /// Too many entries.
    #[error("the {area} TLV area has more than {ENTRIES_MAX} entries")]
    EntryCount {
        /// Which area.
        area: Area,
    },
    /// Flags without a meaning, or without support.
    #[error("the header's flags 0x{0:x} have no meaning to a boot loader")]
    Flags(u32),
    /// The program is encrypted.
    #[error("the program is encrypted, so nobody without the device's key can check its hash")]
    Encrypted,
    /// An entry in the wrong area.
    #[error("{kind} doesn't belong in the {area} TLV area")]
    Misplaced {
        /// What it is.
        kind: TlvType,
        /// Where it stands.
        area: Area,
    },
    /// An entry that may stand there once.
    #[error("{0} stands there twice; boot loaders differ in which one they take")]
    Repeated(TlvType),
    /// An entry of a length that it can't have.
    #[error("{kind} has {len} bytes, which can't be")]
    Length {
        /// What it is.
        kind: TlvType,
        /// Its length.
        len: usize,
    },
    /// No hash at all.
    #[error("the image has no hash")]
    HashMissing,
    /// Another hash than SHA-256.
    #[error("the image is hashed by {0}, and Mainstay checks SHA256 alone")]
    HashAlgorithm(TlvType),
    /// The hash is another image's.
    #[error("the image's hash isn't that of its bytes: it was damaged or changed")]
    Hash,
    /// No signature at all.
    #[error("the image isn't signed")]
    Unsigned,
    /// A signature over the image instead of its hash.
    #[error(
        "the signature is of the image, not of its hash (SIG_PURE), which Mainstay can't check"
    )]
    Pure,
    /// A key by which nothing can be checked here.
    #[error("signatures by a key for {} can't be checked", .0.id())]
    KeyAlgorithm(Algorithm),
    /// No signature by the key that was given.
    #[error("none of the image's signatures is by the key that was given")]
    OtherKey,
    /// The signature by the key that was given is bad.
    #[error("the signature by the key that was given doesn't verify")]
    Signature,
}

impl Defect {
    /// Stable id of this defect.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Stream(_) => "mcuboot.stream",
            Self::NotAnImage => "mcuboot.not-an-image",
            Self::HeaderSize(_) => "mcuboot.header-size",
            Self::Empty => "mcuboot.empty",
            Self::TooLarge(_) => "mcuboot.too-large",
            Self::CutShort { .. } => "mcuboot.cut-short",
            Self::TrailingBytes(_) => "mcuboot.trailing-bytes",
            Self::AreaMagic { .. } => "mcuboot.tlv-area",
            Self::AreaSize { .. } => "mcuboot.tlv-area-size",
            Self::EntryOverrun { .. } => "mcuboot.tlv-overrun",
            Self::EntryCount { .. } => "mcuboot.tlv-count",
            Self::Flags(_) => "mcuboot.flags",
            Self::Encrypted => "mcuboot.encrypted",
            Self::Misplaced { .. } => "mcuboot.tlv-misplaced",
            Self::Repeated(_) => "mcuboot.tlv-repeated",
            Self::Length { .. } => "mcuboot.tlv-length",
            Self::HashMissing => "mcuboot.hash-missing",
            Self::HashAlgorithm(_) => "mcuboot.hash-algorithm",
            Self::Hash => "mcuboot.hash",
            Self::Unsigned => "mcuboot.unsigned",
            Self::Pure => "mcuboot.signature-pure",
            Self::KeyAlgorithm(_) => "mcuboot.key-algorithm",
            Self::OtherKey => "mcuboot.other-key",
            Self::Signature => "mcuboot.signature",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Stream(_) => "Check that the file exists and that you may read it.",
            Self::NotAnImage => {
                "Name an image signed for MCUboot, or have this one wrapped with --mcuboot-key."
            }
            Self::TooLarge(_) => "Name an image of at most 64 MiB.",
            Self::TrailingBytes(_) => {
                "Sign the image without padding for the slot; the boot loader writes its trailer itself."
            }
            Self::Encrypted => "Name the image before encryption.",
            Self::Unsigned => "Sign it, or have the raw image wrapped with --mcuboot-key.",
            Self::HashAlgorithm(_) | Self::Pure | Self::KeyAlgorithm(_) => {
                "Sign it by ECDSA on P-256 or by Ed25519, over a SHA-256 hash."
            }
            Self::OtherKey => {
                "Name the public half of the key that the boot loader was built with."
            }
            _ => "Sign the image again from its build; this one no boot loader should start.",
        }
    }
}
