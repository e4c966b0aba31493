//! What travels without a network: the bundle file, and signed documents that collect signatures.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::LazyLock;

use mainstay_artifact::bundle_check::{Answer, BundleCheck, BundleFacts, BundleStep, check_bundle};
use mainstay_artifact::bundle_file::{BundleFile, BundleParts, write};
use mainstay_artifact::document_file;
use mainstay_artifact::quorum::{Quorum, quorums, witnesses};
use mainstay_trust::signed::Signed;
use mainstay_trust::{
    BundleStatement, Document, Envelope, Revocations, Root, RustCrypto, Schedule, verify,
};

use crate::policy::{GOLDEN, Lenient};
use crate::{Fixtures, Target};

pub(crate) const BUNDLE_FILE: Target = Target {
    name: "bundle_file",
    bytes_max: 1024,
    check: check_file,
    seeds: |_| small_files(),
};

pub(crate) const BUNDLE_CHECK: Target = Target {
    name: "bundle_check",
    bytes_max: 6 * 1024,
    check: check_whole,
    seeds: |fixtures| vec![golden(fixtures)],
};

pub(crate) const DOCUMENT_FILE: Target = Target {
    name: "document_file",
    bytes_max: 4 * 1024,
    check: |bytes| {
        check_document::<Revocations<'_>>(bytes, &GOLDENS.revocations);
        check_document::<Schedule>(bytes, &GOLDENS.schedule);
        check_document::<BundleStatement>(bytes, &GOLDENS.statement);
    },
    seeds: |fixtures| {
        ["revocations", "schedule", "bundle-statement"]
            .map(|n| fixtures.golden(n))
            .to_vec()
    },
};

/// Documents under the second golden root, in which every role is held.
struct Goldens {
    root: Vec<u8>,
    revocations: Vec<u8>,
    schedule: Vec<u8>,
    statement: Vec<u8>,
}

static GOLDENS: LazyLock<Goldens> = LazyLock::new(|| {
    let fixtures = Fixtures::load();
    Goldens {
        root: fixtures.golden("root-2"),
        revocations: fixtures.golden("revocations"),
        schedule: fixtures.golden("schedule"),
        statement: fixtures.golden("bundle-statement"),
    }
});

static ROOT_2: LazyLock<Root<'static>> = LazyLock::new(|| {
    let root = verify::pinned_root(&GOLDENS.root, &RustCrypto);
    root.expect("the second golden root is a good one")
        .into_inner()
});

fn written(parts: &BundleParts<'_>, payload: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    write(&mut file, parts, &mut &*payload, payload.len() as u64).expect("parts within bounds");
    file
}

/// Bundle files whose documents are none, but whose frame is sound.
pub(crate) fn small_files() -> Vec<Vec<u8>> {
    vec![small(Some(b"revocations")), small(None)]
}

fn small(revocations: Option<&[u8]>) -> Vec<u8> {
    let parts = BundleParts {
        roots: &[b"root".to_vec(), vec![7; 30]],
        revocations,
        statement: b"statement",
        envelope: &[9; 300],
    };
    written(&parts, b"payload")
}

/// The golden documents in one file, around another payload than the release's.
fn golden(fixtures: &Fixtures) -> Vec<u8> {
    let parts = BundleParts {
        roots: &["root", "root-2"].map(|name| fixtures.golden(name)),
        revocations: Some(&fixtures.golden("revocations")),
        statement: &fixtures.golden("bundle-statement"),
        envelope: &fixtures.golden("envelope"),
    };
    written(&parts, &[0x5a; 40])
}

/// One bundle has one file.
fn check_file(bytes: &[u8]) {
    let Ok(file) = BundleFile::read(&mut Cursor::new(bytes)) else {
        return;
    };
    let start = usize::try_from(file.payload_offset).expect("within a small file");
    assert_eq!(
        bytes[start..].len() as u64,
        file.payload_len,
        "not to the end"
    );
    let parts = BundleParts {
        roots: &file.roots,
        revocations: file.revocations.as_deref(),
        statement: &file.statement,
        envelope: &file.envelope,
    };
    let again = written(&parts, &bytes[start..]);
    assert_eq!(again, bytes, "read and written again, it differs");
}

/// Every question is answered once, in order; none passes after a failure, and no other release than
/// the golden one is believed.
fn check_whole(bytes: &[u8]) {
    let facts = BundleFacts {
        pinned_root: &GOLDEN.root,
        known_revocations: None,
        clock: None,
    };
    let checks = check_bundle(&mut Cursor::new(bytes), &facts, &RustCrypto);
    assert!(checks.iter().map(|check| check.step).eq(BundleStep::ALL));
    let is_failure = |check: &BundleCheck| matches!(check.answer, Answer::Failed { .. });
    let mut behind = checks.iter().skip_while(|check| !is_failure(check));
    assert!(
        behind.next().is_some(),
        "a payload passed that isn't the release's"
    );
    assert!(
        behind.all(|check| matches!(check.answer, Answer::NotApplicable { .. })),
        "asked after a failure"
    );
    if passed(&checks, BundleStep::Release) {
        let file = BundleFile::read(&mut Cursor::new(bytes)).expect("a bundle that was believed");
        let envelope = Envelope::parse(&file.envelope).expect("an envelope that was believed");
        let identity = envelope.identity(&RustCrypto);
        assert!(GOLDEN.is_release(&identity), "a release was forged");
    }
}

fn passed(checks: &[BundleCheck], step: BundleStep) -> bool {
    let mut of_step = checks.iter().filter(|check| check.step == step);
    of_step.any(|check| check.answer == Answer::Passed)
}

/// A signature that holds is under the golden document; and who has signed isn't asked to.
fn check_document<'d, D: Document<'d>>(bytes: &'d [u8], golden: &[u8]) {
    let read = document_file::read::<D>(bytes);
    let seen = witnesses::<D>(bytes, &ROOT_2, &RustCrypto);
    let counted = quorums::<D>(bytes, &ROOT_2, &Lenient);
    let Ok(seen) = seen else {
        assert!(counted.is_err(), "signatures of what can't be read");
        return;
    };
    assert!(read.is_ok(), "signatures of what isn't a document");
    if seen.iter().any(|witness| witness.holds) {
        let payload = |bytes| Signed::parse(bytes).expect("a document").payload.to_vec();
        assert_eq!(payload(bytes), payload(golden), "a signature was forged");
    }
    for quorum in counted.expect("what can be read can be counted") {
        check_quorum(&quorum);
    }
}

fn check_quorum(quorum: &Quorum) {
    let people = quorum.signed.iter().chain(&quorum.open);
    let distinct: BTreeSet<&String> = people.clone().collect();
    assert_eq!(distinct.len(), people.count(), "somebody counts twice");
    let rule = ROOT_2.role(quorum.role);
    let holds = |name: &&String| {
        let mut keys = rule.keys.iter().filter_map(|id| ROOT_2.key(&id));
        keys.any(|key| key.holder == name.as_str())
    };
    assert!(
        distinct.iter().all(holds),
        "somebody without the role counts"
    );
    assert!(quorum.missing() <= usize::from(rule.threshold));
}
