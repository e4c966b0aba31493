//! ESP384: ECDSA on P-384 with SHA-384 (RFC 9864, section 2.1; FIPS 186-5, section 6.4.2).

use crate::key::PublicKey;
use crate::primitives::BadSignature;
use p384::ecdsa::signature::hazmat::PrehashVerifier;
use p384::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha384};

/// Both `s` and `n - s` are accepted, as by [`esp256`](super::esp256) and for its reasons.
pub(super) fn verify(
    key: &PublicKey<'_>,
    message: &[&[u8]],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = VerifyingKey::from_sec1_bytes(key.bytes()).map_err(|_| BadSignature)?;
    let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
    let mut hasher = Sha384::new();
    message.iter().for_each(|part| hasher.update(part));
    key.verify_prehash(&hasher.finalize(), &signature)
        .map_err(|_| BadSignature)
}
