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

use der::asn1::UintRef;
use der::{Decode as _, Encode as _};
use mainstay_trust::{Algorithm, BadSignature, Primitives, PublicKey};

use super::tlv::TlvType;

/// Bytes of `r`, and of `s`, on P-256.
const SCALAR_BYTES: usize = 32;

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
        match self {
            Self::Ecdsa => ecdsa_to_der(signature),
            Self::Ed25519 => Some(signature.to_vec()),
        }
    }

    /// The inverse of [`to_tlv`](Self::to_tlv); strict, so that a signature has one spelling.
    fn read_tlv(self, value: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ecdsa => ecdsa_from_der(value),
            Self::Ed25519 => Some(value.to_vec()),
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
        let signature = self.read_tlv(value).ok_or(BadSignature)?;
        primitives.verify(key, &[message], &signature)
    }
}

fn ecdsa_to_der(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(SCALAR_BYTES)?;
    let pair = [UintRef::new(r).ok()?, UintRef::new(s).ok()?];
    (s.len() == SCALAR_BYTES)
        .then(|| pair.to_der().ok())
        .flatten()
}

fn ecdsa_from_der(value: &[u8]) -> Option<Vec<u8>> {
    let numbers = Vec::<UintRef<'_>>::from_der(value).ok()?;
    let [r, s] = numbers.as_slice() else {
        return None;
    };
    let mut signature = vec![0; 2 * SCALAR_BYTES];
    for (number, place) in [r, s]
        .into_iter()
        .zip(signature.chunks_exact_mut(SCALAR_BYTES))
    {
        let bytes = number.as_bytes();
        let start = SCALAR_BYTES.checked_sub(bytes.len())?;
        place[start..].copy_from_slice(bytes);
    }
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_der() {
        // A high first bit takes a zero in front; leading zeros go.
        let mut signature = [0; 64];
        signature[0] = 0x80;
        signature[63] = 5;
        let der = ecdsa_to_der(&signature).unwrap();
        let expected = format!("302602210080{}020105", "00".repeat(31));
        assert_eq!(hex::encode(&der), expected);
        assert_eq!(ecdsa_from_der(&der).unwrap(), signature);
    }

    #[test]
    fn another_spelling_of_a_signature_is_none() {
        let der = |hex_digits: &str| ecdsa_from_der(&hex::decode(hex_digits).unwrap());
        assert!(der("3006020105020105").is_some());
        for (bad, why) in [
            ("300602010502010500", "bytes follow"),
            ("308106020105020105", "a longer length than needed"),
            ("300702020005020105", "a zero in front that needn't be"),
            ("3006020185020105", "a negative number"),
            ("3003020105", "one number"),
            ("3009020105020105020105", "three numbers"),
            ("3105020105020105", "no sequence"),
            ("", "nothing"),
        ] {
            assert_eq!(der(bad), None, "{why}");
        }
        let long = format!("302702220100{}020105", "00".repeat(32));
        assert_eq!(der(&long), None, "a number beyond the curve's");
        assert_eq!(ecdsa_to_der(&[1; 63]), None);
        assert_eq!(ecdsa_to_der(&[1; 65]), None);
    }

    proptest! {
        #[test]
        fn both_forms_are_one_signature(signature in prop::collection::vec(any::<u8>(), 64)) {
            let der = ecdsa_to_der(&signature).unwrap();
            prop_assert!(der.len() <= 72);
            prop_assert_eq!(ecdsa_from_der(&der).unwrap(), signature);
        }
    }
}
