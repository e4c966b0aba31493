//! ESP256: ECDSA on P-256 with SHA-256 (RFC 9864, section 2.1; FIPS 186-5, section 6.4.2).

use crate::key::PublicKey;
use crate::primitives::BadSignature;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// Both `s` and `n - s` are accepted: RFC 9053, section 2.1 demands no low `s`, and PKCS#11
/// tokens give either. It costs nothing, since no identity here is taken from a signature's bytes:
/// a release is named by its manifest, and a second form of one signature is still one holder's.
pub(super) fn verify(
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
