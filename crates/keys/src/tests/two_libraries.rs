//! AWS-LC and RustCrypto agree: what one signs or hashes, the other accepts, and nothing more.

use mainstay_artifact::Signer as _;
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Algorithm, Hasher as _, Primitives, PublicKey};
use proptest::prelude::*;

use super::rust_signer;
use crate::{HostPrimitives, generate};

const SIGNING: [Algorithm; 5] = [
    Algorithm::Esp256,
    Algorithm::Ed25519,
    Algorithm::Esp384,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

/// Whether the signature holds, in the one answer of both libraries.
fn accepted(key: &PublicKey<'_>, message: &[u8], signature: &[u8]) -> bool {
    let (start, end) = message.split_at(message.len() / 2);
    let host = HostPrimitives.verify(key, &[start, end], signature).is_ok();
    let device = RustCrypto.verify(key, &[start, end], signature).is_ok();
    assert_eq!(
        host,
        device,
        "{}: host and device disagree",
        key.algorithm().id()
    );
    host
}

/// Both accept it; both refuse it over another message, under another key, altered, cut, longer
/// and empty.
fn check(key: &PublicKey<'_>, other: &PublicKey<'_>, message: &[u8], signature: &[u8], bit: usize) {
    let name = key.algorithm().id();
    assert!(accepted(key, message, signature), "{name}");
    assert!(
        !accepted(key, &[message, b"."].concat(), signature),
        "{name}"
    );
    assert!(!accepted(other, message, signature), "{name}: another key");
    let mut flipped = signature.to_vec();
    let bit = bit % (8 * signature.len());
    flipped[bit / 8] ^= 1 << (bit % 8);
    let cut = &signature[..signature.len() - 1];
    let longer = [signature, &[0]].concat();
    let nothing = vec![0; signature.len()];
    for altered in [&flipped[..], cut, &longer, &[], &nothing] {
        assert!(
            !accepted(key, message, altered),
            "{name}: {} bytes",
            altered.len()
        );
    }
}

fn aws_lc_signs(algorithm: Algorithm, seed: [u8; 32], message: &[u8], bit: usize) {
    let signer = |seed| {
        let key = generate::seeded(algorithm, "ana", seed).unwrap();
        key.signer().unwrap()
    };
    let (ana, li) = (signer(&seed), signer(&seed.map(|byte| !byte)));
    let signature = ana.sign(message).expect("it signs anything");
    check(
        &ana.public_key(),
        &li.public_key(),
        message,
        &signature,
        bit,
    );
}

fn rust_crypto_signs(algorithm: Algorithm, seed: [u8; 32], message: &[u8], bit: usize) {
    let (ana, signature) = rust_signer::sign(algorithm, seed, message);
    let (li, _) = rust_signer::sign(algorithm, seed.map(|byte| !byte), b"");
    check(&ana.as_key(), &li.as_key(), message, &signature, bit);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn either_verifies_what_the_other_signed(
        message in prop::collection::vec(any::<u8>(), 0..300),
        seed: [u8; 32],
        bit: usize,
    ) {
        for algorithm in SIGNING {
            aws_lc_signs(algorithm, seed, &message, bit);
            rust_crypto_signs(algorithm, seed, &message, bit);
        }
    }

    #[test]
    fn both_hash_alike(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
        fn hash(primitives: &impl Primitives, parts: &[Vec<u8>]) -> mainstay_trust::Digest {
            let mut hasher = primitives.hasher();
            parts.iter().for_each(|part| hasher.update(part));
            hasher.finish()
        }
        fn hash384(primitives: &impl Primitives, parts: &[Vec<u8>]) -> mainstay_trust::Digest384 {
            let mut hasher = primitives.hasher384().unwrap();
            parts.iter().for_each(|part| hasher.update(part));
            hasher.finish()
        }
        prop_assert_eq!(hash(&RustCrypto, &parts), hash(&HostPrimitives, &parts));
        prop_assert_eq!(hash384(&RustCrypto, &parts), hash384(&HostPrimitives, &parts));
    }
}

/// A root is the largest document that is ever signed.
#[test]
fn a_message_of_any_size_is_taken() {
    let message = [0xa5; 40_000];
    for algorithm in SIGNING {
        aws_lc_signs(algorithm, [7; 32], &message, 1);
    }
}

#[test]
fn both_verify_what_a_hash_based_signer_signed() {
    rust_crypto_signs(Algorithm::HssLms, [5; 32], b"one leaf", 1000);
}

#[test]
fn both_sides_offer_every_algorithm() {
    for algorithm in Algorithm::ALL {
        assert!(HostPrimitives.supports(algorithm) && RustCrypto.supports(algorithm));
    }
}

/// The seed form of RFC 9881, appendix C.1.1, with the seed of its examples; and the lattice
/// libraries expand that seed to one public key.
#[test]
fn ml_dsa_keys_are_kept_as_their_seeds() {
    let seed: [u8; 32] = std::array::from_fn(|at| at as u8);
    for (algorithm, oid_end) in [(Algorithm::MlDsa65, "12"), (Algorithm::MlDsa87, "13")] {
        let pair = crate::pair::Pair::from_secret(algorithm, &seed).unwrap();
        let expected = format!(
            "3034020100300b06096086480165030403{oid_end}04228020{}",
            hex::encode(seed)
        );
        assert_eq!(hex::encode(&*pair.to_pkcs8().unwrap()), expected);
        let (public, _) = rust_signer::sign(algorithm, seed, b"");
        assert_eq!(pair.public_key(), public.as_key().bytes());
    }
}
