//! The bounds on documents, on both sides: what may be full fits, and one more is refused.

use crate::people::{self, Draft, bytes_of, leaked};
use mainstay_trust::envelope::{ENVELOPE_BYTES_MAX, Envelope};
use mainstay_trust::signed::{SIGNED_BYTES_MAX, Signed};
use mainstay_trust::{
    Algorithm, Digest, Document, EncodeError, KeyId, KeyState, List, Minimum, PublicKey, Refusal,
    Revocations, Role, Root, Status, SuitDigest,
};

/// The limits on size are enough for what the limits on counts allow.
#[test]
fn the_fullest_documents_fit() {
    let mut manifest = people::manifest();
    manifest.version = "v".repeat(64).leak();
    manifest.sequence = u64::MAX;
    manifest.returns_to = leaked(&[Digest([1; 32]); 4]);
    bytes_of(1024, |buf| manifest.encode(buf));

    let mut status = people::status();
    status.held = leaked(&[Digest([1; 32]); 16]);
    status.revocations = Some(Digest([2; 32]));
    (status.seq, status.issued, status.expires) = (u64::MAX, u64::MAX - 1, u64::MAX);
    people::payload(&status);

    let mut revocations = people::revocations();
    revocations.keys = leaked(&[KeyId([1; 16]); 32]);
    revocations.releases = leaked(&[Digest([1; 32]); 32]);
    let minimum = |number| Minimum {
        class: [number; 16],
        sequence: u64::MAX,
    };
    revocations.minimums = leaked(&(0..16).map(minimum).collect::<Vec<_>>());
    (revocations.epoch, revocations.seq) = (u32::MAX, u64::MAX);
    (revocations.issued, revocations.next_update) = (u64::MAX - 1, u64::MAX);
    people::payload(&revocations);

    let payload = people::payload(&fullest_root().done());
    assert_eq!(Root::parse(&payload), Ok(fullest_root().done()));
}

fn fullest_root() -> Draft {
    let mut root = people::root();
    let mut key = root.keys[0];
    let max_sequence = u64::MAX;
    (key.holder, key.state) = ("h".repeat(64).leak(), KeyState::Retired { max_sequence });
    root.keys = vec![key; 32];
    root.roles
        .iter_mut()
        .for_each(|rule| rule.keys = vec![key.id; 8]);
    root.policy = vec![([1; 16], Role::ALL.to_vec()); 16];
    root
}

/// The bytes with one item more in the array that begins with `head` and `item`, whose length is its
/// last byte.
fn one_more(bytes: &[u8], head: &[u8], item: &[u8]) -> Vec<u8> {
    let array = [head, item].concat();
    let at = bytes
        .windows(array.len())
        .position(|window| window == array)
        .expect("such an array");
    let mut more = bytes.to_vec();
    more[at + head.len() - 1] += 1;
    let behind = at + head.len();
    more.splice(behind..behind, item.iter().copied());
    more
}

fn expect_too_large<'d, D: Document<'d>>(bytes: Vec<u8>) {
    assert_eq!(D::parse(bytes.leak()).map(|_| ()), Err(Refusal::TooLarge));
}

/// One more than the most is neither read nor written, of everything that is counted.
#[test]
fn more_than_the_most_is_refused() {
    let digest = [&[0x58, 0x20][..], &[0xd1; 32]].concat();
    let kid = [&[0x50][..], &[0xc1; 16]].concat();
    let mut status = people::status();
    status.held = leaked(&[Digest([0xd1; 32]); 16]);
    expect_too_large::<Status<'_>>(one_more(&people::payload(&status), &[0x90], &digest));

    let mut revocations = people::revocations();
    revocations.keys = leaked(&[KeyId([0xc1; 16]); 32]);
    revocations.releases = leaked(&[Digest([0xd1; 32]); 32]);
    let bytes = people::payload(&revocations);
    expect_too_large::<Revocations<'_>>(one_more(&bytes, &[0x98, 0x20], &kid));
    expect_too_large::<Revocations<'_>>(one_more(&bytes, &[0x98, 0x20], &digest));

    let mut root = people::root();
    root.role(Role::Build).keys = vec![KeyId([0xc1; 16]); 8];
    root.policy = vec![([0xc1; 16], vec![Role::Build]); 16];
    let bytes = people::payload(&root.done());
    expect_too_large::<Root<'_>>(one_more(&bytes, &[0x88], &kid));
    let policy = [&[0x82][..], &kid, &[0x81, 0x01]].concat();
    expect_too_large::<Root<'_>>(one_more(&bytes, &[0x90], &policy));

    let mut manifest = people::manifest();
    manifest.returns_to = leaked(&[Digest([0xd1; 32]); 5]);
    assert_eq!(
        manifest.encode(&mut [0; 1024]),
        Err(EncodeError::Refused(Refusal::TooLarge))
    );
    let blocks: Vec<&[u8]> = vec![b"block"; 16];
    let blocks = List::from(&blocks[..]);
    let signed = bytes_of(1024, |buf| {
        Signed {
            payload: b"x",
            blocks,
        }
        .encode(buf)
    });
    let more = one_more(&signed, &[0x90], b"\x45block");
    assert_eq!(Signed::parse(&more).map(|_| ()), Err(Refusal::TooLarge));
}

/// What devices would refuse for its counts isn't written in the first place.
#[test]
fn too_many_items_are_not_written() {
    let refused = Err(EncodeError::Refused(Refusal::TooLarge));
    let mut buf = [0; 32 * 1024];
    let held = leaked(&[Digest([1; 32]); 17]);
    assert_eq!(
        Status {
            held,
            ..people::status()
        }
        .encode(&mut buf),
        refused
    );
    let keys = leaked(&[KeyId([1; 16]); 33]);
    assert_eq!(
        Revocations {
            keys,
            ..people::revocations()
        }
        .encode(&mut buf),
        refused
    );
    let releases = leaked(&[Digest([1; 32]); 33]);
    assert_eq!(
        Revocations {
            releases,
            ..people::revocations()
        }
        .encode(&mut buf),
        refused
    );
    let changes: [fn(&mut Draft); 4] = [
        |r| r.keys = vec![r.keys[0]; 33],
        |r| r.policy = vec![([1; 16], vec![]); 17],
        |r| r.role(Role::Build).keys = vec![KeyId([1; 16]); 9],
        |r| r.role(Role::Build).required_algorithms = vec![Algorithm::Esp256; 4],
    ];
    for change in changes {
        let mut root = people::root();
        change(&mut root);
        assert_eq!(root.done().encode(&mut buf), refused);
    }
    let blocks: Vec<&[u8]> = vec![b""; 17];
    let blocks = List::from(&blocks[..]);
    assert_eq!(
        Signed {
            payload: b"",
            blocks
        }
        .encode(&mut buf),
        refused
    );
    let envelope = Envelope {
        digest: SuitDigest::Sha256(Digest::ZERO),
        blocks,
        manifest: b"",
    };
    assert_eq!(envelope.encode(&mut buf), refused);
}

/// How long a document may hold, in seconds, and that it must hold at all.
#[test]
fn nothing_holds_for_longer_than_it_may() {
    type Encode<'e> = &'e dyn Fn(u64) -> Result<(), EncodeError>;
    const DAY: u64 = 86_400;
    let revocations = |seconds| {
        let mut revocations = people::revocations();
        revocations.next_update = revocations.issued + seconds;
        revocations.encode(&mut [0; 4096]).map(|_| ())
    };
    let status = |seconds| {
        let mut status = people::status();
        status.expires = status.issued + seconds;
        status.encode(&mut [0; 4096]).map(|_| ())
    };
    let schedule = |seconds| {
        let mut schedule = people::schedule();
        schedule.expires = schedule.not_before + seconds;
        schedule.encode(&mut [0; 4096]).map(|_| ())
    };
    let statement = |seconds| {
        let mut statement = people::bundle_statement();
        statement.expires = statement.issued + seconds;
        statement.encode(&mut [0; 4096]).map(|_| ())
    };
    let kinds: [(Encode<'_>, u64); 4] = [
        (&revocations, 400 * DAY),
        (&status, 7 * DAY),
        (&schedule, 400 * DAY),
        (&statement, 400 * DAY),
    ];
    for (encode, most) in kinds {
        let refused = Err(EncodeError::Refused(Refusal::FieldInvalid));
        assert_eq!((encode(1), encode(most)), (Ok(()), Ok(())));
        assert_eq!((encode(0), encode(most + 1)), (refused, refused));
    }
}

/// The last size that is written, and the first that isn't.
#[test]
fn what_is_written_fits_to_the_byte() {
    let mut buf = [0; 32 * 1024];
    let mut envelope = |block_bytes: usize| {
        let block = vec![0; block_bytes];
        let blocks = [&block[..]];
        let envelope = Envelope {
            digest: SuitDigest::Sha256(Digest::ZERO),
            blocks: List::from(&blocks[..]),
            manifest: b"x",
        };
        envelope.encode(&mut buf)
    };
    let around = envelope(1024).unwrap() - 1024;
    let most = ENVELOPE_BYTES_MAX - around;
    assert_eq!(envelope(most), Ok(ENVELOPE_BYTES_MAX));
    let refused = Err(EncodeError::Refused(Refusal::TooLarge));
    assert_eq!(envelope(most + 1), refused);

    let mut whole = vec![0; 128 * 1024];
    let mut signed = |payload_bytes: usize| {
        let payload = vec![0; payload_bytes];
        let blocks = List::default();
        Signed {
            payload: &payload,
            blocks,
        }
        .encode(&mut whole)
    };
    let around = signed(100_000).unwrap() - 100_000;
    let most = SIGNED_BYTES_MAX - around;
    assert_eq!(signed(most), Ok(SIGNED_BYTES_MAX));
    assert_eq!(signed(most + 1), refused);

    let mut root = |extra_bytes: usize| large_root(extra_bytes).done().encode(&mut buf);
    let most = Root::BYTES_MAX - root(0).unwrap();
    assert_eq!(root(most), Ok(Root::BYTES_MAX));
    assert_eq!(root(most + 1), refused);
}

/// A root below the largest size by less than 400 bytes, and `extra_bytes` more.
fn large_root(mut extra_bytes: usize) -> Draft {
    const KEY: [u8; 1952] = [0; 1952];
    let mut root = people::root();
    let mut key = root.keys[0];
    key.holder = "a-name-of-thirty-characters...";
    key.public = PublicKey::new(Algorithm::Ed25519, &KEY[..32]).unwrap();
    root.keys.extend([key; 16]);
    key.public = PublicKey::new(Algorithm::MlDsa65, &KEY).unwrap();
    for _ in 0..11 {
        // A name of 24 to 64 letters, so that each letter is one byte.
        let more = extra_bytes.min(40);
        extra_bytes -= more;
        key.holder = "h".repeat(24 + more).leak();
        root.keys.push(key);
    }
    root
}
