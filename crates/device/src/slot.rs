//! A slot: a head that says what the device accepted, the envelope, and the image.
//!
//! The head is written after the envelope was verified and before the first byte of the image. All
//! numbers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSS3" |
//! | 4 | 4 | bytes of the image |
//! | 8 | 32 | SHA-256 of the image |
//! | 40 | 4 | version of the root that accepted it |
//! | 44 | 4 | bytes of the envelope |
//! | 48 | 4 | epoch in which it was accepted, see [`Mark::of_release`] |
//! | 52 | 4 | CRC-32 (ISO-HDLC) of all before, and of the envelope |
//! | 56 | 8 | erased: the envelope begins at a multiple of every write size |
//! | 64 | up to the bound | the envelope |
//!
//! Booting asks one thing: are these the bytes that this device accepted? Their SHA-256 answers that, also
//! for a release that was accepted by SHA-384. Rotation, revocation and
//! expiry never stop a confirmed image from booting.

use mainstay_trust::{
    Bank, Digest, DigestAlgorithm, Envelope, Image, Manifest, Mark, Measuring, Primitives,
};

use crate::flash::{Flash, FlashError};
use crate::layout::{Layout, WRITE_BYTES_MAX};
use crate::provision::write_image;
use crate::record_wire::CRC;

/// The largest envelope that this device keeps: a full manifest and eight P-256 signatures stay below
/// 3 KiB. With the feature `hybrid`, what the trust crate allows.
pub const ENVELOPE_BYTES_MAX: usize = if cfg!(feature = "hybrid") {
    mainstay_trust::envelope::ENVELOPE_BYTES_MAX
} else {
    4 * 1024
};
/// Bytes of a head before its envelope.
pub const HEAD_BYTES: usize = 2 * WRITE_BYTES_MAX;
const CRC_AT: usize = 52;
const MAGIC: [u8; 4] = *b"MSS3";
/// Bytes read at once when an image is hashed: small enough for a microcontroller's stack.
const PIECE_BYTES: usize = 256;

/// One of the two slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The first one.
    A,
    /// The second one.
    B,
}

impl Slot {
    /// 0 or 1.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    /// The bank that it is, on a device that starts images where they lie.
    #[must_use]
    pub fn bank(self) -> Bank {
        match self {
            Self::A => Bank::A,
            Self::B => Bank::B,
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What a device accepted for a slot; `E` holds the bytes of the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head<E> {
    /// Bytes of the image.
    pub image_bytes: u32,
    /// SHA-256 of the image.
    pub image_digest: Digest,
    /// Version of the root that accepted it.
    pub root_version: u32,
    /// The epoch in which it was accepted. A root that came since changes nothing about it.
    pub epoch: u32,
    /// The envelope, verified when it was accepted.
    pub envelope: E,
}

impl<E: AsRef<[u8]>> Head<E> {
    /// The mark of a number of this release, such as its sequence or its floor.
    #[must_use]
    pub fn mark(&self, number: u64) -> Mark {
        Mark {
            epoch: self.epoch,
            number,
        }
    }

    /// The accepted manifest. Reading it again can't fail for what was verified before it was written;
    /// none means that the slot isn't what it was.
    #[must_use]
    pub fn manifest(&self, primitives: &impl Primitives) -> Option<Manifest<'_>> {
        let envelope = Envelope::parse(self.envelope.as_ref()).ok()?;
        Manifest::parse(envelope.manifest, envelope.identity(primitives)).ok()
    }

    /// The bytes before the envelope, by the table above.
    fn fixed(&self) -> [u8; HEAD_BYTES] {
        let envelope = self.envelope.as_ref();
        let mut bytes = [0xff; HEAD_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.image_bytes.to_le_bytes());
        bytes[8..40].copy_from_slice(&self.image_digest.0);
        bytes[40..44].copy_from_slice(&self.root_version.to_le_bytes());
        bytes[44..48].copy_from_slice(&(envelope.len() as u32).to_le_bytes());
        bytes[48..52].copy_from_slice(&self.epoch.to_le_bytes());
        let crc = checksum(&bytes, envelope);
        bytes[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

/// Writes a head into an erased slot.
///
/// # Errors
/// [`FlashError::OutOfRange`] if its envelope is over [`ENVELOPE_BYTES_MAX`]; or if flash fails.
pub fn save(
    flash: &mut impl Flash,
    layout: &Layout,
    slot: Slot,
    head: &Head<&[u8]>,
) -> Result<(), FlashError> {
    if head.envelope.len() > ENVELOPE_BYTES_MAX {
        return Err(FlashError::OutOfRange);
    }
    let (address, unit) = (layout.head(slot), layout.write_bytes() as usize);
    flash.write(address, &head.fixed())?;
    write_image(flash, address + HEAD_BYTES as u32, head.envelope, unit)
}

/// Reads a slot's head; none if it holds no whole one.
///
/// # Errors
/// If flash fails.
pub fn load<'f, F: Flash>(
    flash: &'f F,
    layout: &Layout,
    slot: Slot,
) -> Result<Option<Head<F::View<'f>>>, FlashError> {
    let mut fixed = [0; HEAD_BYTES];
    flash.read(layout.head(slot), &mut fixed)?;
    let length = number(&fixed, 44);
    if fixed[..4] != MAGIC || length as usize > ENVELOPE_BYTES_MAX {
        return Ok(None);
    }
    let envelope = flash.view(layout.head(slot) + HEAD_BYTES as u32, length)?;
    if number(&fixed, CRC_AT) != checksum(&fixed, envelope.as_ref()) {
        return Ok(None);
    }
    let mut digest = Digest::ZERO;
    digest.0.copy_from_slice(&fixed[8..40]);
    Ok(Some(Head {
        image_bytes: number(&fixed, 4),
        image_digest: digest,
        root_version: number(&fixed, 40),
        epoch: number(&fixed, 48),
        envelope,
    }))
}

fn number(bytes: &[u8; HEAD_BYTES], at: usize) -> u32 {
    let mut part = [0; 4];
    part.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(part)
}

/// Of what stands before the checksum, and of the envelope.
fn checksum(fixed: &[u8; HEAD_BYTES], envelope: &[u8]) -> u32 {
    let mut digest = CRC.digest();
    digest.update(&fixed[..CRC_AT]);
    digest.update(envelope);
    digest.finalize()
}

/// The first `length` bytes of the image at `address`, as flash holds them, measured in one pass.
///
/// # Errors
/// If flash fails.
pub fn measure(
    flash: &impl Flash,
    address: u32,
    length: u32,
    algorithm: DigestAlgorithm,
    primitives: &impl Primitives,
) -> Result<Image, FlashError> {
    let mut measuring = Measuring::new(algorithm, primitives);
    let mut piece = [0; PIECE_BYTES];
    let mut at = 0;
    while at < length {
        let count = (length - at).min(PIECE_BYTES as u32);
        let part = &mut piece[..count as usize];
        flash.read(address + at, part)?;
        measuring.update(part);
        at += count;
    }
    Ok(measuring.finish())
}
