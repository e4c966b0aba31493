//! Who must have signed: one story a row.

use crate::people::{
    self, Draft, Person, add, approval, approve, approving, block, build, document, engineer,
    envelope, header, keeper, manager, manifest, operator, own_document, person, pinned, root,
    server, signed_root, signed_status, state_of, status, stranger,
};
use mainstay_trust::cose::Protected;
use mainstay_trust::envelope::{Envelope, manifest_digest, suit_digest};
use mainstay_trust::verify::{self, pinned_root};
use mainstay_trust::{
    Digest, Document, KeyState, List, Manifest, Refusal, Role, Root, RustCrypto, Status, SuitDigest,
};

const ROOT: &str = Root::CONTENT_TYPE;
const STATUS: &str = Status::CONTENT_TYPE;

type Blocks = Vec<Vec<u8>>;

/// Verifies an envelope whose blocks are made by `sign`, under a root changed by `change`.
#[track_caller]
fn expect(
    change: impl FnOnce(&mut Draft),
    sign: impl FnOnce(&[u8]) -> Blocks,
    expected: Result<(), Refusal>,
) {
    let mut root = root();
    change(&mut root);
    let bytes = envelope(&manifest(), sign);
    let verified = verify::release(&bytes, &pinned(&root), &RustCrypto);
    assert_eq!(
        verified.map(|manifest| assert_eq!(*manifest.get(), people::manifest())),
        expected
    );
}

/// As [`expect`], under the ordinary root.
#[track_caller]
fn expect_signed(sign: impl FnOnce(&[u8]) -> Blocks, expected: Result<(), Refusal>) {
    expect(|_| {}, sign, expected);
}

fn both(payload: &[u8]) -> Blocks {
    vec![build(&engineer(), payload), approve(&manager(), payload)]
}

/// The ordinary blocks, and one more.
fn both_and(more: impl FnOnce(&[u8]) -> Vec<u8>) -> impl FnOnce(&[u8]) -> Blocks {
    |payload| both(payload).into_iter().chain([more(payload)]).collect()
}

#[test]
fn build_and_approval_together_are_accepted() {
    expect_signed(both, Ok(()));
    expect_signed(|p| both(p).into_iter().rev().collect(), Ok(()));
}

#[test]
fn each_signature_alone_is_refused() {
    expect_signed(|_| vec![], Err(Refusal::Unsigned));
    expect_signed(
        |p| vec![build(&engineer(), p)],
        Err(Refusal::ApprovalMissing),
    );
    expect_signed(|p| vec![approve(&manager(), p)], Err(Refusal::BuildMissing));
    expect_signed(|p| vec![build(&operator(), p)], Err(Refusal::BuildMissing));
    expect_signed(
        |p| vec![build(&server(), p), approve(&manager(), p)],
        Err(Refusal::BuildMissing),
    );
}

#[test]
fn one_role_signing_twice_is_not_the_other() {
    expect_signed(
        |p| vec![build(&engineer(), p), build(&engineer(), p)],
        Err(Refusal::ApprovalMissing),
    );
    expect_signed(
        |p| vec![approve(&manager(), p), approve(&manager(), p)],
        Err(Refusal::BuildMissing),
    );
    // The role comes from the key: writing an approval's labels doesn't make one a manager.
    expect_signed(
        |p| vec![build(&engineer(), p), approve(&engineer(), p)],
        Err(Refusal::ApprovalUnbound),
    );
}

#[test]
fn unknown_keys_are_ignored_and_never_count() {
    expect_signed(both_and(|p| build(&stranger(), p)), Ok(()));
    expect_signed(both_and(|_| build(&stranger(), b"something else")), Ok(()));
    expect_signed(
        |p| vec![build(&stranger(), p), approve(&stranger(), p)],
        Err(Refusal::Unsigned),
    );
    expect_signed(
        |p| vec![build(&stranger(), p), approve(&manager(), p)],
        Err(Refusal::BuildMissing),
    );
    // An algorithm this build doesn't know, by a key it doesn't know: one for newer devices.
    let newer = |p: &[u8]| {
        block(
            &stranger(),
            Protected {
                algorithm: -49,
                ..header(&stranger())
            },
            p,
        )
    };
    expect_signed(both_and(newer), Ok(()));
}

#[test]
fn a_known_key_that_fails_refuses_the_whole() {
    expect_signed(
        both_and(|_| build(&operator(), b"something else")),
        Err(Refusal::BadSignature),
    );
    let posing = |p: &[u8]| block(&stranger(), header(&operator()), p);
    expect_signed(both_and(posing), Err(Refusal::BadSignature));
    let other_algorithm = Protected {
        algorithm: -7,
        ..header(&operator())
    };
    expect_signed(
        both_and(|p| block(&operator(), other_algorithm, p)),
        Err(Refusal::WrongAlgorithm),
    );
    let other_kind = Protected {
        content_type: Some(STATUS),
        ..header(&operator())
    };
    expect_signed(
        both_and(|p| block(&operator(), other_kind, p)),
        Err(Refusal::WrongDocument),
    );
}

#[test]
fn a_malformed_block_refuses_the_whole() {
    let cut = |p: &[u8]| build(&stranger(), p).split_last().unwrap().1.to_vec();
    expect_signed(both_and(cut), Err(Refusal::Malformed));
    expect_signed(both_and(|_| vec![0x80]), Err(Refusal::ForeignProfile));
    let with_unprotected = |p: &[u8]| {
        let good = build(&stranger(), p);
        let at = good
            .windows(3)
            .position(|bytes| bytes == [0xa0, 0xf6, 0x58])
            .unwrap();
        [&good[..at], &[0xa1, 0x01, 0x26], &good[at + 1..]].concat()
    };
    expect_signed(both_and(with_unprotected), Err(Refusal::ForeignProfile));
}

#[test]
fn an_approval_says_what_it_rests_on() {
    let bare = |p: &[u8]| vec![build(&engineer(), p), build(&manager(), p)];
    expect_signed(bare, Err(Refusal::ApprovalUnbound));
    // The labels are signed: they can't be exchanged afterwards.
    let moved = |p: &[u8]| {
        let approved = approve(&manager(), p);
        let at = approved
            .windows(32)
            .position(|bytes| bytes == approval().plan.0)
            .unwrap();
        let other = [&approved[..at], &[0x00; 32], &approved[at + 32..]].concat();
        vec![build(&engineer(), p), other]
    };
    expect_signed(moved, Err(Refusal::BadSignature));
    assert!(approving(&manager()).approval.is_some());
}

#[test]
fn thresholds_need_different_people() {
    let colleague = || person(7, "colleague@northwind.example");
    let spare = || person(8, "engineer@northwind.example");
    let two_of_three = |r: &mut Draft| {
        add(r, &colleague(), Role::Build);
        add(r, &spare(), Role::Build);
        r.roles[1].threshold = 2;
    };
    let by = |builders: Vec<Person>| {
        move |p: &[u8]| {
            let built = builders.iter().map(|person| build(person, p));
            built.chain([approve(&manager(), p)]).collect()
        }
    };
    expect(two_of_three, by(vec![engineer(), colleague()]), Ok(()));
    expect(two_of_three, by(vec![spare(), colleague()]), Ok(()));
    expect(
        two_of_three,
        by(vec![engineer()]),
        Err(Refusal::ThresholdNotMet),
    );
    expect(
        two_of_three,
        by(vec![engineer(), engineer()]),
        Err(Refusal::ThresholdNotMet),
    );
    expect(
        two_of_three,
        by(vec![engineer(), spare()]),
        Err(Refusal::ThresholdNotMet),
    );
    expect(two_of_three, by(vec![]), Err(Refusal::BuildMissing));
}

#[test]
fn key_states_bound_what_counts() {
    let last = |max_sequence| {
        move |r: &mut Draft| {
            *state_of(r, &engineer()) = KeyState::Retired { max_sequence };
        }
    };
    expect(last(12), both, Ok(()));
    expect(last(11), both, Err(Refusal::RetiredKey));
    expect(
        |r| *state_of(r, &manager()) = KeyState::Revoked,
        both,
        Err(Refusal::RevokedKey),
    );
    // Even where it isn't needed: a revoked key in use is a reason to stop.
    let extra = both_and(|p| build(&operator(), p));
    expect(
        |r| *state_of(r, &operator()) = KeyState::Revoked,
        extra,
        Err(Refusal::RevokedKey),
    );
}

#[test]
fn the_signed_manifest_is_the_one_inside() {
    let other = people::manifest_bytes(&Manifest {
        sequence: 13,
        ..manifest()
    });
    let (digest, payload) = (manifest().digest, suit_digest(&manifest().digest));
    let blocks = both(&payload);
    let exchange = |digest, manifest: &[u8]| {
        let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let blocks = List::from(&blocks[..]);
        people::bytes_of(4096, |buf| {
            Envelope {
                digest: SuitDigest::Sha256(digest),
                blocks,
                manifest,
            }
            .encode(buf)
        })
    };
    let open = |bytes: &[u8]| verify::release(bytes, &pinned(&root()), &RustCrypto).map(|_| ());
    assert_eq!(
        open(&exchange(digest, &other)),
        Err(Refusal::ManifestDigest)
    );
    let right = manifest_digest(&other, &RustCrypto);
    assert_eq!(open(&exchange(right, &other)), Err(Refusal::BadSignature));
    let foreign = manifest_digest(&[0xa0], &RustCrypto);
    assert_eq!(
        open(&exchange(foreign, &[0xa0])),
        Err(Refusal::ForeignProfile)
    );
}

/// Commands other than ours are refused, though the manifest is well-formed and signed.
#[test]
fn foreign_commands_are_refused() {
    let good = people::manifest_bytes(&manifest());
    let fetch = good.len() - 4;
    assert_eq!(good[fetch..], [0x15, 0x02, 0x03, 0x0f]);
    let mut invoke = good.clone();
    invoke[fetch] = 0x17;
    assert_eq!(
        Manifest::parse(&invoke, Digest::ZERO),
        Err(Refusal::ForeignProfile)
    );
    let extended = [&[0xa6], &good[1..], &[0x17, 0x40]].concat();
    assert_eq!(
        Manifest::parse(&extended, Digest::ZERO),
        Err(Refusal::ForeignProfile)
    );
    let trailing = [&good[..], &[0x00]].concat();
    assert_eq!(
        Manifest::parse(&trailing, Digest::ZERO),
        Err(Refusal::Malformed)
    );
    assert_eq!(
        Manifest::parse(&[0; 1025], Digest::ZERO),
        Err(Refusal::TooLarge)
    );
}

#[test]
fn envelopes_carry_nothing_else() {
    let good = people::good_envelope();
    let with_payload = {
        let mut bytes = good.clone();
        bytes[2] = 0xa3;
        bytes.extend_from_slice(b"\x68#payload\x41\x00");
        bytes
    };
    let open = |bytes: &[u8]| Envelope::parse(bytes).map(|_| ());
    assert_eq!(open(&good), Ok(()));
    assert_eq!(open(&with_payload), Err(Refusal::ForeignProfile));
    assert_eq!(open(&good[2..]), Err(Refusal::ForeignProfile));
    assert_eq!(open(&[&good[..], &[0]].concat()), Err(Refusal::Malformed));
    assert_eq!(open(&[]), Err(Refusal::Malformed));
    assert_eq!(open(&vec![0; 16 * 1024 + 1]), Err(Refusal::TooLarge));
}

#[test]
fn a_status_is_believed_only_from_its_role() {
    let open = |bytes: &[u8]| verify::status(bytes, &pinned(&root()), &RustCrypto).map(|_| ());
    assert_eq!(open(&signed_status(&status())), Ok(()));
    let payload = people::payload(&status());
    let by = |people: &[&Person], kind| open(&own_document(people, kind, &payload));
    assert_eq!(by(&[], STATUS), Err(Refusal::Unsigned));
    assert_eq!(by(&[&stranger()], STATUS), Err(Refusal::Unsigned));
    assert_eq!(by(&[&manager()], STATUS), Err(Refusal::RoleMissing));
    assert_eq!(by(&[&server()], ROOT), Err(Refusal::WrongDocument));
    assert_eq!(
        open(&document(&payload, &[build(&server(), &payload)])),
        Err(Refusal::WrongDocument)
    );
    assert_eq!(open(&people::good_envelope()), Err(Refusal::ForeignProfile));
}

#[test]
fn a_root_is_valid_and_signed_by_its_own_keepers() {
    let open = |bytes: &[u8]| pinned_root(bytes, &RustCrypto).map(|_| ());
    assert_eq!(open(&signed_root(&root())), Ok(()));
    let payload = people::payload(&root().done());
    let by = |people: &[&Person]| open(&own_document(people, ROOT, &payload));
    assert_eq!(by(&[]), Err(Refusal::Unsigned));
    assert_eq!(by(&[&stranger()]), Err(Refusal::Unsigned));
    assert_eq!(by(&[&manager()]), Err(Refusal::RoleMissing));
    assert_eq!(by(&[&keeper(), &manager()]), Ok(()));

    let mut doubled = root();
    add(
        &mut doubled,
        &person(7, "engineer@northwind.example"),
        Role::Release,
    );
    assert_eq!(open(&signed_root(&doubled)), Err(Refusal::HolderConflict));
    let mut revoked = root();
    *state_of(&mut revoked, &keeper()) = KeyState::Revoked;
    assert_eq!(open(&signed_root(&revoked)), Err(Refusal::RootThreshold));
}
