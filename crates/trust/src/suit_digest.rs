//! SUIT_Digest (section 10 of draft-ietf-suit-manifest-37): `[-16, bstr .size 32]` with SHA-256, or
//! `[-43, bstr .size 48]` with SHA-384.
//!
//! The numbers are COSE's (RFC 9054, section 2.1). Since nothing but the digest ever differs, either is
//! written and read as what stands before, and the digest. Images are named by SHA-256 alone; what the
//! signatures of a release cover is a [`SuitDigest`].

use core::fmt;

use crate::cbor;
use crate::decoder::Decoder;
use crate::digest::{DIGEST_BYTES, Digest};
use crate::digest384::{DIGEST_384_BYTES, Digest384};
use crate::envelope::{manifest_digest, manifest_sha384};
use crate::primitives::Primitives;
use crate::refusal::Refusal;

/// An array of two, the algorithm -16, and the head of a byte string of 32 bytes.
const HEAD: [u8; 4] = [0x82, 0x2f, 0x58, 0x20];
/// An array of two, the algorithm -43, and the head of a byte string of 48 bytes.
const HEAD_384: [u8; 5] = [0x82, 0x38, 0x2a, 0x58, 0x30];

/// Bytes of an encoded SUIT_Digest with SHA-256.
pub const SUIT_DIGEST_BYTES: usize = HEAD.len() + DIGEST_BYTES;

/// Bytes of the longest SUIT_Digest that this build knows.
pub const SUIT_DIGEST_BYTES_MAX: usize = if Digest384::IS_KNOWN {
    HEAD_384.len() + DIGEST_384_BYTES
} else {
    SUIT_DIGEST_BYTES
};

/// With which hash a release is bound: its manifest to its signatures, and its image to its manifest.
/// Its name is SHA-256 of the manifest with either.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub enum DigestAlgorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384, as CNSA 2.0 asks.
    Sha384,
}

impl DigestAlgorithm {
    /// Every one.
    pub const ALL: [DigestAlgorithm; 2] = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384];

    /// The stable name.
    pub const fn id(self) -> &'static str {
        match self {
            DigestAlgorithm::Sha256 => "sha256",
            DigestAlgorithm::Sha384 => "sha384",
        }
    }
}

/// The digest of a manifest, as an envelope claims it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum SuitDigest {
    /// With SHA-256: it is the release's identity too.
    Sha256(Digest),
    /// With SHA-384.
    Sha384(Digest384),
}

impl SuitDigest {
    /// That of an encoded manifest.
    ///
    /// # Errors
    /// [`Refusal::AlgorithmUnsupported`] if the library has no such hash.
    pub fn of(
        manifest: &[u8],
        algorithm: DigestAlgorithm,
        primitives: &impl Primitives,
    ) -> Result<SuitDigest, Refusal> {
        Ok(match algorithm {
            DigestAlgorithm::Sha256 => SuitDigest::Sha256(manifest_digest(manifest, primitives)),
            DigestAlgorithm::Sha384 => SuitDigest::Sha384(manifest_sha384(manifest, primitives)?),
        })
    }

    /// The hash that made it.
    pub fn algorithm(&self) -> DigestAlgorithm {
        match self {
            SuitDigest::Sha256(_) => DigestAlgorithm::Sha256,
            SuitDigest::Sha384(_) => DigestAlgorithm::Sha384,
        }
    }

    /// Writes it into `buf`. These bytes are the payload that a release's signatures cover.
    pub fn encode<'b>(&self, buf: &'b mut [u8; SUIT_DIGEST_BYTES_MAX]) -> &'b [u8] {
        match self {
            SuitDigest::Sha256(digest) => join(&HEAD, &digest.0, buf),
            SuitDigest::Sha384(digest) => join(&HEAD_384, digest.as_bytes(), buf),
        }
    }

    /// Reads one inside a byte string. For another algorithm or another shape the decoder stops.
    pub(crate) fn read(d: &mut Decoder<'_>) -> SuitDigest {
        let bytes = checked(d);
        let longer = bytes.strip_prefix(&HEAD_384);
        let Some(longer) = longer.and_then(|digest| digest.try_into().ok()) else {
            return SuitDigest::Sha256(sha256_of(bytes, d));
        };
        match Digest384::known(longer) {
            Some(digest) => SuitDigest::Sha384(digest),
            None => {
                d.refuse(Refusal::AlgorithmUnsupported);
                SuitDigest::Sha256(Digest::ZERO)
            }
        }
    }
}

/// The encoded SUIT_Digest with SHA-256.
pub fn suit_digest(digest: &Digest) -> [u8; SUIT_DIGEST_BYTES] {
    let mut bytes = [0; SUIT_DIGEST_BYTES];
    join(&HEAD, &digest.0, &mut bytes);
    bytes
}

/// Reads one with SHA-256 inside a byte string, as [`SuitDigest::read`] does.
pub(crate) fn read_suit_digest(d: &mut Decoder<'_>) -> Digest {
    let bytes = checked(d);
    sha256_of(bytes, d)
}

fn join<'b>(head: &[u8], digest: &[u8], buf: &'b mut [u8]) -> &'b [u8] {
    let (to_head, rest) = buf.split_at_mut(head.len());
    to_head.copy_from_slice(head);
    rest[..digest.len()].copy_from_slice(digest);
    &buf[..head.len() + digest.len()]
}

fn checked<'b>(d: &mut Decoder<'b>) -> &'b [u8] {
    let bytes = d.bytes();
    if let Err(refusal) = cbor::check(bytes, bytes.len()) {
        d.refuse(refusal);
    }
    bytes
}

fn sha256_of(bytes: &[u8], d: &mut Decoder<'_>) -> Digest {
    let digest = bytes.strip_prefix(&HEAD).unwrap_or_default();
    Digest(*d.some_or(digest.try_into().ok(), &[0; DIGEST_BYTES]))
}

impl fmt::Display for SuitDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SuitDigest::Sha256(digest) => digest.fmt(f),
            SuitDigest::Sha384(digest) => digest.fmt(f),
        }
    }
}
