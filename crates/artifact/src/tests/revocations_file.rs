//! The next revocations, from the ones before.

use mainstay_trust::{Digest, KeyId, Revocations};

use crate::{RevocationsDraft, document_file};

fn draft() -> RevocationsDraft {
    let mut draft = RevocationsDraft::first(2, 1_000, 2_000);
    draft.revoke_key(KeyId([9; 16]));
    draft.revoke_key(KeyId([1; 16]));
    draft.revoke_release(Digest([5; 32]));
    draft.set_minimum([8; 16], 7).unwrap();
    draft.set_minimum([3; 16], 1).unwrap();
    draft
}

#[test]
fn what_is_written_reads_back() {
    let bytes = draft().unsigned().unwrap();
    let read: Revocations<'_> = document_file::read(&bytes).unwrap();
    assert_eq!(RevocationsDraft::of(&read), draft());
}

#[test]
fn what_was_withdrawn_stays_withdrawn() {
    let mut next = draft().next(2).unwrap();
    assert_eq!((next.epoch, next.seq), (2, 2));
    next.revoke_key(KeyId([1; 16]));
    next.revoke_release(Digest([5; 32]));
    assert_eq!(
        (next.keys.len(), next.releases.len()),
        (2, 1),
        "nothing is named twice"
    );
    let refused = next.set_minimum([8; 16], 6).unwrap_err();
    assert_eq!(refused.id(), "revocations.minimum-falls");
    next.set_minimum([8; 16], 7).unwrap();
    next.set_minimum([8; 16], 9).unwrap();
    assert_eq!(next.minimums[&[8; 16]], 9);
}

#[test]
fn a_new_epoch_counts_from_one_and_the_last_number_is_the_last() {
    let last = RevocationsDraft {
        seq: u64::MAX,
        ..draft()
    };
    let begun = last.clone().next(3).unwrap();
    assert_eq!((begun.epoch, begun.seq), (3, 1));
    assert_eq!(last.next(2).unwrap_err().id(), "trust.revocations-replayed");
}
