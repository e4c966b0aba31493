//! Public keys as MCUboot knows them: `SubjectPublicKeyInfo` in DER, and that in PEM.
//!
//! | key | bytes before the key itself | source |
//! |---|---|---|
//! | P-256 | 26: id-ecPublicKey, prime256v1, a bit string of an uncompressed point | RFC 5480, section 2 |
//! | Ed25519 | 12: id-Ed25519, a bit string | RFC 8410, section 4 |
//!
//! A boot loader is built with these bytes, and finds the key of an image by their SHA-256. One key
//! has one encoding here; others (compressed points, explicit curves) would have another hash.

use der::Document;
use der::pem::LineEnding;
use mainstay_trust::{Algorithm, PublicKey};

use crate::PublicKeyBuf;

/// Bytes that a PEM file of a public key may have: ours have 178, RSA's some 800.
pub const PEM_BYTES_MAX: usize = 4096;

const LABEL: &str = "PUBLIC KEY";

/// The kinds of key, and what stands before the key's own bytes.
const PREFIXES: &[(Algorithm, &[u8])] = &[
    (
        Algorithm::Esp256,
        &[
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ],
    ),
    (
        Algorithm::Ed25519,
        &[
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ],
    ),
];

/// Why a text isn't a public key by which images are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpkiError {
    /// Not PEM, or of something else.
    #[error("it isn't a public key in PEM (`BEGIN PUBLIC KEY`)")]
    NotPem,
    /// A key of another kind, or in another encoding.
    #[error("its key is neither on P-256 (uncompressed, named curve) nor Ed25519")]
    Kind,
}

impl SpkiError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        "mcuboot.public-key"
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        "Export it with `imgtool getpub -e pem`, or `openssl pkey -pubout`."
    }
}

/// The DER of a public key; `None` if images can't be signed by such a key.
pub fn to_der(key: &PublicKey<'_>) -> Option<Vec<u8>> {
    let (_, prefix) = PREFIXES.iter().find(|(kind, _)| *kind == key.algorithm())?;
    Some([prefix, key.bytes()].concat())
}

/// The public key in a DER.
pub fn from_der(der: &[u8]) -> Result<PublicKeyBuf, SpkiError> {
    let known = PREFIXES
        .iter()
        .find_map(|(kind, prefix)| Some((*kind, der.strip_prefix(*prefix)?)));
    let (kind, bytes) = known.ok_or(SpkiError::Kind)?;
    PublicKeyBuf::new(kind, bytes).map_err(|_| SpkiError::Kind)
}

/// The PEM of a public key; `None` if images can't be signed by such a key.
pub fn to_pem(key: &PublicKey<'_>) -> Option<String> {
    let document = Document::try_from(to_der(key)?).ok()?;
    document.to_pem(LABEL, LineEnding::LF).ok()
}

/// The public key in a PEM text of at most [`PEM_BYTES_MAX`].
pub fn from_pem(text: &str) -> Result<PublicKeyBuf, SpkiError> {
    match Document::from_pem(text) {
        Ok((LABEL, document)) => from_der(document.as_bytes()),
        _ => Err(SpkiError::NotPem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The base point of P-256 as a key: its PEM by `openssl ec -pubout`.
    const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
";

    #[test]
    fn pem_and_back() {
        let key = from_pem(P256).unwrap();
        assert_eq!(key.algorithm(), Algorithm::Esp256);
        assert!(hex::encode(key.as_key().bytes()).starts_with("046b17d1f2e12c4247"));
        assert_eq!(to_pem(&key.as_key()).unwrap(), P256);
        let ed25519 = PublicKeyBuf::new(Algorithm::Ed25519, &[7; 32]).unwrap();
        let pem = to_pem(&ed25519.as_key()).unwrap();
        assert_eq!(from_pem(&pem).unwrap(), ed25519);
    }

    #[test]
    fn other_keys_are_refused() {
        let private = P256.replace("PUBLIC", "PRIVATE");
        assert_eq!(from_pem(&private), Err(SpkiError::NotPem));
        assert_eq!(from_pem("no key"), Err(SpkiError::NotPem));
        let der = to_der(&from_pem(P256).unwrap().as_key()).unwrap();
        let refused = |der: &[u8]| assert_eq!(from_der(der), Err(SpkiError::Kind));
        refused(&der[..der.len() - 1]);
        refused(&[&der[..], &[0]].concat());
        let mut compressed = der.clone();
        compressed[26] = 2;
        refused(&compressed);
        let lattice = PublicKeyBuf::new(Algorithm::MlDsa65, &[0; 1952]).unwrap();
        assert_eq!(to_der(&lattice.as_key()), None);
    }
}
