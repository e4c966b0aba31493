//! The next root, change by change, and who still has to sign it.

use std::collections::BTreeMap;

use mainstay_trust::{Algorithm, KeyState, Role, Root, RustCrypto, Verified, root_rules, verify};
use proptest::prelude::*;

use super::fixture::{self, ana, custodian, li, mia};
use crate::root_change::ChangeError;
use crate::root_diff::{RootChange, diff};
use crate::signer::{FakeSigner, Signer as _};
use crate::{Listed, Member, RootDraft, add_root_signature, document_file, quorums};

fn named(name: &str) -> FakeSigner {
    FakeSigner::new(&format!("{name}@northwind.example"))
}

fn revoker() -> FakeSigner {
    named("rex")
}

/// The draft after the fixture's root, in which somebody may revoke.
fn draft() -> RootDraft {
    let mut draft = fixture::draft();
    draft.members.push(Member::of(Role::Revocation, &revoker()));
    draft
}

fn first() -> Vec<u8> {
    draft().signed(&[&custodian()], &RustCrypto).unwrap()
}

/// Changes the root after the first one; says how it is refused, or what it changes.
fn changed(
    change: impl FnOnce(&mut RootDraft) -> Result<(), ChangeError>,
) -> Result<Vec<RootChange>, &'static str> {
    let first = first();
    let current = verify::pinned_root(&first, &RustCrypto).unwrap();
    let mut draft = RootDraft::of(current.get()).next(1_750_000_000).unwrap();
    change(&mut draft).map_err(|error| error.id())?;
    let bytes = draft.unsigned(&RustCrypto).map_err(|error| error.id())?;
    let next = document_file::read(&bytes).unwrap();
    root_rules::check_follows(&next, current.get()).map_err(mainstay_trust::Refusal::id)?;
    let mut changes = diff(current.get(), &next);
    assert_eq!(changes.remove(0), RootChange::Version { from: 1, to: 2 });
    Ok(changes)
}

fn left(role: Role, who: &FakeSigner) -> RootChange {
    RootChange::Left {
        role,
        holder: who.holder().to_owned(),
        key: who.key_id(),
    }
}

fn joined(role: Role, who: &FakeSigner) -> RootChange {
    RootChange::Joined {
        role,
        holder: who.holder().to_owned(),
        key: who.key_id(),
        algorithm: Algorithm::Esp256,
    }
}

fn became(who: &FakeSigner, to: KeyState) -> RootChange {
    RootChange::State {
        holder: who.holder().to_owned(),
        key: who.key_id(),
        from: Some(KeyState::Active),
        to: Some(to),
    }
}

#[test]
fn each_change_says_what_it_does() {
    let (lib, eve) = (&RustCrypto, named("eve"));
    let check = |change: &dyn Fn(&mut RootDraft) -> Result<(), ChangeError>,
                 expected: &[RootChange]| {
        assert_eq!(changed(change), Ok(expected.to_vec()));
    };
    check(&|_| Ok(()), &[]);
    check(
        &|d| d.add(Member::of(Role::Build, &eve), lib),
        &[joined(Role::Build, &eve)],
    );
    check(
        &|d| d.remove(li().key_id(), None, lib),
        &[left(Role::Build, &li())],
    );
    let retired = KeyState::Retired { max_sequence: 41 };
    check(
        &|d| d.retire(li().key_id(), 41, lib),
        &[became(&li(), retired)],
    );
    check(
        &|d| d.revoke(li().key_id(), lib).map(|listed| assert!(listed)),
        &[left(Role::Build, &li()), became(&li(), KeyState::Revoked)],
    );
    let threshold = RootChange::Threshold {
        role: Role::Build,
        from: 1,
        to: 2,
    };
    check(
        &|d| {
            d.set_threshold(Role::Build, 2);
            Ok(())
        },
        &[threshold],
    );
    let epoch = RootChange::Epoch {
        role: Role::Release,
        from: 0,
        to: 1,
    };
    check(&|d| d.raise_epoch(Role::Release).map(drop), &[epoch]);
    let expires = RootChange::Expires {
        from: 1_800_000_000,
        to: 1_900_000_000,
    };
    check(
        &|d| {
            d.expires = 1_900_000_000;
            Ok(())
        },
        &[expires],
    );
}

#[test]
fn a_root_key_is_dropped_and_never_listed_as_revoked() {
    let keeper = named("keeper");
    let found = changed(|draft| {
        draft.add(Member::of(Role::Root, &keeper), &RustCrypto)?;
        let listed = draft.revoke(custodian().key_id(), &RustCrypto)?;
        assert!(!listed);
        Ok(())
    });
    let expected = [left(Role::Root, &custodian()), joined(Role::Root, &keeper)];
    assert_eq!(found, Ok(expected.to_vec()));
}

#[test]
fn each_impossible_change_has_its_own_reason() {
    let lib = &RustCrypto;
    let check = |change: &dyn Fn(&mut RootDraft) -> Result<(), ChangeError>, expected: &str| {
        assert_eq!(changed(change).unwrap_err(), expected);
    };
    let stranger = named("stranger").key_id();
    check(
        &|d| d.add(Member::of(Role::Build, &ana()), lib),
        "root.already-member",
    );
    check(
        &|d| d.add(Member::of(Role::Release, &ana()), lib),
        "trust.key-conflict",
    );
    check(&|d| d.remove(stranger, None, lib), "root.key-unknown");
    check(&|d| d.retire(stranger, 1, lib), "root.key-unknown");
    check(&|d| d.revoke(stranger, lib).map(drop), "root.key-unknown");
    check(
        &|d| d.remove(ana().key_id(), Some(Role::Status), lib),
        "root.not-in-role",
    );
    check(
        &|d| d.remove(mia().key_id(), None, lib),
        "trust.root-threshold",
    );
    check(
        &|d| d.revoke(mia().key_id(), lib).map(drop),
        "trust.root-threshold",
    );
    check(
        &|d| d.retire(custodian().key_id(), 1, lib),
        "root.retires-too-early",
    );
    check(
        &|d| d.retire(custodian().key_id(), 2, lib),
        "trust.root-threshold",
    );
    let last = RootDraft {
        version: u32::MAX,
        ..draft()
    };
    assert_eq!(last.next(0).unwrap_err().id(), "trust.root-version");
}

#[test]
fn what_a_key_has_lost_it_never_gets_back() {
    let lib = &RustCrypto;
    let check = |change: &dyn Fn(&mut RootDraft) -> Result<(), ChangeError>, expected: &str| {
        assert_eq!(changed(change).unwrap_err(), expected);
    };
    check(
        &|d| {
            d.retire(li().key_id(), 4, lib)?;
            d.retire(li().key_id(), 5, lib)
        },
        "trust.root-revival",
    );
    check(
        &|d| {
            d.revoke(li().key_id(), lib)?;
            d.retire(li().key_id(), 5, lib)
        },
        "trust.root-revival",
    );
    check(
        &|d| {
            d.revoke(li().key_id(), lib)?;
            d.add(Member::of(Role::Build, &li()), lib)
        },
        "trust.root-revival",
    );
    check(
        &|d| {
            d.remove(revoker().key_id(), None, lib)?;
            d.raise_epoch(Role::Build).map(drop)
        },
        "trust.root-epoch",
    );
}

/// Who still has to sign root 2, by root 1 and by root 2 itself.
fn missing(next: &[u8], current: &Verified<Root<'_>>) -> Vec<(u32, usize, Vec<String>)> {
    let own: Root<'_> = document_file::read(next).unwrap();
    let of = |root| quorums::<Root<'_>>(next, root, &RustCrypto).unwrap();
    let all = of(current.get()).into_iter().chain(of(&own));
    all.map(|quorum| (quorum.root_version, quorum.missing(), quorum.open))
        .collect()
}

#[test]
fn it_is_told_whose_signatures_are_missing_in_both_roots() {
    let (first, keeper) = (first(), named("keeper"));
    let current = verify::pinned_root(&first, &RustCrypto).unwrap();
    let mut draft = RootDraft::of(current.get()).next(1_750_000_000).unwrap();
    draft
        .add(Member::of(Role::Root, &keeper), &RustCrypto)
        .unwrap();
    draft.set_threshold(Role::Root, 2);
    let names = |who: &[&FakeSigner]| {
        who.iter()
            .map(|who| who.holder().to_owned())
            .collect::<Vec<_>>()
    };
    let both = names(&[&custodian(), &keeper]);
    let next = draft.unsigned(&RustCrypto).unwrap();
    assert_eq!(
        missing(&next, &current),
        [(1, 1, names(&[&custodian()])), (2, 2, both)]
    );
    let next = add_root_signature(&next, &keeper, Some(current.get()), &RustCrypto).unwrap();
    let rest = names(&[&custodian()]);
    assert_eq!(
        missing(&next, &current),
        [(1, 1, rest.clone()), (2, 1, rest)]
    );
    assert!(verify::next_root(&next, &current, &RustCrypto).is_err());
    let next = add_root_signature(&next, &custodian(), Some(current.get()), &RustCrypto).unwrap();
    assert_eq!(missing(&next, &current), [(1, 0, vec![]), (2, 0, vec![])]);
    assert!(verify::next_root(&next, &current, &RustCrypto).is_ok());
}

#[test]
fn a_signature_that_does_not_hold_counts_for_nobody() {
    let mut bytes = first();
    *bytes.last_mut().unwrap() ^= 1;
    let root = document_file::read(&bytes).unwrap();
    let quorums = quorums::<Root<'_>>(&bytes, &root, &RustCrypto).unwrap();
    assert_eq!((quorums[0].missing(), quorums[0].signed.len()), (1, 0));
}

/// Roots as rich as they come: keys in no role, in any order, retired and revoked; thresholds; epochs.
fn rich_draft() -> impl Strategy<Value = RootDraft> {
    let roles = proptest::collection::vec((1..=3_usize, 1..=3_u8, 0..3_u32), 6);
    let listed =
        proptest::sample::subsequence((0..20).collect::<Vec<usize>>(), 0..8).prop_shuffle();
    let states = proptest::collection::vec((0..20_usize, proptest::option::of(any::<u64>())), 0..6);
    (roles, listed, states, any::<bool>()).prop_map(|(roles, listed, states, policy)| {
        let key = |place: usize| FakeSigner::new(&format!("holder-{place}"));
        let mut draft = RootDraft {
            members: Vec::new(),
            ..fixture::draft()
        };
        for (role, (people, threshold, epoch)) in Role::ALL.into_iter().zip(roles) {
            let keys = (0..people).map(|place| key(role as usize * 3 + place));
            draft.members.extend(keys.map(|key| Member::of(role, &key)));
            draft.thresholds.push((role, threshold.min(people as u8)));
            draft.epochs.push((role, epoch));
        }
        for place in listed {
            let key = key(place);
            draft.listed.push(Listed {
                holder: key.holder().to_owned(),
                public_key: key.public_key().into(),
            });
        }
        // The three root keys stay active, or nobody could sign the root after it.
        let states: BTreeMap<_, _> = states.into_iter().filter(|(place, _)| *place > 2).collect();
        draft.states = states
            .into_iter()
            .map(|(place, number)| {
                let state = number.map_or(KeyState::Revoked, |max_sequence| KeyState::Retired {
                    max_sequence,
                });
                (key(place).key_id(), state)
            })
            .collect();
        if policy {
            let roles = vec![Role::Build, Role::Release, Role::Operations];
            draft.policy.insert([7; 16], roles);
        }
        draft
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_draft_of_a_root_is_written_as_that_root(draft in rich_draft()) {
        let bytes = draft.unsigned(&RustCrypto).unwrap();
        let root: Root<'_> = document_file::read(&bytes).unwrap();
        let again = RootDraft::of(&root);
        prop_assert_eq!(again.unsigned(&RustCrypto).unwrap(), bytes.clone());
        prop_assert_eq!(&RootDraft::of(&document_file::read(&bytes).unwrap()), &again);
        prop_assert_eq!(diff(&root, &root), []);
    }
}
