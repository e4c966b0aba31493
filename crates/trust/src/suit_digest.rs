//! SUIT_Digest (section 10 of draft-ietf-suit-manifest-37), always with SHA-256: `[-16, bstr .size 32]`.
//!
//! -16 is COSE's number for SHA-256 (RFC 9054, section 2.1). Since nothing but the digest ever differs,
//! it is written and read as what stands before, and the digest.

use crate::cbor;
use crate::decoder::Decoder;
use crate::digest::{DIGEST_BYTES, Digest};

/// An array of two, the algorithm, and the head of a byte string of 32 bytes.
const HEAD: [u8; 4] = [0x82, 0x2f, 0x58, 0x20];

/// Bytes of an encoded SUIT_Digest.
pub const SUIT_DIGEST_BYTES: usize = HEAD.len() + DIGEST_BYTES;

/// The encoded SUIT_Digest. That of a release is the payload that its signatures cover.
pub fn suit_digest(digest: &Digest) -> [u8; SUIT_DIGEST_BYTES] {
    let mut bytes = [0; SUIT_DIGEST_BYTES];
    let (head, rest) = bytes.split_at_mut(HEAD.len());
    head.copy_from_slice(&HEAD);
    rest.copy_from_slice(&digest.0);
    bytes
}

/// Reads one inside a byte string. For another algorithm or another shape the decoder stops.
pub(crate) fn read_suit_digest(d: &mut Decoder<'_>) -> Digest {
    let bytes = d.bytes();
    if let Err(refusal) = cbor::check(bytes, bytes.len()) {
        d.refuse(refusal);
    }
    let digest = bytes.strip_prefix(&HEAD).unwrap_or_default();
    Digest(*d.some_or(digest.try_into().ok(), &[0; DIGEST_BYTES]))
}
