//! The verifying primitives of a host: SHA-256 and ECDSA from AWS-LC.
//!
//! The policy above them is the `trust` crate's, the same that runs on a device with RustCrypto; a
//! test holds the two implementations against each other.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use mainstay_trust::primitives::BadSignature;
use mainstay_trust::{Algorithm, Digest, Hasher, Primitives, PublicKey};

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

impl Primitives for HostPrimitives {
    type Hasher = HostHasher;

    fn hasher(&self) -> HostHasher {
        HostHasher(digest::Context::new(&digest::SHA256))
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
        if key.algorithm() != Algorithm::Esp256 {
            return Err(BadSignature);
        }
        // Joined rather than hashed part by part: the FIPS module verifies messages, not digests.
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.bytes())
            .verify(&message.concat(), signature)
            .map_err(|_| BadSignature)
    }
}
