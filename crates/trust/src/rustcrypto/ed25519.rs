//! Ed25519 (RFC 8032, section 5.1.7; RFC 9864, section 2.2), strict.

use crate::key::PublicKey;
use crate::primitives::BadSignature;
use ed25519_dalek::{Signature, VerifyingKey};

/// Checks what the library's `verify_strict` checks, but over a message in pieces: the library's
/// stream verifier does the equation, and the points of small order, with which one signature fits
/// many messages, are refused here.
pub(super) fn verify(
    key: &PublicKey<'_>,
    message: &[&[u8]],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = point(key.bytes())?;
    let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
    point(signature.r_bytes())?;
    let mut verifier = key.verify_stream(&signature).map_err(|_| BadSignature)?;
    message.iter().for_each(|part| verifier.update(part));
    verifier.finalize_and_verify().map_err(|_| BadSignature)
}

/// A point of the curve that isn't of small order. The public key is one, and so is the first half
/// of a signature.
fn point(bytes: &[u8]) -> Result<VerifyingKey, BadSignature> {
    let bytes = bytes.try_into().map_err(|_| BadSignature)?;
    let point = VerifyingKey::from_bytes(bytes).map_err(|_| BadSignature)?;
    if point.is_weak() {
        return Err(BadSignature);
    }
    Ok(point)
}
