//! Every document's `parse` and `encode` are exact inverses, and bounds hold on both sides.

mod bounds;
mod strategies;

use crate::people::{self, bytes_of, leaked};
use mainstay_trust::cose::{Block, Protected};
use mainstay_trust::envelope::{
    Envelope, SUIT_DIGEST_BYTES_MAX, SuitDigest, manifest_digest, suit_digest,
};
use mainstay_trust::signed::Signed;
use mainstay_trust::{
    BundleStatement, Digest, Digest384, Document, EncodeError, KeyId, List, Manifest, Minimum,
    Refusal, Revocations, Role, Root, RustCrypto, Schedule, Status,
};
use proptest::collection::vec;
use proptest::prelude::*;
use strategies::*;

proptest! {
    #[test]
    fn manifest_survives(manifest in manifests()) {
        let bytes = bytes_of(1024, |buf| manifest.encode(buf));
        prop_assert_eq!(Manifest::parse(&bytes, Digest::ZERO), Ok(manifest));
    }

    #[test]
    fn status_survives(status in statuses()) {
        let bytes = people::payload(&status);
        prop_assert_eq!(Status::parse(&bytes), Ok(status));
    }

    #[test]
    fn revocations_survive(revocations in revocations()) {
        let bytes = people::payload(&revocations);
        prop_assert_eq!(Revocations::parse(&bytes), Ok(revocations));
    }

    #[test]
    fn schedule_survives(schedule in schedules()) {
        let bytes = people::payload(&schedule);
        prop_assert_eq!(Schedule::parse(&bytes), Ok(schedule));
    }

    #[test]
    fn bundle_statement_survives(statement in statements()) {
        let bytes = people::payload(&statement);
        prop_assert_eq!(BundleStatement::parse(&bytes), Ok(statement));
    }

    #[test]
    fn root_survives(root in roots()) {
        let bytes = people::payload(&root.done());
        prop_assert_eq!(Root::parse(&bytes), Ok(root.done()));
    }

    #[test]
    fn block_survives(protected in headers(), signature in vec(any::<u8>(), 0..=128)) {
        let block = Block { protected, signature: &signature };
        let bytes = bytes_of(512, |buf| block.encode(buf));
        prop_assert_eq!(Block::parse(&bytes), Ok(block));
    }

    #[test]
    fn containers_survive(digest in suit_digests(), payload in vec(any::<u8>(), 0..300), blocks in vec(vec(any::<u8>(), 0..300), 0..=16)) {
        let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let blocks = List::from(&blocks[..]);
        let signed = Signed { payload: &payload, blocks };
        let bytes = bytes_of(8192, |buf| signed.encode(buf));
        prop_assert_eq!(Signed::parse(&bytes), Ok(signed));

        let envelope = Envelope { digest, blocks, manifest: &payload };
        let bytes = bytes_of(8192, |buf| envelope.encode(buf));
        prop_assert_eq!(Envelope::parse(&bytes), Ok(envelope));
    }

    /// No other bytes parse to the same document: a change is refused or changes a fact.
    #[test]
    fn manifest_has_one_spelling(manifest in manifests(), place: prop::sample::Index, other: u8) {
        let bytes = bytes_of(1024, |buf| manifest.encode(buf));
        let mut changed = bytes.clone();
        *place.get_mut(&mut changed) = other;
        if let Ok(parsed) = Manifest::parse(&changed, Digest::ZERO) {
            prop_assert_eq!(parsed == manifest, changed == bytes);
        }
    }
}

#[test]
fn digests_are_those_of_the_drafts() {
    let mut framed = vec![0x42, 0xa0, 0xa0];
    assert_eq!(
        manifest_digest(&framed[1..], &RustCrypto),
        mainstay_trust::Primitives::digest(&RustCrypto, &framed)
    );
    framed = [vec![0x82, 0x2f, 0x58, 0x20], vec![9; 32]].concat();
    assert_eq!(suit_digest(&Digest([9; 32])).as_slice(), framed);
    let mut buf = [0; SUIT_DIGEST_BYTES_MAX];
    let sha256 = SuitDigest::Sha256(Digest([9; 32]));
    assert_eq!(sha256.encode(&mut buf), framed);
    let framed = [vec![0x82, 0x38, 0x2a, 0x58, 0x30], vec![9; 48]].concat();
    let sha384 = SuitDigest::Sha384(Digest384::new([9; 48]));
    assert_eq!(sha384.encode(&mut buf), framed);
}

#[track_caller]
fn expect_refused(change: impl FnOnce(&mut Manifest<'static>), expected: Refusal) {
    let mut manifest = people::manifest();
    change(&mut manifest);
    assert_eq!(
        manifest.encode(&mut [0; 1024]),
        Err(EncodeError::Refused(expected))
    );
}

#[test]
fn impossible_manifests_are_not_written() {
    expect_refused(|m| m.image_bytes = 0, Refusal::FieldInvalid);
    expect_refused(|m| m.version = "", Refusal::FieldInvalid);
    expect_refused(|m| m.version = "1.0 beta", Refusal::FieldInvalid);
    expect_refused(|m| m.version = "1.0\u{202e}", Refusal::FieldInvalid);
    expect_refused(|m| m.version = "1".repeat(65).leak(), Refusal::FieldInvalid);
    expect_refused(|m| m.security_floor = 13, Refusal::FloorAboveSequence);
}

#[test]
fn a_small_buffer_is_reported() {
    let full = people::manifest_bytes(&people::manifest()).len();
    assert_eq!(people::manifest().encode(&mut vec![0; full]), Ok(full));
    assert_eq!(
        people::manifest().encode(&mut vec![0; full - 1]),
        Err(EncodeError::BufferTooSmall)
    );
    assert_eq!(
        people::manifest().encode(&mut []),
        Err(EncodeError::BufferTooSmall)
    );
}

/// A document that can't be meant is neither written nor read.
#[track_caller]
fn expect_impossible<'d>(document: &impl Document<'d>) {
    let refused = Err(EncodeError::Refused(Refusal::FieldInvalid));
    assert_eq!(document.encode(&mut [0; 4096]), refused);
}

#[test]
fn impossible_documents_are_not_written() {
    let (status, revocations) = (people::status(), people::revocations());
    let (schedule, statement) = (people::schedule(), people::bundle_statement());
    let (week, longest) = (7 * 86_400, 400 * 86_400);
    for expires in [0, status.issued, status.issued + week + 1] {
        expect_impossible(&Status { expires, ..status });
    }
    for next_update in [0, revocations.issued, revocations.issued + longest + 1] {
        expect_impossible(&Revocations {
            next_update,
            ..revocations
        });
    }
    for expires in [0, schedule.not_before, schedule.not_before + longest + 1] {
        expect_impossible(&Schedule {
            expires,
            ..schedule
        });
    }
    for expires in [0, statement.issued, statement.issued + longest + 1] {
        expect_impossible(&BundleStatement {
            expires,
            ..statement
        });
    }
    expect_impossible(&Schedule {
        share: 10_001,
        ..schedule
    });
    expect_impossible(&Revocations {
        seq: 0,
        ..revocations
    });
    let twice = leaked(
        &[Minimum {
            class: [1; 16],
            sequence: 1,
        }; 2],
    );
    expect_impossible(&Revocations {
        minimums: twice,
        ..revocations
    });
}

#[test]
fn impossible_roots_are_not_written() {
    for holder in ["", "Ann@northwind.example", "a b", "ann@n\u{f6}rd.example"] {
        let mut root = people::root();
        root.keys[0].holder = holder;
        assert_eq!(
            root.done().encode(&mut [0; 4096]),
            Err(EncodeError::Refused(Refusal::FieldInvalid)),
            "{holder}"
        );
    }
}

/// Changes what `encode` wrote and expects `parse` to see through it.
#[track_caller]
fn expect_foreign<T: std::fmt::Debug + PartialEq>(
    good: &[u8],
    change: impl FnOnce(&mut Vec<u8>),
    parse: impl Fn(&[u8]) -> Result<T, Refusal>,
    expected: Refusal,
) {
    assert!(parse(good).is_ok());
    let mut changed = good.to_vec();
    change(&mut changed);
    assert_eq!(parse(&changed), Err(expected));
}

#[test]
fn nothing_hides_at_the_end_of_an_array() {
    let signed = people::signed_status(&people::status());
    let third_item = |bytes: &mut Vec<u8>| {
        bytes[0] = 0x83;
        bytes.push(0x00);
    };
    let open = |bytes: &[u8]| Signed::parse(bytes).map(|_| ());
    expect_foreign(&signed, third_item, open, Refusal::ForeignProfile);

    let mut root = people::root();
    root.policy
        .push(([1; 16], vec![Role::Build, Role::Release]));
    let payload = people::payload(&root.done());
    let third_item = |bytes: &mut Vec<u8>| {
        let policy = bytes.len() - 21;
        assert_eq!(bytes[policy..policy + 2], [0x82, 0x50]);
        bytes[policy] = 0x83;
        bytes.push(0x00);
    };
    let open = |bytes: &[u8]| Root::parse(bytes).map(|_| ());
    expect_foreign(&payload, third_item, open, Refusal::ForeignProfile);
}

#[test]
fn content_types_are_plain_text() {
    let protected = Protected {
        algorithm: -9,
        content_type: Some("a/b"),
        kid: KeyId([1; 16]),
        approval: None,
    };
    let block = bytes_of(512, |buf| {
        Block {
            protected,
            signature: &[0; 64],
        }
        .encode(buf)
    });
    let with_space = |bytes: &mut Vec<u8>| {
        let at = bytes.windows(3).position(|text| text == b"a/b");
        bytes[at.expect("the content type") + 1] = b' ';
    };
    let open = |bytes: &[u8]| Block::parse(bytes).map(|_| ());
    expect_foreign(&block, with_space, open, Refusal::FieldInvalid);
}
