//! Each demand on an artifact fails by itself.

use std::io::Cursor;

use mainstay_trust::{DigestAlgorithm, Primitives as _, RustCrypto, verify};

use super::fixture::{self, PAYLOAD};
use crate::check::*;
use crate::container::to_bytes;

fn outcomes(file: &[u8], with_root: bool) -> Vec<&'static str> {
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let checks = check(
        &mut Cursor::new(file),
        with_root.then_some(&root),
        Companions::default(),
        &RustCrypto,
    );
    assert_eq!(checks.len(), Step::ALL.len());
    checks
        .into_iter()
        .filter(|check| check.step.is_asked_by_devices())
        .map(|check| match check.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed { id, .. } => id,
            Outcome::NotApplicable { .. } => "-",
        })
        .collect()
}

#[test]
fn each_demand_fails_by_itself() {
    let file = |envelope: &[u8], payload: &[u8]| to_bytes(envelope, payload).unwrap();
    let (packed, approved) = (fixture::packed().envelope, fixture::approved());
    let mut longer = file(&approved, PAYLOAD);
    longer.push(0);
    let mut manifest_changed = approved.clone();
    let at = approved.windows(5).position(|w| w == b"1.1.0").unwrap();
    manifest_changed[at] = b'9';
    let p = "passed";
    // What isn't told here was not asked.
    let cases: [(_, _, &[&str]); 8] = [
        ("good", file(&approved, PAYLOAD), &[p; 7]),
        (
            "unsigned",
            file(&packed, PAYLOAD),
            &[p, p, p, "trust.unsigned", "-", p, p],
        ),
        (
            "unapproved",
            file(&fixture::signed(), PAYLOAD),
            &[p, p, p, p, "trust.approval-missing", p, p],
        ),
        (
            "another image",
            file(&approved, b"firmware 6.6.6"),
            &[p, p, p, p, p, p, "trust.payload-digest"],
        ),
        (
            "a longer image",
            file(&approved, &[0; 99]),
            &[p, p, p, p, p, "trust.payload-size"],
        ),
        ("a tail", longer, &["artifact.trailing-bytes"]),
        (
            "another manifest",
            file(&manifest_changed, PAYLOAD),
            &[p, "trust.manifest-digest"],
        ),
        (
            "no envelope at all",
            file(b"envelope", PAYLOAD),
            &[p, "trust.malformed"],
        ),
    ];
    for (name, file, expected) in cases {
        let found = outcomes(&file, true);
        let (told, untold) = found.split_at(expected.len());
        assert_eq!(told, expected, "{name}");
        assert!(untold.iter().all(|outcome| *outcome == "-"), "{name}");
    }
}

#[test]
fn without_a_root_nothing_is_said_of_signatures() {
    let file = to_bytes(&fixture::approved(), PAYLOAD).unwrap();
    assert_eq!(
        outcomes(&file, false),
        [
            "passed", "passed", "-", "-", "-", "passed", "passed", "-", "-"
        ]
    );
    let checks = check(
        &mut Cursor::new(&file),
        None,
        Companions::default(),
        &RustCrypto,
    );
    assert!(!all_passed(&checks));
    assert!(first_failure(&checks).is_none());
}

/// Expected and found, of the step that fails.
fn told(file: &[u8]) -> (String, String) {
    let document = fixture::root();
    let root = verify::pinned_root(&document, &RustCrypto).unwrap();
    let checks = check(
        &mut Cursor::new(file),
        Some(&root),
        Companions::default(),
        &RustCrypto,
    );
    match &first_failure(&checks).unwrap().outcome {
        Outcome::Failed {
            expected, found, ..
        } => (expected.clone(), found.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failure_tells_what_was_expected_and_found() {
    let (packed, approved) = (fixture::packed().envelope, fixture::approved());
    let file = |envelope: &[u8], payload: &[u8]| to_bytes(envelope, payload).unwrap();
    let builders = "in role build, 1 of: ana@northwind.example, li@northwind.example";
    let managers = "in role release, 1 of: mia@northwind.example";
    let ana = "ana@northwind.example [build]";
    assert_eq!(
        told(&file(&packed, PAYLOAD)),
        (builders.into(), "no signature".into())
    );
    assert_eq!(
        told(&file(&fixture::signed(), PAYLOAD)),
        (managers.into(), ana.into())
    );
    assert_eq!(told(&file(&approved, &[0; 99])), ("14".into(), "99".into()));
    let (expected, found) = told(&file(&approved, b"firmware 6.6.6"));
    assert_eq!(expected, RustCrypto.digest(PAYLOAD).to_string());
    assert_eq!(found, RustCrypto.digest(b"firmware 6.6.6").to_string());
}

/// What is bound by SHA-384 is asked for both digests, and each fails by itself.
#[test]
fn both_digests_are_asked_for() {
    let p = "passed";
    let envelope = fixture::approved_under(DigestAlgorithm::Sha384);
    let good = to_bytes(&envelope, PAYLOAD).unwrap();
    assert_eq!(outcomes(&good, true), [p, p, p, p, p, p, p, p, "-"]);
    let changed = to_bytes(&envelope, b"firmware 6.6.6").unwrap();
    let digest = "trust.payload-digest";
    assert_eq!(outcomes(&changed, true)[6..], [digest, digest, "-"]);
    let size = to_bytes(&envelope, &[0; 99]).unwrap();
    assert_eq!(
        outcomes(&size, true)[5..],
        ["trust.payload-size", "-", "-", "-"]
    );
    let checks = check(
        &mut Cursor::new(&good),
        None,
        Companions::default(),
        &RustCrypto,
    );
    assert!(
        !all_passed(&checks),
        "nobody was asked whose signatures count"
    );
}

/// Of a release for two banks each part is asked for by itself: the halves the other way round are as wrong as
/// another payload, and a manifest that names wrong parts of the right payload is found out too.
#[test]
fn the_part_for_each_bank_is_asked_for() {
    let p = "passed";
    let envelope = fixture::approved_for_two_banks();
    let good = to_bytes(&envelope, PAYLOAD).unwrap();
    assert_eq!(outcomes(&good, true), [p, p, p, p, p, p, p, "-", p]);
    let digest = "trust.payload-digest";
    let swapped = [&PAYLOAD[9..], &PAYLOAD[..9]].concat();
    let swapped = to_bytes(&envelope, &swapped).unwrap();
    assert_eq!(outcomes(&swapped, true)[6..], [digest, "-", digest]);
    let manifest = fixture::approved_with_wrong_parts();
    let wrong = to_bytes(&manifest, PAYLOAD).unwrap();
    assert_eq!(outcomes(&wrong, true)[6..], [p, "-", digest]);
    let size = to_bytes(&envelope, &[0; 99]).unwrap();
    assert_eq!(
        outcomes(&size, true)[5..],
        ["trust.payload-size", "-", "-", "-"]
    );
}
