//! [`Primitives`] by RustCrypto: pure Rust, allocation-free, for microcontrollers.
//!
//! It is **not** a FIPS-validated module; hosts that need one hand in their own primitives.

use crate::digest::Digest;
use crate::key::{Algorithm, PublicKey};
use crate::primitives::{BadSignature, Hasher, Primitives};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// SHA-256 of the `sha2` crate, ECDSA of the `p256` crate.
#[derive(Copy, Clone, Debug, Default)]
pub struct RustCrypto;

/// A SHA-256 computation under way.
#[derive(Clone, Debug, Default)]
pub struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl Primitives for RustCrypto {
    type Hasher = Sha256Hasher;

    fn hasher(&self) -> Sha256Hasher {
        Sha256Hasher::default()
    }

    fn supports(&self, algorithm: Algorithm) -> bool {
        algorithm == Algorithm::Esp256
    }

    fn verify(
        &self,
        key: &PublicKey<'_>,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match key.algorithm() {
            Algorithm::Esp256 => verify_esp256(key, message, signature),
            _ => Err(BadSignature),
        }
    }
}

/// Both `s` and `n - s` are accepted: RFC 9053, section 2.1 demands no low `s`, and PKCS#11
/// tokens give either. It costs nothing, since no identity here is taken from a signature's bytes:
/// a release is named by its manifest, and a second form of one signature is still one holder's.
fn verify_esp256(
    key: &PublicKey<'_>,
    message: &[&[u8]],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = VerifyingKey::from_sec1_bytes(key.bytes()).map_err(|_| BadSignature)?;
    let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
    let mut hasher = Sha256::new();
    message.iter().for_each(|part| hasher.update(part));
    key.verify_prehash(&hasher.finalize(), &signature)
        .map_err(|_| BadSignature)
}
