//! How a device climbs from root to root, and whose word counts on the way.

use crate::people::{
    Draft, Person, add, engineer, guardian, keeper, manager, person, pinned, revocations, root,
    rule, server, signed, state_of, status, stranger,
};
use mainstay_trust::verify::{self, next_root};
use mainstay_trust::{Document, KeyState, Refusal, Revocations, Role, Root, RustCrypto};

fn heir() -> Person {
    person(7, "heir@northwind.example")
}

/// The root after the ordinary one, in which the heir has the keeper's place.
fn handed_over() -> Draft {
    let mut next = root();
    next.version = 2;
    next.keys.push(heir().key);
    *next.role(Role::Root) = rule(&[&heir()], 1);
    next
}

#[track_caller]
fn expect(current: &Draft, next: &Draft, by: &[&Person], expected: Result<(), Refusal>) {
    let bytes = signed(&next.done(), by);
    let opened = next_root(&bytes, &pinned(current), &RustCrypto);
    assert_eq!(
        opened.map(|root| assert_eq!(*root.get(), next.done())),
        expected
    );
}

#[test]
fn old_and_new_keepers_sign_together() {
    let (current, next) = (root(), handed_over());
    expect(&current, &next, &[&keeper(), &heir()], Ok(()));
    expect(&current, &next, &[&heir(), &keeper()], Ok(()));
    expect(&current, &next, &[&keeper()], Err(Refusal::RoleMissing));
    expect(&current, &next, &[&heir()], Err(Refusal::Unsigned));
    expect(
        &current,
        &next,
        &[&heir(), &manager()],
        Err(Refusal::RoleMissing),
    );
    expect(&current, &next, &[], Err(Refusal::Unsigned));
    expect(&current, &next, &[&stranger()], Err(Refusal::Unsigned));
    let same_keepers = Draft {
        version: 2,
        ..root()
    };
    expect(&current, &same_keepers, &[&keeper()], Ok(()));
    expect(&current, &same_keepers, &[&keeper(), &stranger()], Ok(()));
}

#[test]
fn the_thresholds_of_both_count() {
    let colleague = person(8, "colleague@northwind.example");
    let mut two = root();
    add(&mut two, &colleague, Role::Root);
    two.role(Role::Root).threshold = 2;
    let keeper = keeper();
    let both = &[&keeper, &colleague][..];
    let back = Draft {
        version: 2,
        ..root()
    };
    let bytes = signed(&two.done(), both).leak();
    let current = verify::pinned_root(bytes, &RustCrypto).unwrap();
    let open =
        |by: &[&Person]| next_root(&signed(&back.done(), by), &current, &RustCrypto).map(|_| ());
    assert_eq!(open(&[&keeper]), Err(Refusal::ThresholdNotMet));
    assert_eq!(open(both), Ok(()));
    let raised = Draft { version: 2, ..two };
    expect(&root(), &raised, &[&keeper], Err(Refusal::ThresholdNotMet));
    expect(&root(), &raised, both, Ok(()));
}

/// Expiry never keeps a successor out: a device from the back of a shelf must be able to climb.
#[test]
fn a_long_expired_root_has_its_successor() {
    let mut current = root();
    current.expires = current.issued + 1;
    let next = Draft {
        version: 2,
        ..current.clone()
    };
    expect(&current, &next, &[&keeper()], Ok(()));
}

#[test]
fn a_root_follows_without_a_gap_and_without_a_change_of_name() {
    let next = |change: fn(&mut Draft)| {
        let mut next = Draft {
            version: 2,
            ..root()
        };
        change(&mut next);
        next
    };
    let refused = |change, reason| expect(&root(), &next(change), &[&keeper()], Err(reason));
    refused(|n| n.version = 3, Refusal::RootVersion);
    refused(|n| n.version = 1, Refusal::RootVersion);
    refused(|n| n.environment = "staging", Refusal::RootIdentity);
    refused(|n| n.vendor = "contoso.example", Refusal::RootIdentity);
    refused(
        |n| add(n, &person(8, "engineer@northwind.example"), Role::Release),
        Refusal::HolderConflict,
    );
}

#[test]
fn a_lost_keeper_signs_no_successor() {
    let with_heir = |state: KeyState| {
        let mut current = root();
        add(&mut current, &heir(), Role::Root);
        *state_of(&mut current, &keeper()) = state;
        current
    };
    let open = |state: KeyState| {
        let current = with_heir(state);
        let bytes = signed(&current.done(), &[&heir()]).leak();
        let pinned = verify::pinned_root(bytes, &RustCrypto).unwrap();
        let next = Draft {
            version: 2,
            ..current
        };
        next_root(&signed(&next.done(), &[&keeper()]), &pinned, &RustCrypto).map(|_| ())
    };
    assert_eq!(open(KeyState::Active), Ok(()));
    assert_eq!(open(KeyState::Retired { max_sequence: 2 }), Ok(()));
    assert_eq!(
        open(KeyState::Retired { max_sequence: 1 }),
        Err(Refusal::RetiredKey)
    );
    assert_eq!(open(KeyState::Revoked), Err(Refusal::RevokedKey));
}

#[test]
fn a_retired_server_key_speaks_up_to_its_last_number() {
    let judged = |max_sequence| {
        let mut draft = root();
        *state_of(&mut draft, &server()) = KeyState::Retired { max_sequence };
        let signed = signed(&status(), &[&server()]);
        verify::status(&signed, &pinned(&draft), &RustCrypto).map(|_| ())
    };
    let seq = status().seq;
    assert_eq!(judged(seq), Ok(()));
    assert_eq!(judged(seq - 1), Err(Refusal::RetiredKey));
}

#[test]
fn a_retired_guardian_withdraws_up_to_its_last_number() {
    let judged = |max_sequence| {
        let mut guarded = root().with_guardian();
        *state_of(&mut guarded, &guardian()) = KeyState::Retired { max_sequence };
        let signed = signed(&revocations(), &[&guardian()]);
        verify::revocations(&signed, &pinned(&guarded), &RustCrypto).map(|_| ())
    };
    let seq = revocations().seq;
    assert_eq!(judged(seq), Ok(()));
    assert_eq!(judged(seq - 1), Err(Refusal::RetiredKey));
}

#[test]
fn revocations_are_of_their_role_and_epoch() {
    let guarded = root().with_guardian();
    let open = |root: &Draft, revocations: &Revocations<'_>, by: &[&Person]| {
        let bytes = signed(revocations, by);
        verify::revocations(&bytes, &pinned(root), &RustCrypto).map(|opened| opened.get().mark())
    };
    let good = revocations();
    assert_eq!(open(&guarded, &good, &[&guardian()]), Ok(good.mark()));
    assert_eq!(
        open(&guarded, &good, &[&manager()]),
        Err(Refusal::RoleMissing)
    );
    assert_eq!(open(&root(), &good, &[&guardian()]), Err(Refusal::Unsigned));
    let mut next_epoch = guarded.clone();
    next_epoch.role(Role::Revocation).epoch = 1;
    assert_eq!(
        open(&next_epoch, &good, &[&guardian()]),
        Err(Refusal::RevocationsEpoch)
    );
    let newer = Revocations { epoch: 1, ..good };
    assert_eq!(open(&next_epoch, &newer, &[&guardian()]), Ok(newer.mark()));
    assert_eq!(
        open(&guarded, &newer, &[&guardian()]),
        Err(Refusal::RevocationsEpoch)
    );
}

#[test]
fn revocations_only_go_forward() {
    let good = revocations();
    let follows = |next: Revocations<'_>| next.check_follows(Some(&good));
    let replayed = Err(Refusal::RevocationsReplayed);
    assert_eq!(good.check_follows(None), Ok(()));
    assert_eq!(follows(good), Ok(()));
    assert_eq!(follows(Revocations { seq: 4, ..good }), Ok(()));
    assert_eq!(follows(Revocations { seq: 2, ..good }), replayed);
    let other = mainstay_trust::Digest([1; 32]);
    assert_eq!(
        follows(Revocations {
            digest: other,
            ..good
        }),
        replayed
    );
    assert_eq!(
        follows(Revocations {
            epoch: 1,
            seq: 1,
            ..good
        }),
        Ok(())
    );
    let highest = Revocations {
        seq: u64::MAX,
        ..good
    };
    let next_epoch = Revocations {
        epoch: 1,
        seq: 1,
        ..good
    };
    assert_eq!(next_epoch.check_follows(Some(&highest)), Ok(()));
}

/// A thief of the revocation key withdraws everything that the root's keepers sign with.
#[test]
fn stolen_revocations_keep_no_root_out() {
    let guarded = root().with_guardian();
    let all = [keeper(), engineer(), manager()].map(|person| person.key.id);
    let stolen = Revocations {
        keys: crate::people::leaked(&all),
        ..revocations()
    };
    let current = pinned(&guarded);
    let bytes = signed(&stolen, &[&guardian()]);
    let withdrawn = verify::revocations(&bytes, &current, &RustCrypto).unwrap();
    let authority = verify::Authority::new(&current, Some(&withdrawn));
    let release = verify::release(
        &*crate::people::good_envelope().leak(),
        authority,
        &RustCrypto,
    );
    assert_eq!(release.map(|_| ()), Err(Refusal::RevokedKey));
    let mut next = Draft {
        version: 2,
        ..guarded.clone()
    };
    next.role(Role::Revocation).epoch = 1;
    expect(&guarded, &next, &[&keeper()], Ok(()));
    let after = pinned(&next);
    let void = verify::revocations(&bytes, &after, &RustCrypto).map(|_| ());
    assert_eq!(void, Err(Refusal::RevocationsEpoch));
}

/// What role root signs is a root, and nothing else.
#[test]
fn another_document_is_no_root() {
    let bytes = signed(&revocations(), &[&keeper()]);
    let opened = next_root(&bytes, &pinned(&root()), &RustCrypto).map(|_| ());
    assert_eq!(opened, Err(Refusal::ForeignProfile));
    let payload = crate::people::payload(
        &Draft {
            version: 2,
            ..root()
        }
        .done(),
    );
    let as_status =
        crate::people::own_document(&[&keeper()], mainstay_trust::Status::CONTENT_TYPE, &payload);
    let opened = next_root(&as_status, &pinned(&root()), &RustCrypto).map(|_| ());
    assert_eq!(opened, Err(Refusal::WrongDocument));
    assert_ne!(Root::CONTENT_TYPE, mainstay_trust::Status::CONTENT_TYPE);
}
