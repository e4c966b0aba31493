//! [`Primitives`] by RustCrypto: pure Rust, allocation-free, for microcontrollers.
//!
//! It is **not** a FIPS-validated module; hosts that need one hand in their own primitives. Each
//! algorithm beside ESP256 is a feature of this crate, so that a device carries only what its roots
//! demand. Every message is taken in pieces, as it comes: nothing here joins or copies it, whatever
//! its size.
//!
//! | feature | algorithm | by |
//! |---|---|---|
//! | `rustcrypto` | ESP256, and SHA-256 | `p256`, `sha2` |
//! | `p384` | ESP384, and SHA-384 | `p384`, `sha2` |
//! | `ed25519` | Ed25519, strict | `ed25519-dalek` |
//! | `ml-dsa` | ML-DSA-65 and ML-DSA-87, and SHA-384; some 50 KB of stack | `ml-dsa`, `sha2` |
//! | `lms` | HSS-LMS, one tree | [`lms`](crate::lms), over `sha2` |

#[cfg(feature = "ed25519")]
mod ed25519;
mod esp256;
#[cfg(feature = "p384")]
mod esp384;
#[cfg(feature = "ml-dsa")]
mod ml_dsa;

use crate::digest::Digest;
#[cfg(feature = "sha384")]
use crate::digest384::Digest384;
use crate::key::{Algorithm, PublicKey};
use crate::primitives::{BadSignature, Hasher, Primitives};
use sha2::{Digest as _, Sha256};

/// RustCrypto's SHA-256, and the algorithms of this crate's features.
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

/// A SHA-384 computation under way.
#[cfg(feature = "sha384")]
#[derive(Clone, Debug, Default)]
pub struct Sha384Hasher(sha2::Sha384);

#[cfg(feature = "sha384")]
impl Hasher<Digest384> for Sha384Hasher {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Digest384 {
        Digest384::new(self.0.finalize().into())
    }
}

impl Primitives for RustCrypto {
    type Hasher = Sha256Hasher;
    #[cfg(feature = "sha384")]
    type Hasher384 = Sha384Hasher;
    #[cfg(not(feature = "sha384"))]
    type Hasher384 = core::convert::Infallible;

    fn hasher(&self) -> Sha256Hasher {
        Sha256Hasher::default()
    }

    #[cfg(feature = "sha384")]
    fn hasher384(&self) -> Option<Sha384Hasher> {
        Some(Sha384Hasher::default())
    }

    #[cfg(not(feature = "sha384"))]
    fn hasher384(&self) -> Option<core::convert::Infallible> {
        None
    }

    fn supports(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Esp256 => true,
            Algorithm::Ed25519 => cfg!(feature = "ed25519"),
            Algorithm::Esp384 => cfg!(feature = "p384"),
            Algorithm::MlDsa65 | Algorithm::MlDsa87 => cfg!(feature = "ml-dsa"),
            Algorithm::HssLms => cfg!(feature = "lms"),
        }
    }

    fn verify(
        &self,
        key: &PublicKey<'_>,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match key.algorithm() {
            Algorithm::Esp256 => esp256::verify(key, message, signature),
            #[cfg(feature = "ed25519")]
            Algorithm::Ed25519 => ed25519::verify(key, message, signature),
            #[cfg(feature = "p384")]
            Algorithm::Esp384 => esp384::verify(key, message, signature),
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa65 => ml_dsa::verify::<::ml_dsa::MlDsa65>(key, message, signature),
            #[cfg(feature = "ml-dsa")]
            Algorithm::MlDsa87 => ml_dsa::verify::<::ml_dsa::MlDsa87>(key, message, signature),
            #[cfg(feature = "lms")]
            Algorithm::HssLms => crate::lms::verify(self, key, message, signature),
            #[cfg(not(all(
                feature = "ed25519",
                feature = "p384",
                feature = "ml-dsa",
                feature = "lms"
            )))]
            _ => Err(BadSignature),
        }
    }
}
