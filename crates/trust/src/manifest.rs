//! The manifest: what a release is, and which devices may run it.
//!
//! Its bytes are a SUIT manifest (draft-ietf-suit-manifest-37) in a strict profile, drawn in
//! `manifest_wire.rs`. A manifest that was only parsed proves nothing: believe one that came out of
//! [`verify::release`](crate::verify::release).

use crate::banks::{Bank, Banks, Part};
use crate::cbor::{self, EncodeError};
use crate::digest::Digest;
use crate::digest384::Digest384;
use crate::image::Image;
use crate::list::List;
use crate::refusal::Refusal;
use core::fmt;

/// The largest manifest. With every text and list full it has some 600 bytes.
pub const MANIFEST_BYTES_MAX: usize = 1024;

/// The longest human version. Semantic versions with build metadata stay well below.
pub const VERSION_BYTES_MAX: usize = 64;

/// The most releases that one may return to. A device has two slots; four cover a fleet in which
/// some devices skipped releases.
pub const RETURNS_TO_MAX: u32 = 4;

/// A vendor or class id: a UUID of version 5 (RFC 9562, section 5.5), made by whoever packs.
pub type Uuid = [u8; 16];

/// A bootloader version, compared by major, then minor, then patch.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Default)]
pub struct BootloaderVersion {
    /// Raised for changes that break.
    pub major: u16,
    /// Raised for new abilities.
    pub minor: u16,
    /// Raised for repairs.
    pub patch: u16,
}

impl fmt::Display for BootloaderVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What a release is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Manifest<'a> {
    /// The release's identity: SHA-256 of the manifest wrapped as a byte string. It isn't part of
    /// the encoding.
    pub digest: Digest,
    /// Rises with every release of a class; what devices compare.
    pub sequence: u64,
    /// Whose devices it is for.
    pub vendor_id: Uuid,
    /// Which class, hardware group and environment it is for.
    pub class_id: Uuid,
    /// SHA-256 of the image: its name. Of a release with [`banks`](Manifest::banks), this, the size and the
    /// SHA-384 are those of the whole payload.
    pub image_digest: Digest,
    /// Size of the image, at least one.
    pub image_bytes: u32,
    /// The version that people read, 1 to [`VERSION_BYTES_MAX`] visible ASCII characters. Nothing
    /// is decided by it.
    pub version: &'a str,
    /// Once this release is confirmed, nothing with a lower sequence number is installed again.
    /// Never above `sequence`.
    pub security_floor: u64,
    /// Installing must begin before this moment, in Unix seconds.
    pub use_before: Option<u64>,
    /// The oldest bootloader that may start it.
    pub bootloader_min: BootloaderVersion,
    /// Manifest digests of earlier releases that a device running this one may go back to.
    pub returns_to: List<'a, Digest>,
    /// SHA-256 of the release's bill of materials.
    pub sbom: Option<Digest>,
    /// SHA-256 of the statement of how it was built.
    pub provenance: Option<Digest>,
    /// SHA-384 of the image, in a release that is bound by SHA-384.
    pub image_sha384: Option<Digest384>,
    /// The images for either bank, in a release for devices that start them where they lie.
    pub banks: Option<Banks>,
}

impl<'a> Manifest<'a> {
    /// Reads the map inside the envelope's manifest byte string; `digest` is the identity it has
    /// (see [`envelope::manifest_digest`](crate::envelope::manifest_digest)).
    ///
    /// # Errors
    /// Whatever isn't byte for byte what [`encode`](Manifest::encode) writes is refused.
    #[inline(never)]
    pub fn parse(bytes: &'a [u8], digest: Digest) -> Result<Manifest<'a>, Refusal> {
        let manifest = crate::manifest_wire::read(bytes, digest)?;
        manifest.check()?;
        if cbor::is_encoding_of(&manifest, bytes) {
            Ok(manifest)
        } else {
            Err(Refusal::ForeignProfile)
        }
    }

    /// Writes the map into `buf` and returns its length; [`MANIFEST_BYTES_MAX`] is always enough.
    ///
    /// # Errors
    /// A small buffer, or values that [`parse`](Manifest::parse) would refuse.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        self.check()?;
        cbor::encode_into(self, buf)
    }

    /// What it says of its image.
    pub fn image(&self) -> Image {
        Image {
            bytes: self.image_bytes.into(),
            digest: self.image_digest,
            sha384: self.image_sha384,
        }
    }

    /// What of the payload belongs into a bank; all of it, where images are the same everywhere.
    pub fn part(&self, bank: Bank) -> Part {
        match &self.banks {
            Some(banks) => banks.part(bank),
            None => Part {
                offset: 0,
                image: self.image(),
            },
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        self.returns_to.check_within(RETURNS_TO_MAX)?;
        if self.image_bytes == 0 || !cbor::is_plain_text(self.version, VERSION_BYTES_MAX) {
            return Err(Refusal::FieldInvalid);
        }
        if self.security_floor > self.sequence {
            return Err(Refusal::FloorAboveSequence);
        }
        match &self.banks {
            Some(banks) => banks.check(&self.image()),
            None => Ok(()),
        }
    }
}
