//! AWS-LC and RustCrypto agree: what one signs or hashes, the other accepts, and nothing more.

use mainstay_artifact::Signer;
use mainstay_artifact::signer::FakeSigner;
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Hasher as _, Primitives};
use proptest::prelude::*;

use crate::{HostPrimitives, generate};

fn accepts(
    verifier: &impl Primitives,
    signer: &dyn Signer,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let (start, end) = message.split_at(message.len() / 2);
    verifier
        .verify(&signer.public_key(), &[start, end], signature)
        .is_ok()
}

/// `signer` signs; both libraries accept it, and refuse it over another message or when altered.
fn check(signer: &dyn Signer, message: &[u8], flipped_bit: usize) {
    let signature = signer.sign(message).expect("both sign anything");
    let mut altered = signature.clone();
    altered[flipped_bit / 8] ^= 1 << (flipped_bit % 8);
    let other = [message, b"."].concat();
    assert!(accepts(&RustCrypto, signer, message, &signature));
    assert!(accepts(&HostPrimitives, signer, message, &signature));
    for (message, signature) in [(&other[..], &signature[..]), (message, &altered)] {
        assert!(!accepts(&RustCrypto, signer, message, signature));
        assert!(!accepts(&HostPrimitives, signer, message, signature));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn either_verifies_what_the_other_signed(
        message in prop::collection::vec(any::<u8>(), 0..300),
        seed: [u8; 32],
        bit in 0..512usize,
    ) {
        check(&generate::from_seed("ana", &seed).unwrap().signer().unwrap(), &message, bit);
        check(&FakeSigner::new(&hex::encode(seed)), &message, bit);
    }

    #[test]
    fn both_hash_alike(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
        fn hash(primitives: &impl Primitives, parts: &[Vec<u8>]) -> mainstay_trust::Digest {
            let mut hasher = primitives.hasher();
            parts.iter().for_each(|part| hasher.update(part));
            hasher.finish()
        }
        prop_assert_eq!(hash(&RustCrypto, &parts), hash(&HostPrimitives, &parts));
    }
}

#[test]
fn signatures_of_other_lengths_are_refused() {
    let signer = generate::from_seed("ana", &[1; 32])
        .unwrap()
        .signer()
        .unwrap();
    let signature = signer.sign(b"message").unwrap();
    let longer = [&signature[..], &[0]].concat();
    for altered in [&signature[..63], &longer, &[], &[0; 64]] {
        assert!(!accepts(&RustCrypto, &signer, b"message", altered));
        assert!(!accepts(&HostPrimitives, &signer, b"message", altered));
    }
}
