//! Signers of the other library: RustCrypto's, for every algorithm that it can sign with.

use mainstay_artifact::PublicKeyBuf;
use mainstay_trust::Algorithm;
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Hasher as _, Primitives as _};
use ml_dsa::{MlDsa65, MlDsa87, MlDsaParams};

/// The public key that follows from `seed`, and its signature over `message`.
pub fn sign(algorithm: Algorithm, seed: [u8; 32], message: &[u8]) -> (PublicKeyBuf, Vec<u8>) {
    let (public, signature) = match algorithm {
        Algorithm::Esp256 => esp256(seed, message),
        Algorithm::Esp384 => esp384(seed, message),
        Algorithm::Ed25519 => ed25519(seed, message),
        Algorithm::MlDsa65 => ml_dsa::<MlDsa65>(seed, message),
        Algorithm::MlDsa87 => ml_dsa::<MlDsa87>(seed, message),
        Algorithm::HssLms => on_a_large_stack(|| hss_lms(seed, message)),
    };
    let public = PublicKeyBuf::new(algorithm, &public).expect("a key in its documents' form");
    (public, signature)
}

fn esp256(seed: [u8; 32], message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
    let mut hasher = RustCrypto.hasher();
    hasher.update(&seed);
    let key = SigningKey::from_slice(&hasher.finish().0).expect("below the group order");
    let signature: Signature = key.sign(message);
    let point = key.verifying_key().to_sec1_point(false);
    (point.as_bytes().to_vec(), signature.to_bytes().to_vec())
}

fn esp384(seed: [u8; 32], message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use p384::ecdsa::{Signature, SigningKey, signature::Signer as _};
    let scalar = [&[0x5a; 16][..], &seed].concat();
    let key = SigningKey::from_slice(&scalar).expect("below the group order");
    let signature: Signature = key.sign(message);
    let point = key.verifying_key().to_sec1_point(false);
    (point.as_bytes().to_vec(), signature.to_bytes().to_vec())
}

fn ed25519(seed: [u8; 32], message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use ed25519_dalek::{Signer as _, SigningKey};
    let key = SigningKey::from_bytes(&seed);
    let public = key.verifying_key().to_bytes();
    (public.to_vec(), key.sign(message).to_bytes().to_vec())
}

fn ml_dsa<P: MlDsaParams>(seed: [u8; 32], message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use ml_dsa::signature::{Keypair as _, Signer as _};
    let key = ml_dsa::SigningKey::<P>::from_seed(&seed.into());
    let signature = key.sign(message).encode();
    (key.verifying_key().encode().to_vec(), signature.to_vec())
}

/// The library holds room for eight trees on its stack while it signs: more than a test's thread has.
fn on_a_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(16 << 20);
        let worker = thread.spawn_scoped(scope, work).expect("a thread");
        worker.join().expect("it signs")
    })
}

/// One tree of 32 leaves, and its first leaf. For this test only: see [`Algorithm::HssLms`].
fn hss_lms(seed: [u8; 32], message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use hbs_lms::signature::SignerMut as _;
    use hbs_lms::{HssParameter, LmotsAlgorithm, LmsAlgorithm, Seed, Sha256_256};
    let mut secret = Seed::<Sha256_256>::default();
    secret.as_mut_slice().copy_from_slice(&seed);
    let shape = HssParameter::new(LmotsAlgorithm::LmotsW4, LmsAlgorithm::LmsH5);
    let (mut key, public) =
        hbs_lms::keygen::<Sha256_256>(&[shape], &secret, None).expect("a tree of 32 leaves");
    let signature = key.try_sign(message).expect("a fresh leaf");
    (public.as_slice().to_vec(), signature.as_ref().to_vec())
}
