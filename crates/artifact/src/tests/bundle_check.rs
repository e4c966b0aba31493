//! What a device says of a bundle, demand by demand.

use std::io::Cursor;

use mainstay_trust::{BundleStatement, DigestAlgorithm, Envelope, Mark, Role, RustCrypto, verify};

use super::fixture::{self, ana, custodian, li};
use crate::bundle_check::*;
use crate::bundle_file::{BundleParts, write};
use crate::signer::FakeSigner;
use crate::{
    Member, RevocationsDraft, RootDraft, add_approval, add_build_signature, document_file,
};

const NOW: u64 = 1_750_000_000;

fn kim() -> FakeSigner {
    FakeSigner::new("kim@northwind.example")
}

fn rex() -> FakeSigner {
    FakeSigner::new("rex@northwind.example")
}

/// Root 1, and root 2 in which Li builds no more.
fn roots() -> [Vec<u8>; 2] {
    let mut draft = fixture::draft();
    draft.members.push(Member::of(Role::Operations, &kim()));
    draft.members.push(Member::of(Role::Revocation, &rex()));
    let first = draft.signed(&[&custodian()], &RustCrypto).unwrap();
    let root = document_file::read(&first).unwrap();
    let mut next = RootDraft::of(&root).next(NOW - 1_000).unwrap();
    let li = mainstay_trust::KeyId::of(&crate::Signer::public_key(&li()), &RustCrypto);
    next.remove(li, None, &RustCrypto).unwrap();
    [first, next.signed(&[&custodian()], &RustCrypto).unwrap()]
}

fn revocations(seq: u64, change: impl FnOnce(&mut RevocationsDraft)) -> Vec<u8> {
    let mut draft = RevocationsDraft::first(0, NOW - 500, NOW + 86_400);
    draft.seq = seq;
    change(&mut draft);
    let unsigned = draft.unsigned().unwrap();
    document_file::add_signature::<mainstay_trust::Revocations<'_>>(&unsigned, &rex(), &RustCrypto)
        .unwrap()
}

/// The parts of a bundle, each of which a case may spoil.
struct Parts {
    roots: Vec<Vec<u8>>,
    revocations: Option<Vec<u8>>,
    statement: BundleStatement,
    by: FakeSigner,
    envelope: Vec<u8>,
    payload: Vec<u8>,
    known: Option<Vec<u8>>,
    clock: Option<u64>,
}

fn parts() -> Parts {
    let roots = roots();
    let root = verify::pinned_root(&roots[0], &RustCrypto).unwrap();
    let built =
        add_build_signature(&fixture::packed().envelope, &ana(), None, &RustCrypto).unwrap();
    let envelope = add_approval(
        &built,
        &fixture::mia(),
        fixture::approval(),
        &root,
        &RustCrypto,
    )
    .unwrap();
    Parts {
        revocations: Some(revocations(3, |_| ())),
        statement: BundleStatement {
            release: fixture::packed().manifest_digest,
            revocations: Mark {
                epoch: 0,
                number: 3,
            },
            issued: NOW,
            expires: NOW + 3_600,
        },
        by: kim(),
        envelope,
        payload: fixture::PAYLOAD.to_vec(),
        known: None,
        clock: Some(NOW + 10),
        roots: roots.to_vec(),
    }
}

fn checks(parts: &Parts) -> Vec<BundleCheck> {
    let statement = document_file::sign(&parts.statement, &[&parts.by], &RustCrypto).unwrap();
    let frame = BundleParts {
        roots: &parts.roots,
        revocations: parts.revocations.as_deref(),
        statement: &statement,
        envelope: &parts.envelope,
    };
    let mut bytes = Vec::new();
    write(
        &mut bytes,
        &frame,
        &mut &parts.payload[..],
        parts.payload.len() as u64,
    )
    .unwrap();
    let pinned = &roots()[0];
    let facts = BundleFacts {
        pinned_root: pinned,
        known_revocations: parts.known.as_deref(),
        clock: parts.clock,
    };
    check_bundle(&mut Cursor::new(bytes), &facts, &RustCrypto)
}

/// Spoils one thing; `expected` is the step that fails, and why.
fn check(spoil: impl FnOnce(&mut Parts), expected: Option<(BundleStep, &str)>) {
    let mut parts = parts();
    spoil(&mut parts);
    let checks = checks(&parts);
    assert!(checks.iter().map(|check| check.step).eq(BundleStep::ALL));
    let failed = first_failure(&checks).map(|check| match &check.answer {
        Answer::Failed { id, .. } => (check.step, *id),
        _ => unreachable!("it failed"),
    });
    assert_eq!(failed, expected);
    let after = checks
        .iter()
        .skip_while(|check| !matches!(check.answer, Answer::Failed { .. }))
        .skip(1);
    for check in after {
        assert!(
            matches!(check.answer, Answer::NotApplicable { .. }),
            "{check:?}"
        );
    }
}

#[test]
fn each_demand_fails_by_itself() {
    use BundleStep::*;
    check(|_| (), None);
    check(
        |p| p.roots[1][40] ^= 1,
        Some((RootChain, "trust.bad-signature")),
    );
    check(|p| p.roots = vec![p.roots[0].clone()], None);
    check(
        |p| p.revocations = None,
        Some((Revocations, "trust.revocations-missing")),
    );
    check(
        |p| *p.revocations.as_mut().unwrap().last_mut().unwrap() ^= 1,
        Some((Revocations, "trust.bad-signature")),
    );
    check(
        |p| p.envelope = fixture::signed(),
        Some((Release, "trust.approval-missing")),
    );
    check(|p| p.by = ana(), Some((Statement, "trust.role-missing")));
    check(
        |p| p.by = FakeSigner::new("stranger"),
        Some((Statement, "trust.unsigned")),
    );
    check(
        |p| p.statement.release.0[0] ^= 1,
        Some((Statement, "trust.bundle-mismatch")),
    );
    check(
        |p| p.statement.revocations.number = 2,
        Some((Statement, "trust.bundle-stale")),
    );
    check(
        |p| p.statement.revocations.number = 4,
        Some((Revocations, "trust.revocations-missing")),
    );
    check(
        |p| p.known = Some(revocations(4, |_| ())),
        Some((Statement, "trust.bundle-stale")),
    );
    check(|p| p.known = Some(revocations(2, |_| ())), None);
    check(
        |p| p.clock = Some(NOW + 3_600),
        Some((Statement, "trust.bundle-expired")),
    );
    check(
        |p| p.payload.push(0),
        Some((PayloadSize, "trust.payload-size")),
    );
    check(
        |p| p.payload[0] ^= 1,
        Some((PayloadDigest, "trust.payload-digest")),
    );
}

/// The image is held to the SHA-384 too, which only its builder's tool can have got wrong.
#[test]
fn a_release_bound_by_sha384_is_checked_as_such() {
    let mut parts = parts();
    parts.envelope = fixture::approved_under(DigestAlgorithm::Sha384);
    let identity = Envelope::parse(&parts.envelope).unwrap();
    parts.statement.release = identity.identity(&RustCrypto);
    assert_eq!(first_failure(&checks(&parts)), None);
    parts.payload[0] ^= 1;
    let found = checks(&parts);
    let failed = first_failure(&found).map(|check| check.step);
    assert_eq!(failed, Some(BundleStep::PayloadDigest));
}

#[test]
fn what_has_ended_or_is_withdrawn_is_told_apart() {
    use BundleStep::*;
    let lasting = |p: &mut Parts| p.statement.expires = NOW + 400 * 86_400;
    let year_2027 = 1_800_000_000;
    check(
        |p| {
            lasting(p);
            p.clock = Some(NOW + 86_400);
        },
        Some((RevocationsLifetime, "trust.revocations-stale")),
    );
    check(
        |p| {
            p.statement.issued = year_2027 - 10;
            p.statement.expires = year_2027 + 86_400;
            p.clock = Some(year_2027);
        },
        Some((RootLifetime, "trust.root-expired")),
    );
    let release = fixture::packed().manifest_digest;
    check(
        |p| p.revocations = Some(revocations(3, |draft| draft.revoke_release(release))),
        Some((NotWithdrawn, "trust.revoked-release")),
    );
    let class = fixture::request().class.class_id();
    check(
        |p| p.revocations = Some(revocations(3, |draft| draft.set_minimum(class, 3).unwrap())),
        Some((NotWithdrawn, "trust.below-minimum")),
    );
    let builder = crate::Signer::key_id(&ana());
    check(
        |p| p.revocations = Some(revocations(3, |draft| draft.revoke_key(builder))),
        Some((Release, "trust.revoked-key")),
    );
}

#[test]
fn what_cannot_be_asked_without_a_clock_is_said() {
    let mut parts = parts();
    parts.clock = None;
    let checks = checks(&parts);
    let untold = checks
        .iter()
        .filter(|check| matches!(check.answer, Answer::NotApplicable { .. }));
    let steps: Vec<_> = untold.map(|check| check.step).collect();
    assert_eq!(
        steps,
        [BundleStep::RootLifetime, BundleStep::RevocationsLifetime]
    );
    assert_eq!(first_failure(&checks), None);
}
