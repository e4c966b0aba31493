//! What a device installs by the root and the revocations that it holds.

use super::scene::*;
use crate::people::{self, leaked, manifest, operator, revocations, server, status};
use mainstay_trust::{Digest, Refusal, Revocations, Role};

#[test]
fn where_people_can_revoke_their_word_must_be_there() {
    expect_guarded(|_| {}, Ok(()));
    expect_guarded(|s| s.revocations = None, Err(Refusal::RevocationsMissing));
    let silent = |s: &mut Scene| (s.revocations, s.status.revocations) = (None, None);
    expect_guarded(silent, Err(Refusal::RevocationsMissing));
    let others = |s: &mut Scene| s.status.revocations = Some(Digest([1; 32]));
    expect_guarded(others, Err(Refusal::RevocationsMismatch));
    expect_guarded(
        |s| s.status.revocations = None,
        Err(Refusal::RevocationsMismatch),
    );
    expect_in(
        |s| s.status.revocations = Some(Digest([1; 32])),
        Err(Refusal::RevocationsMissing),
    );
}

#[test]
fn frozen_revocations_stop_installing() {
    let until = |next_update| {
        move |s: &mut Scene| {
            know(
                s,
                Revocations {
                    next_update,
                    ..revocations()
                },
            )
        }
    };
    expect_guarded(until(status().issued + 1), Ok(()));
    expect_guarded(until(status().issued), Err(Refusal::RevocationsStale));
}

#[test]
fn what_is_revoked_is_not_installed() {
    let release = leaked(&[Digest([1; 32]), manifest().digest]);
    let revoked = Revocations {
        releases: release,
        ..revocations()
    };
    expect_guarded(|s| know(s, revoked), Err(Refusal::RevokedRelease));
    for person in [people::engineer(), people::manager(), server()] {
        let keys = leaked(&[person.key.id]);
        let revoked = Revocations {
            keys,
            ..revocations()
        };
        expect_guarded(|s| know(s, revoked), Err(Refusal::RevokedKey));
    }
    let keys = leaked(&[people::keeper().key.id, operator().key.id]);
    let unused = Revocations {
        keys,
        ..revocations()
    };
    expect_guarded(|s| know(s, unused), Ok(()));
}

#[test]
fn a_class_has_a_least_sequence_number() {
    let class = manifest().class_id;
    expect_guarded(|s| know(s, minimum(class, 12)), Ok(()));
    expect_guarded(|s| know(s, minimum(class, 13)), Err(Refusal::BelowMinimum));
    expect_guarded(|s| know(s, minimum([9; 16], 13)), Ok(()));
}

/// A thief of both signing keys took the highest numbers there are; a new epoch makes them old.
#[test]
fn the_highest_sequence_number_dies_with_its_epoch() {
    let stolen = |s: &mut Scene| {
        guarded(s);
        s.device.counters.confirmed = mark(0, u64::MAX);
        s.device.counters.floor = mark(0, u64::MAX);
    };
    expect_in(stolen, Err(Refusal::BelowFloor));
    for role in [Role::Build, Role::Release] {
        let recovered = |s: &mut Scene| {
            stolen(s);
            s.root.role(role).epoch = 1;
        };
        expect_in(recovered, Err(Refusal::MinimumMissing));
        let least = |sequence| {
            move |s: &mut Scene| {
                recovered(s);
                know(s, minimum(manifest().class_id, sequence));
            }
        };
        expect_in(least(12), Ok(()));
        expect_in(least(13), Err(Refusal::BelowMinimum));
    }
    // Once something of the new epoch is confirmed, its own numbers bind.
    let settled = |s: &mut Scene| {
        guarded(s);
        s.root.role(Role::Build).epoch = 1;
        s.device.counters.confirmed = mark(1, 12);
        s.device.counters.floor = mark(1, 0);
    };
    expect_in(settled, Err(Refusal::Downgrade));
}

#[test]
fn the_highest_status_number_dies_with_its_epoch() {
    let stolen = |s: &mut Scene| s.device.counters.status = mark(0, u64::MAX);
    expect_in(stolen, Err(Refusal::StatusReplayed));
    let recovered = |s: &mut Scene| {
        stolen(s);
        s.root.role(Role::Status).epoch = 1;
    };
    expect_in(recovered, Ok(()));
}
