//! The two ways to sign an image that Mainstay speaks, and their two forms.
//!
//! | key | TLV | what is signed | a [`Signer`](crate::Signer)'s form | the TLV's form |
//! |---|---|---|---|---|
//! | P-256 | `ECDSA_SIG` | the hashed bytes, hashed once by ECDSA | `r \|\| s` | DER, `SEQUENCE { r, s }` |
//! | Ed25519 | `ED25519` | the 32 bytes of the hash, as a message | 64 bytes | the same |
//!
//! Sources: `boot/bootutil/src/image_ecdsa.c` and `image_ed25519.c`; RFC 3279, section 2.2.3. So an
//! ECDSA signature is made over *bytes*: keys in a validated module or a token sign messages, never
//! bare digests.

use mainstay_trust::{Algorithm, BadSignature, Primitives, PublicKey};

use super::tlv::TlvType;
use crate::der_signature;

/// How an image is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// ECDSA on P-256.
    Ecdsa,
    /// Ed25519 of the hash.
    Ed25519,
}

impl Scheme {
    /// The scheme of a key, if images can be signed by it and `primitives` can check that.
    pub fn of(algorithm: Algorithm, primitives: &impl Primitives) -> Option<Self> {
        match algorithm {
            algorithm if !primitives.supports(algorithm) => None,
            Algorithm::Esp256 => Some(Self::Ecdsa),
            Algorithm::Ed25519 => Some(Self::Ed25519),
            _ => None,
        }
    }

    /// The TLV that holds the signature.
    pub fn tlv(self) -> TlvType {
        match self {
            Self::Ecdsa => TlvType::ECDSA_SIG,
            Self::Ed25519 => TlvType::ED25519,
        }
    }

    /// Whether signing takes all hashed bytes, and not just their hash.
    pub fn signs_bytes(self) -> bool {
        self == Self::Ecdsa
    }

    /// A signer's signature as it stands in the TLV; `None` if it isn't one of this scheme.
    pub fn to_tlv(self, signature: &[u8]) -> Option<Vec<u8>> {
        der_signature::to_wire(self.algorithm(), signature)
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Ecdsa => Algorithm::Esp256,
            Self::Ed25519 => Algorithm::Ed25519,
        }
    }

    /// Checks the signature in a TLV by `key` over `message`, which is the hashed bytes or the hash,
    /// as [`signs_bytes`](Self::signs_bytes) says.
    pub fn verify(
        self,
        value: &[u8],
        key: &PublicKey<'_>,
        message: &[u8],
        primitives: &impl Primitives,
    ) -> Result<(), BadSignature> {
        let signature = der_signature::from_wire(self.algorithm(), value).ok_or(BadSignature)?;
        primitives.verify(key, &[message], &signature)
    }
}
