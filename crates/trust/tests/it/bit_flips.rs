//! Every single bit of a signed document matters.

use crate::people::{
    approve, build, engineer, envelope, good_envelope, manager, manifest, pinned, root,
    signed_root, signed_status, status, stranger,
};
use mainstay_trust::verify::{self, pinned_root};
use mainstay_trust::{Manifest, Refusal, RustCrypto};
use std::collections::BTreeSet;

/// Flips each bit in turn and collects the reasons; none may be accepted.
fn flip_all(good: &[u8], open: impl Fn(&[u8]) -> Result<(), Refusal>) -> BTreeSet<&'static str> {
    assert_eq!(open(good), Ok(()));
    let flip = |bit: usize| {
        let mut bytes = good.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        open(&bytes)
            .expect_err(&format!("bit {bit} was flipped"))
            .id()
    };
    (0..8 * good.len()).map(flip).collect()
}

fn minimal() -> Manifest<'static> {
    let mut minimal = manifest();
    (minimal.use_before, minimal.sbom, minimal.provenance) = (None, None, None);
    minimal.returns_to = mainstay_trust::List::default();
    minimal
}

#[test]
fn every_bit_of_an_envelope_is_checked() {
    let root = pinned(&root());
    let open = |bytes: &[u8]| verify::release(bytes, &root, &RustCrypto).map(|_| ());
    let good = envelope(&minimal(), |p| {
        vec![build(&engineer(), p), approve(&manager(), p)]
    });
    let reasons = flip_all(&good, open);
    for expected in [
        "trust.malformed",
        "trust.not-deterministic",
        "trust.foreign-profile",
        "trust.manifest-digest",
        "trust.bad-signature",
        "trust.build-missing",
        "trust.approval-missing",
        "trust.wrong-algorithm",
    ] {
        assert!(
            reasons.contains(expected),
            "{expected} is never the reason: {reasons:?}"
        );
    }
}

#[test]
fn every_bit_of_a_status_is_checked() {
    let root = pinned(&root());
    let open = |bytes: &[u8]| verify::status(bytes, &root, &RustCrypto).map(|_| ());
    let reasons = flip_all(&signed_status(&status()), open);
    assert!(reasons.contains("trust.bad-signature") && reasons.contains("trust.unsigned"));
}

#[test]
fn every_bit_of_a_root_is_checked() {
    let open = |bytes: &[u8]| pinned_root(bytes, &RustCrypto).map(|_| ());
    let reasons = flip_all(&signed_root(&root()), open);
    assert!(reasons.contains("trust.bad-signature") && reasons.contains("trust.root-key"));
}

/// The one thing that may change unnoticed is what never counts: the signature of an unknown key.
#[test]
fn only_an_unknown_signature_may_change() {
    let root = pinned(&root());
    let good = envelope(&minimal(), |p| {
        vec![
            build(&engineer(), p),
            approve(&manager(), p),
            build(&stranger(), p),
        ]
    });
    let signature = good.len() - manifest_tail() - 1;
    let mut changed = good.clone();
    changed[signature] ^= 1;
    assert!(verify::release(&good, &root, &RustCrypto).is_ok());
    assert!(verify::release(&changed, &root, &RustCrypto).is_ok());
}

/// Bytes after the last block: label, byte string head of three bytes, manifest.
fn manifest_tail() -> usize {
    crate::people::manifest_bytes(&minimal()).len() + 4
}

#[test]
fn cut_short_anywhere_it_is_refused() {
    let root = pinned(&root());
    let good = good_envelope();
    for end in 0..good.len() {
        assert!(
            verify::release(&good[..end], &root, &RustCrypto).is_err(),
            "{end} bytes"
        );
    }
}
