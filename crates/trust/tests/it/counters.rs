//! What a device remembers, and when it moves.

use crate::people::{Draft, guardian, pinned, revocations, root, signed};
use mainstay_trust::{Counters, Mark, Revocations, Role, RustCrypto, verify};

fn mark(epoch: u32, number: u64) -> Mark {
    Mark { epoch, number }
}

fn at(time: u64) -> Counters {
    Counters {
        status: mark(0, 7),
        confirmed: mark(0, 11),
        floor: mark(0, 10),
        time,
    }
}

#[test]
fn marks_are_ordered_by_epoch_first() {
    assert!(mark(0, u64::MAX) < mark(1, 0));
    assert!(mark(1, 0) < mark(1, 1));
}

#[test]
fn a_release_has_the_epochs_of_both_who_sign_it() {
    let mut draft = root().with_guardian();
    draft.role(Role::Build).epoch = 2;
    draft.role(Role::Release).epoch = 3;
    draft.role(Role::Status).epoch = 4;
    assert_eq!(Mark::of_release(&draft.done(), 9), mark(5, 9));
    assert_eq!(Mark::of_status(&draft.done(), 9), mark(4, 9));
    draft.role(Role::Build).epoch = u32::MAX;
    assert_eq!(Mark::of_release(&draft.done(), 9), mark(u32::MAX, 9));
}

#[test]
fn a_root_moves_the_time_forward_only() {
    let accept = |time: u64, change: fn(&mut Draft)| {
        let mut counters = at(time);
        let mut next = Draft {
            version: 2,
            ..root()
        };
        change(&mut next);
        counters.root_accepted(&pinned(&root()), &pinned(&next));
        assert_eq!(Counters { time, ..counters }, at(time));
        counters.time
    };
    let issued = root().issued;
    assert_eq!(accept(issued - 1, |_| {}), issued);
    assert_eq!(accept(issued + 1, |_| {}), issued + 1);
    // After the theft of a key that can date something far ahead, it begins anew.
    assert_eq!(accept(u64::MAX, |n| n.role(Role::Status).epoch = 1), issued);
    assert_eq!(
        accept(u64::MAX, |n| n.role(Role::Revocation).epoch = 1),
        issued
    );
    assert_eq!(
        accept(u64::MAX, |n| n.role(Role::Operations).epoch = 1),
        u64::MAX
    );
    assert_eq!(accept(u64::MAX, |n| n.role(Role::Root).epoch = 1), u64::MAX);
}

#[test]
fn revocations_move_the_time_forward_only() {
    let root = pinned(&root().with_guardian());
    let bytes = signed(&Revocations { ..revocations() }, &[&guardian()]);
    let opened = verify::revocations(&bytes, &root, &RustCrypto).unwrap();
    for (before, after) in [(0, revocations().issued), (u64::MAX, u64::MAX)] {
        let mut counters = at(before);
        counters.revocations_accepted(&opened);
        assert_eq!(counters, at(after));
    }
}

#[test]
fn a_confirmed_release_raises_the_floor_and_never_lowers_it() {
    let mut counters = at(5);
    counters.release_confirmed(mark(0, 12), mark(0, 12));
    assert_eq!(
        (counters.confirmed, counters.floor),
        (mark(0, 12), mark(0, 12))
    );
    // Back to an earlier release that may be returned to: the floor stays.
    counters.release_confirmed(mark(0, 11), mark(0, 3));
    assert_eq!(
        (counters.confirmed, counters.floor),
        (mark(0, 11), mark(0, 12))
    );
}
