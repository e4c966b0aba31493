//! A slot: a head that says what the device accepted, the envelope, and the image.
//!
//! The head is written after the envelope was verified and before the first byte of the image. All
//! numbers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSS2" |
//! | 4 | 4 | bytes of the image |
//! | 8 | 32 | SHA-256 of the image |
//! | 40 | 4 | version of the root that accepted it |
//! | 44 | 4 | bytes of the envelope |
//! | 48 | 4 | epoch in which it was accepted, see [`Mark::of_release`] |
//! | 52 | 4 | CRC-32 (ISO-HDLC) of all before, and of the envelope |
//! | 56 | up to the bound | the envelope |
//!
//! Booting asks one thing: are these the bytes that this device accepted? Their SHA-256 answers that, also
//! for a release that was accepted by SHA-384. Rotation, revocation and
//! expiry never stop a confirmed image from booting.

use mainstay_trust::{
    Digest, DigestAlgorithm, Envelope, Image, Manifest, Mark, Measuring, Primitives,
};

use crate::flash::{Flash, FlashError};
use crate::layout::{Layout, WRITE_BYTES_MAX};
use crate::record_wire::CRC;

/// The largest envelope that this device keeps: a full manifest and eight P-256 signatures stay below
/// 3 KiB. With the feature `hybrid`, what the trust crate allows.
pub const ENVELOPE_BYTES_MAX: usize = if cfg!(feature = "hybrid") {
    mainstay_trust::envelope::ENVELOPE_BYTES_MAX
} else {
    4 * 1024
};
/// Bytes of a head before its envelope.
pub const HEAD_BYTES: usize = 56;
const CRC_AT: usize = HEAD_BYTES - 4;
const MAGIC: [u8; 4] = *b"MSS2";
/// Head and envelope together, rounded up to the largest write size.
const FULL_BYTES: usize = (HEAD_BYTES + ENVELOPE_BYTES_MAX).next_multiple_of(WRITE_BYTES_MAX);
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

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What a device accepted for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the image.
    pub image_bytes: u32,
    /// SHA-256 of the image.
    pub image_digest: Digest,
    /// Version of the root that accepted it.
    pub root_version: u32,
    /// The epoch in which it was accepted. A root that came since changes nothing about it.
    pub epoch: u32,
    envelope: heapless::Vec<u8, ENVELOPE_BYTES_MAX>,
}

impl Head {
    /// The head of a release whose envelope was verified.
    ///
    /// Returns none if the envelope is over [`ENVELOPE_BYTES_MAX`].
    #[must_use]
    pub fn new(
        image_bytes: u32,
        image_digest: Digest,
        root_version: u32,
        epoch: u32,
        envelope: &[u8],
    ) -> Option<Self> {
        let envelope = heapless::Vec::from_slice(envelope).ok()?;
        Some(Self {
            image_bytes,
            image_digest,
            root_version,
            epoch,
            envelope,
        })
    }

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
        let envelope = Envelope::parse(&self.envelope).ok()?;
        Manifest::parse(envelope.manifest, envelope.identity(primitives)).ok()
    }

    /// Writes the head into an erased slot.
    ///
    /// # Errors
    /// If flash fails.
    pub fn save(
        &self,
        flash: &mut impl Flash,
        layout: &Layout,
        slot: Slot,
    ) -> Result<(), FlashError> {
        let mut bytes = [0xff; FULL_BYTES];
        let end = HEAD_BYTES + self.envelope.len();
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.image_bytes.to_le_bytes());
        bytes[8..40].copy_from_slice(&self.image_digest.0);
        bytes[40..44].copy_from_slice(&self.root_version.to_le_bytes());
        bytes[44..48].copy_from_slice(&(self.envelope.len() as u32).to_le_bytes());
        bytes[HEAD_BYTES..end].copy_from_slice(&self.envelope);
        bytes[48..52].copy_from_slice(&self.epoch.to_le_bytes());
        let crc = checksum(&bytes[..CRC_AT], &self.envelope);
        bytes[CRC_AT..HEAD_BYTES].copy_from_slice(&crc.to_le_bytes());
        let whole = end.next_multiple_of(layout.write_bytes() as usize);
        flash.write(layout.head(slot), &bytes[..whole])
    }

    /// Reads a slot's head; none if it holds no whole one.
    ///
    /// # Errors
    /// If flash fails.
    pub fn load(
        flash: &mut impl Flash,
        layout: &Layout,
        slot: Slot,
    ) -> Result<Option<Self>, FlashError> {
        let mut fixed = [0; HEAD_BYTES];
        flash.read(layout.head(slot), &mut fixed)?;
        let length = number(&fixed, 44) as usize;
        if fixed[..4] != MAGIC || length > ENVELOPE_BYTES_MAX {
            return Ok(None);
        }
        let mut envelope = heapless::Vec::new();
        // Within the capacity, as was just checked.
        let _ = envelope.resize_default(length);
        flash.read(layout.head(slot) + HEAD_BYTES as u32, &mut envelope)?;
        if number(&fixed, CRC_AT) != checksum(&fixed[..CRC_AT], &envelope) {
            return Ok(None);
        }
        let mut digest = Digest::ZERO;
        digest.0.copy_from_slice(&fixed[8..40]);
        let (image_bytes, root_version) = (number(&fixed, 4), number(&fixed, 40));
        Ok(Some(Self {
            image_bytes,
            image_digest: digest,
            root_version,
            epoch: number(&fixed, 48),
            envelope,
        }))
    }
}

fn number(bytes: &[u8; HEAD_BYTES], at: usize) -> u32 {
    let mut part = [0; 4];
    part.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(part)
}

fn checksum(fixed: &[u8], envelope: &[u8]) -> u32 {
    let mut digest = CRC.digest();
    digest.update(fixed);
    digest.update(envelope);
    digest.finalize()
}

/// The first `length` bytes of a slot's image, as flash holds them, measured in one pass.
///
/// # Errors
/// If flash fails.
pub fn measure(
    flash: &mut impl Flash,
    layout: &Layout,
    slot: Slot,
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
        flash.read(layout.image(slot) + at, part)?;
        measuring.update(part);
        at += count;
    }
    Ok(measuring.finish())
}

/// The head of a slot, if its image is, byte for byte, the one that the device accepted. A slot that
/// can't be read isn't: parts with error correction refuse to read what a cut write left behind.
///
/// # Errors
/// If flash fails otherwise.
pub fn intact(
    flash: &mut impl Flash,
    layout: &Layout,
    slot: Slot,
    primitives: &impl Primitives,
) -> Result<Option<Head>, FlashError> {
    match compare(flash, layout, slot, primitives) {
        Err(FlashError::Failed) => Ok(None),
        outcome => outcome,
    }
}

fn compare(
    flash: &mut impl Flash,
    layout: &Layout,
    slot: Slot,
    primitives: &impl Primitives,
) -> Result<Option<Head>, FlashError> {
    let Some(head) = Head::load(flash, layout, slot)? else {
        return Ok(None);
    };
    if head.image_bytes > layout.image_bytes() {
        return Ok(None);
    }
    // What was accepted by SHA-384 is known again by its name.
    let algorithm = DigestAlgorithm::Sha256;
    let image = measure(flash, layout, slot, head.image_bytes, algorithm, primitives)?;
    Ok(image.digest.ct_eq(&head.image_digest).then_some(head))
}
