//! Public keys, their algorithms and their names.
//!
//! Private keys never come near this crate. Read [`PublicKey`] first.
//!
//! | algorithm | number | public key | signature | source |
//! |---|---|---|---|---|
//! | ESP256 | -9 | SEC 1 point, 65 bytes | `r \|\| s`, 64 | RFC 9864, section 2.1 |
//! | Ed25519 | -19 | 32 bytes | 64 | RFC 9864, section 2.2; RFC 8032 |
//! | ESP384 | -51 | SEC 1 point, 97 bytes | `r \|\| s`, 96 | RFC 9864, section 2.1 |
//! | ML-DSA-65 | -49 | 1952 bytes | 3309 | RFC 9964; FIPS 204 |
//! | ML-DSA-87 | -50 | 2592 bytes | 4627 | RFC 9964; FIPS 204 |
//! | HSS-LMS | -46 | 60 bytes, one tree | up to 4627 | RFC 8778; RFC 8554; SP 800-208 |

use crate::digest::{parse_hex, write_hex};
use crate::primitives::{Hasher, Primitives};
use core::fmt;

/// Bytes of the longest public key, that of ML-DSA-87 (FIPS 204, table 2).
pub const PUBLIC_KEY_BYTES_MAX: usize = 2592;

/// Bytes of the longest signature, that of ML-DSA-87 (FIPS 204, table 2). Hash-based signatures with
/// the Winternitz parameter 1 are longer and for that reason not supported.
pub const SIGNATURE_BYTES_MAX: usize = 4627;

/// Bytes of a [`KeyId`]. Half a SHA-256 thumbprint: 128 bits leave no room to grind a second key
/// with the same name, and a signature block stays small.
pub const KEY_ID_BYTES: usize = 16;

/// A signature algorithm. Which of them a device can check is said by its
/// [`Primitives`](crate::Primitives::supports).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Esp256,
    /// EdDSA on Curve25519.
    Ed25519,
    /// ECDSA on P-384 with SHA-384.
    Esp384,
    /// Module-lattice signatures of security category 3, pure, without context.
    MlDsa65,
    /// Module-lattice signatures of security category 5, pure, without context.
    MlDsa87,
    /// Hash-based signatures of one Merkle tree with SHA-256. Only ever verified: whoever signs must
    /// never use a leaf twice, which no software that can be restored from a copy can promise.
    HssLms,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 6] = [
        Algorithm::Esp256,
        Algorithm::Ed25519,
        Algorithm::Esp384,
        Algorithm::MlDsa65,
        Algorithm::MlDsa87,
        Algorithm::HssLms,
    ];

    /// The number in the IANA COSE Algorithms registry.
    pub const fn cose_id(self) -> i32 {
        match self {
            Algorithm::Esp256 => -9,
            Algorithm::Ed25519 => -19,
            Algorithm::HssLms => -46,
            Algorithm::MlDsa65 => -49,
            Algorithm::MlDsa87 => -50,
            Algorithm::Esp384 => -51,
        }
    }

    /// The algorithm with this registered number, if Mainstay uses it.
    pub fn from_cose_id(id: i32) -> Option<Algorithm> {
        let same = |algorithm: &Algorithm| algorithm.cose_id() == id;
        Algorithm::ALL.into_iter().find(same)
    }

    /// The name in the IANA COSE Algorithms registry.
    pub const fn id(self) -> &'static str {
        match self {
            Algorithm::Esp256 => "ESP256",
            Algorithm::Ed25519 => "Ed25519",
            Algorithm::Esp384 => "ESP384",
            Algorithm::MlDsa65 => "ML-DSA-65",
            Algorithm::MlDsa87 => "ML-DSA-87",
            Algorithm::HssLms => "HSS-LMS",
        }
    }

    /// The algorithm of this name.
    pub fn from_id(id: &str) -> Option<Algorithm> {
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.id() == id)
    }

    /// Whether it is of CNSA 2.0, whose hash is SHA-384 or longer.
    pub const fn is_of_cnsa(self) -> bool {
        matches!(self, Algorithm::Esp384 | Algorithm::MlDsa87)
    }

    /// Bytes of a public key.
    pub const fn public_key_bytes(self) -> usize {
        match self {
            Algorithm::Esp256 => 65,
            Algorithm::Ed25519 => 32,
            Algorithm::Esp384 => 97,
            Algorithm::MlDsa65 => 1952,
            Algorithm::MlDsa87 => 2592,
            Algorithm::HssLms => 60,
        }
    }
}

/// Why bytes aren't a public key.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Another length than the algorithm's.
    #[error(
        "a public key of {} has {} bytes; convert the key to that form",
        .0.id(),
        .0.public_key_bytes()
    )]
    Length(Algorithm),
    /// An elliptic-curve point in another form.
    #[error(
        "a public key on a NIST curve begins with 0x04 (SEC 1, uncompressed); \
         convert the key to that form"
    )]
    NotUncompressed,
    /// Hash-based, but not one tree with SHA-256, 32-byte nodes and a Winternitz parameter of 2, 4
    /// or 8, or with signatures that are too long for a document.
    #[error(
        "a hash-based public key must be of one tree (L = 1) with LMS_SHA256_M32 and \
         LMOTS_SHA256_N32 W4 or W8, or W2 up to height 10; make a key with these parameters"
    )]
    HashTree,
}

/// A public key, borrowed from the document that lists it.
///
/// Whether a point lies on its curve is found out when a signature is checked.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct PublicKey<'a> {
    algorithm: Algorithm,
    bytes: &'a [u8],
}

impl<'a> PublicKey<'a> {
    /// Stands where no key could be read; no signature is ever valid under it, since it is no point.
    pub(crate) const NOBODYS: PublicKey<'static> = PublicKey {
        algorithm: Algorithm::Esp256,
        bytes: &[0; 65],
    };

    /// Takes a public key in the form of the table above.
    pub fn new(algorithm: Algorithm, bytes: &'a [u8]) -> Result<PublicKey<'a>, KeyError> {
        if bytes.len() != algorithm.public_key_bytes() {
            return Err(KeyError::Length(algorithm));
        }
        match algorithm {
            Algorithm::Esp256 | Algorithm::Esp384 if bytes[0] != 0x04 => {
                return Err(KeyError::NotUncompressed);
            }
            Algorithm::HssLms if !is_single_tree(bytes) => return Err(KeyError::HashTree),
            _ => {}
        }
        Ok(PublicKey { algorithm, bytes })
    }

    /// The only algorithm this key may be used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key, in the form of the table above.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// `u32str(L) || u32str(LMS type) || u32str(LM-OTS type) || I || T[1]` (RFC 8554, sections 5.3 and
/// 6.1) with L = 1, LMS_SHA256_M32_H5 to H25 (5 to 9), and LMOTS_SHA256_N32_W2 to W8 (2 to 4). With
/// W2 only H5 and H10: the signatures of higher trees are longer than [`SIGNATURE_BYTES_MAX`].
fn is_single_tree(bytes: &[u8]) -> bool {
    let [0, 0, 0, 1, 0, 0, 0, tree, 0, 0, 0, leaf, ..] = bytes else {
        return false;
    };
    matches!((leaf, tree), (2, 5..=6) | (3..=4, 5..=9))
}

/// The name of a key: the first 16 bytes of its COSE Key Thumbprint with SHA-256 (RFC 9679).
///
/// Shown and parsed as 32 lower-case hexadecimal digits.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct KeyId(pub [u8; KEY_ID_BYTES]);

impl KeyId {
    /// Names `key`. The thumbprint is the hash of the COSE_Key with its required members only
    /// (RFC 9679, section 4), written here as the constant pieces around the key's own bytes:
    ///
    /// | key type | COSE_Key |
    /// |---|---|
    /// | EC2 | `{1: 2, -1: curve, -2: x, -3: y}` |
    /// | OKP | `{1: 1, -1: 6, -2: x}` |
    /// | AKP (RFC 9964) | `{1: 7, 3: algorithm, -1: pub}` |
    /// | HSS-LMS (RFC 8778) | `{1: 5, -1: pub}` |
    pub fn of(key: &PublicKey<'_>, primitives: &impl Primitives) -> KeyId {
        let mut hasher = primitives.hasher();
        let coordinates = key.bytes.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let pieces: [&[u8]; 4] = match key.algorithm {
            Algorithm::Esp256 => [b"\xa4\x01\x02\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y],
            Algorithm::Esp384 => [b"\xa4\x01\x02\x20\x02\x21\x58\x30", x, b"\x22\x58\x30", y],
            Algorithm::Ed25519 => [b"\xa3\x01\x01\x20\x06\x21\x58\x20", key.bytes, b"", b""],
            Algorithm::MlDsa65 => [
                b"\xa3\x01\x07\x03\x38\x30\x20\x59\x07\xa0",
                key.bytes,
                b"",
                b"",
            ],
            Algorithm::MlDsa87 => [
                b"\xa3\x01\x07\x03\x38\x31\x20\x59\x0a\x20",
                key.bytes,
                b"",
                b"",
            ],
            Algorithm::HssLms => [b"\xa2\x01\x05\x20\x58\x3c", key.bytes, b"", b""],
        };
        pieces.iter().for_each(|piece| hasher.update(piece));
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
