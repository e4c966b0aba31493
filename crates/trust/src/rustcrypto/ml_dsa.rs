//! ML-DSA-65 and ML-DSA-87 (FIPS 204, algorithm 3; RFC 9964): pure, with an empty context.

use crate::key::PublicKey;
use crate::primitives::BadSignature;
use ml_dsa::signature::MultipartVerifier;
use ml_dsa::{EncodedVerifyingKey, MlDsaParams, Signature, VerifyingKey};

/// The message is absorbed piece by piece. The key's matrix is expanded on the stack: 30 KB of
/// ML-DSA-65's 50, which is why no 16 KB microcontroller can take part.
pub(super) fn verify<P: MlDsaParams>(
    key: &PublicKey<'_>,
    message: &[&[u8]],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = EncodedVerifyingKey::<P>::try_from(key.bytes()).map_err(|_| BadSignature)?;
    let signature = Signature::<P>::try_from(signature).map_err(|_| BadSignature)?;
    VerifyingKey::<P>::decode(&key)
        .multipart_verify(message, &signature)
        .map_err(|_| BadSignature)
}
