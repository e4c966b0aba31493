//! The verifying primitives of a host: SHA-256, SHA-384 and every signature algorithm.
//!
//! All of it is AWS-LC's, but for HSS-LMS, which AWS-LC doesn't have: there the verification is
//! [`mainstay_trust::lms`], and AWS-LC hashes. The policy above is the `trust` crate's, the same
//! that runs on a device with RustCrypto; tests hold the two implementations against each other.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ML_DSA_65, ML_DSA_87,
    UnparsedPublicKey, VerificationAlgorithm,
};
use mainstay_trust::primitives::BadSignature;
use mainstay_trust::{Algorithm, Digest, Digest384, Hasher, Primitives, PublicKey, lms};

/// AWS-LC as [`Primitives`].
#[derive(Debug, Clone, Copy, Default)]
pub struct HostPrimitives;

/// A running SHA-256.
pub struct HostHasher(digest::Context);

impl Hasher for HostHasher {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Digest {
        let bytes = self.0.finish();
        Digest(bytes.as_ref().try_into().expect("a SHA-256 has 32 bytes"))
    }
}

/// A running SHA-384.
pub struct HostHasher384(digest::Context);

impl Hasher<Digest384> for HostHasher384 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Digest384 {
        let bytes = self.0.finish();
        Digest384::new(bytes.as_ref().try_into().expect("a SHA-384 has 48 bytes"))
    }
}

impl Primitives for HostPrimitives {
    type Hasher = HostHasher;
    type Hasher384 = HostHasher384;

    fn hasher(&self) -> HostHasher {
        HostHasher(digest::Context::new(&digest::SHA256))
    }

    fn hasher384(&self) -> Option<HostHasher384> {
        Some(HostHasher384(digest::Context::new(&digest::SHA384)))
    }

    fn supports(&self, _: Algorithm) -> bool {
        true
    }

    fn verify(
        &self,
        key: &PublicKey<'_>,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let Some(scheme) = scheme(key.algorithm()) else {
            return lms::verify(self, key, message, signature);
        };
        // Joined rather than hashed part by part: the FIPS module verifies messages, not digests.
        UnparsedPublicKey::new(scheme, key.bytes())
            .verify(&message.concat(), signature)
            .map_err(|_| BadSignature)
    }
}

/// How AWS-LC calls an algorithm; None for the one that it doesn't have.
pub(crate) fn scheme(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        Algorithm::Esp256 => Some(&ECDSA_P256_SHA256_FIXED),
        Algorithm::Ed25519 => Some(&ED25519),
        Algorithm::Esp384 => Some(&ECDSA_P384_SHA384_FIXED),
        Algorithm::MlDsa65 => Some(&ML_DSA_65),
        Algorithm::MlDsa87 => Some(&ML_DSA_87),
        Algorithm::HssLms => None,
    }
}
