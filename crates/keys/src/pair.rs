//! A private key inside AWS-LC, of any algorithm that Mainstay signs with.
//!
//! Nothing here touches a file or a passphrase: [`Pair`] is made, read from PKCS#8, and signs. The
//! key stays inside the library, which wipes its memory when it frees it.
//!
//! | algorithm | PKCS#8 (RFC 5958) holds |
//! |---|---|
//! | ESP256, ESP384 | `ECPrivateKey` (RFC 5915) with the public key |
//! | Ed25519 | the 32-byte seed (RFC 8410, section 7), version 1, as OpenSSL writes it |
//! | ML-DSA-65, ML-DSA-87 | the 32-byte seed (RFC 9881, section 6); the other two forms are read too |

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING,
    PqdsaKeyPair, PqdsaSigningAlgorithm,
};
use mainstay_trust::Algorithm;
use pkcs8::der::Decode as _;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

/// An elliptic-curve public key (RFC 5480, section 2.1.1); its parameters name the curve.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// What keys call the other algorithms, or the curve (RFC 5480, RFC 8410, RFC 9881, RFC 9802).
const NAMES: [(ObjectIdentifier, Algorithm); 6] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
        Algorithm::Esp256,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.0.34"),
        Algorithm::Esp384,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.101.112"),
        Algorithm::Ed25519,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"),
        Algorithm::MlDsa65,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"),
        Algorithm::MlDsa87,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.17"),
        Algorithm::HssLms,
    ),
];

/// A key pair of one algorithm.
pub(crate) struct Pair {
    algorithm: Algorithm,
    key: Key,
}

enum Key {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

/// How the library calls an algorithm.
enum Scheme {
    Ecdsa(&'static EcdsaSigningAlgorithm),
    Ed25519,
    MlDsa(&'static PqdsaSigningAlgorithm),
}

/// None for HSS-LMS, which no software may sign with: whoever restores a copy signs with a leaf
/// again, and two signatures by one leaf give the key away (SP 800-208, section 8.1).
fn scheme(algorithm: Algorithm) -> Option<Scheme> {
    match algorithm {
        Algorithm::Esp256 => Some(Scheme::Ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)),
        Algorithm::Esp384 => Some(Scheme::Ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING)),
        Algorithm::Ed25519 => Some(Scheme::Ed25519),
        Algorithm::MlDsa65 => Some(Scheme::MlDsa(&ML_DSA_65_SIGNING)),
        Algorithm::MlDsa87 => Some(Scheme::MlDsa(&ML_DSA_87_SIGNING)),
        Algorithm::HssLms => None,
    }
}

/// Whether Mainstay signs with this algorithm.
pub(crate) fn signs(algorithm: Algorithm) -> bool {
    scheme(algorithm).is_some()
}

impl Pair {
    /// A new pair from the library's random source.
    pub(crate) fn generate(algorithm: Algorithm) -> Option<Pair> {
        let key = match scheme(algorithm)? {
            Scheme::Ecdsa(scheme) => EcdsaKeyPair::generate(scheme).map(Key::Ecdsa),
            Scheme::Ed25519 => Ed25519KeyPair::generate().map(Key::Ed25519),
            Scheme::MlDsa(scheme) => PqdsaKeyPair::generate(scheme).map(Key::MlDsa),
        };
        Some(Pair {
            algorithm,
            key: key.ok()?,
        })
    }

    /// The pair of a secret: a scalar for ECDSA (None if it is out of range), else a seed of 32
    /// bytes.
    pub(crate) fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Option<Pair> {
        let key = match scheme(algorithm)? {
            Scheme::Ecdsa(scheme) => {
                let document = ec_private_key(secret)?;
                EcdsaKeyPair::from_private_key_der(scheme, &document).map(Key::Ecdsa)
            }
            Scheme::Ed25519 => Ed25519KeyPair::from_seed_unchecked(secret).map(Key::Ed25519),
            Scheme::MlDsa(scheme) => PqdsaKeyPair::from_seed(scheme, secret).map(Key::MlDsa),
        };
        Some(Pair {
            algorithm,
            key: key.ok()?,
        })
    }

    /// The pair in an unencrypted PKCS#8 document; None if it holds another kind of key.
    pub(crate) fn from_pkcs8(document: &[u8]) -> Option<Pair> {
        let algorithm = named(PrivateKeyInfoRef::from_der(document).ok()?.algorithm)?;
        let key = match scheme(algorithm)? {
            Scheme::Ecdsa(scheme) => EcdsaKeyPair::from_pkcs8(scheme, document).map(Key::Ecdsa),
            Scheme::Ed25519 => Ed25519KeyPair::from_pkcs8(document).map(Key::Ed25519),
            Scheme::MlDsa(scheme) => PqdsaKeyPair::from_pkcs8(scheme, document).map(Key::MlDsa),
        };
        Some(Pair {
            algorithm,
            key: key.ok()?,
        })
    }

    /// Its unencrypted PKCS#8 document.
    pub(crate) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        let document = match &self.key {
            Key::Ecdsa(key) => key.to_pkcs8v1(),
            Key::Ed25519(key) => key.to_pkcs8v1(),
            Key::MlDsa(key) => key.to_pkcs8v1(),
        };
        document.ok().map(|it| Zeroizing::new(it.as_ref().to_vec()))
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key, in the form that documents have.
    pub(crate) fn public_key(&self) -> &[u8] {
        match &self.key {
            Key::Ecdsa(key) => key.public_key().as_ref(),
            Key::Ed25519(key) => key.public_key().as_ref(),
            Key::MlDsa(key) => key.public_key().as_ref(),
        }
    }

    /// The signature over `message`, in the form that documents have; None if the library refuses.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Key::Ecdsa(key) => {
                let signature = key.sign(&SystemRandom::new(), message).ok()?;
                Some(signature.as_ref().to_vec())
            }
            Key::Ed25519(key) => Some(key.try_sign(message).ok()?.as_ref().to_vec()),
            Key::MlDsa(key) => {
                let mut signature = vec![0; key.algorithm().signature_len()];
                let used = key.sign(message, &mut signature).ok()?;
                signature.truncate(used);
                Some(signature)
            }
        }
    }
}

/// Which algorithm a key in DER is for, by the identifier in front of it.
pub(crate) fn named(named: AlgorithmIdentifierRef<'_>) -> Option<Algorithm> {
    let name = match named.oid {
        EC_PUBLIC_KEY => named.parameters_oid().ok()?,
        other => other,
    };
    let same = NAMES.iter().find(|(oid, _)| *oid == name);
    same.map(|(_, algorithm)| *algorithm)
}

/// The smallest `ECPrivateKey` of RFC 5915, section 3: version, scalar and curve; the library
/// computes the public half. The curve follows from the scalar's length.
fn ec_private_key(scalar: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const P256: &[u8] = &[
        0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ];
    const P384: &[u8] = &[0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
    let (before, curve): (&[u8], _) = match scalar.len() {
        32 => (&[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20], P256),
        48 => (&[0x30, 0x3e, 0x02, 0x01, 0x01, 0x04, 0x30], P384),
        _ => return None,
    };
    Some(Zeroizing::new([before, scalar, curve].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_out_of_range_make_no_key() {
        for (algorithm, bytes) in [(Algorithm::Esp256, 32), (Algorithm::Esp384, 48)] {
            let made = |byte: u8, bytes| Pair::from_secret(algorithm, &vec![byte; bytes]).is_some();
            assert!(!made(0, bytes));
            assert!(!made(0xff, bytes));
            assert!(!made(1, bytes - 1));
            assert!(made(1, bytes));
        }
    }

    #[test]
    fn a_document_and_back() {
        for algorithm in Algorithm::ALL.into_iter().filter(|it| signs(*it)) {
            let pair = Pair::generate(algorithm).unwrap();
            let document = pair.to_pkcs8().unwrap();
            let again = Pair::from_pkcs8(&document).unwrap();
            assert_eq!(again.algorithm(), algorithm);
            assert_eq!(again.public_key(), pair.public_key());
            assert_eq!(again.public_key().len(), algorithm.public_key_bytes());
        }
    }

    #[test]
    fn no_hash_based_key_is_ever_made() {
        assert!(!signs(Algorithm::HssLms));
        assert!(Pair::generate(Algorithm::HssLms).is_none());
        assert!(Pair::from_secret(Algorithm::HssLms, &[1; 32]).is_none());
    }
}
