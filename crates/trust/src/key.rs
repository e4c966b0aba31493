//! Public keys, their algorithms and their names.
//!
//! Private keys never come near this crate. Read [`PublicKey`] first.

use crate::digest::{parse_hex, write_hex};
use crate::primitives::{Hasher, Primitives};
use core::fmt;

/// Bytes of an uncompressed P-256 point: 0x04, x, y (SEC 1, section 2.3.3).
pub const SEC1_BYTES: usize = 65;

/// Bytes of a [`KeyId`]. Half a SHA-256 thumbprint: 128 bits leave no room to grind a second key
/// with the same name, and a signature block stays small.
pub const KEY_ID_BYTES: usize = 16;

/// A signature algorithm this build can check.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, signature as `r || s` (RFC 9864, section 2.1).
    Esp256,
}

impl Algorithm {
    /// The number in the IANA COSE Algorithms registry.
    pub const fn cose_id(self) -> i32 {
        match self {
            Algorithm::Esp256 => -9,
        }
    }

    /// The algorithm with this registered number, if this build can check it.
    pub const fn from_cose_id(id: i32) -> Option<Algorithm> {
        match id {
            -9 => Some(Algorithm::Esp256),
            _ => None,
        }
    }
}

/// Why bytes aren't a public key.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Another form or another curve.
    #[error(
        "a P-256 public key is 65 bytes that begin with 0x04 (SEC 1, uncompressed); \
         convert the key to that form"
    )]
    NotUncompressed,
}

/// A public key in the form that documents carry: SEC 1, uncompressed.
///
/// Whether the point lies on the curve is found out when a signature is checked.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct PublicKey {
    algorithm: Algorithm,
    bytes: [u8; SEC1_BYTES],
}

impl PublicKey {
    /// Takes an uncompressed SEC 1 point, 65 bytes.
    pub fn from_sec1(algorithm: Algorithm, bytes: &[u8]) -> Result<PublicKey, KeyError> {
        match <[u8; SEC1_BYTES]>::try_from(bytes) {
            Ok(bytes) if bytes[0] == 0x04 => Ok(PublicKey { algorithm, bytes }),
            _ => Err(KeyError::NotUncompressed),
        }
    }

    /// The only algorithm this key may be used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The uncompressed SEC 1 point.
    pub fn sec1(&self) -> &[u8; SEC1_BYTES] {
        &self.bytes
    }
}

/// The name of a key: the first 16 bytes of its COSE Key Thumbprint with SHA-256 (RFC 9679).
///
/// Shown and parsed as 32 lower-case hexadecimal digits.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct KeyId(pub [u8; KEY_ID_BYTES]);

impl KeyId {
    /// Names `key`. The thumbprint is the hash of `{1: 2, -1: 1, -2: x, -3: y}` (RFC 9679,
    /// section 4.2), written here as the constant pieces around the two coordinates.
    pub fn of(key: &PublicKey, primitives: &impl Primitives) -> KeyId {
        let (x, y) = key.bytes[1..].split_at(32);
        let mut hasher = primitives.hasher();
        for piece in [
            &[0xa4, 0x01, 0x02, 0x20, 0x01, 0x21, 0x58, 0x20][..],
            x,
            &[0x22, 0x58, 0x20],
            y,
        ] {
            hasher.update(piece);
        }
        let thumbprint = hasher.finish().0;
        KeyId(
            *thumbprint
                .first_chunk()
                .expect("a digest is longer than a key id"),
        )
    }

    /// Reads exactly 32 lower-case hexadecimal digits.
    pub fn parse_hex(text: &str) -> Option<KeyId> {
        parse_hex(text).map(KeyId)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}
