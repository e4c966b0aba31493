//! Which roots demand that a release is bound by SHA-384.

use crate::people::{Draft, bound_by_sha384, manifest, root};
use mainstay_trust::{Algorithm, Refusal, Role, RustCrypto, strength};

#[track_caller]
fn expect(change: impl FnOnce(&mut Draft), expected: Result<(), Refusal>) {
    let mut root = root();
    change(&mut root);
    let root = root.done();
    assert_eq!(strength::check(&manifest(), &root, &RustCrypto), expected);
    let bound = bound_by_sha384();
    assert_eq!(strength::check(&bound, &root, &RustCrypto), Ok(()));
}

fn demands(role: Role, algorithm: Algorithm) -> impl FnOnce(&mut Draft) {
    move |root| root.role(role).required_algorithms.push(algorithm)
}

#[test]
fn each_algorithm_says_for_itself() {
    expect(|_| (), Ok(()));
    for algorithm in Algorithm::ALL {
        let expected = match algorithm {
            Algorithm::Esp384 | Algorithm::MlDsa87 => Err(Refusal::DigestTooWeak),
            _ => Ok(()),
        };
        expect(demands(Role::Build, algorithm), expected);
    }
}

#[test]
fn only_roles_that_stand_behind_the_class_are_asked() {
    let weak = Err(Refusal::DigestTooWeak);
    expect(demands(Role::Release, Algorithm::Esp384), weak);
    for role in [Role::Root, Role::Operations, Role::Revocation, Role::Status] {
        expect(demands(role, Algorithm::Esp384), Ok(()));
    }
    expect(
        |root| {
            demands(Role::Operations, Algorithm::Esp384)(root);
            let roles = vec![Role::Build, Role::Release, Role::Operations];
            root.policy.push((manifest().class_id, roles));
        },
        weak,
    );
}
