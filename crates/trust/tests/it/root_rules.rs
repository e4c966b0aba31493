//! What makes a root invalid, one rule a row.

use crate::people::{
    Draft, Rule, add, engineer, keeper, manager, operator, person, root, rule, state_of, stranger,
};
use mainstay_trust::root_rules::{check, check_follows};
use mainstay_trust::{Algorithm, KeyId, KeyState, Refusal, Role, RustCrypto};

#[track_caller]
fn expect(change: impl FnOnce(&mut Draft), expected: Result<(), Refusal>) {
    let mut root = root();
    change(&mut root);
    assert_eq!(check(&root.done(), &RustCrypto), expected);
}

#[test]
fn ordinary_roots_are_valid() {
    expect(|_| {}, Ok(()));
    expect(
        |r| r.roles[Role::Operations as usize] = Rule::default(),
        Ok(()),
    );
    // Root, revocation and status may share holders with anyone.
    expect(
        |r| r.roles[Role::Revocation as usize] = rule(&[&engineer(), &manager()], 2),
        Ok(()),
    );
    expect(
        |r| add(r, &person(7, "engineer@northwind.example"), Role::Build),
        Ok(()),
    );
}

#[test]
fn keys_are_listed_once_under_their_thumbprint() {
    expect(|r| r.keys[1].id = KeyId([0; 16]), Err(Refusal::RootKey));
    expect(
        |r| r.keys[1].public = stranger().key.public,
        Err(Refusal::RootKey),
    );
    expect(|r| r.keys.push(engineer().key), Err(Refusal::RootKey));
}

#[test]
fn roles_name_listed_keys_once() {
    expect(
        |r| r.roles[1].keys.push(stranger().key.id),
        Err(Refusal::RootRole),
    );
    expect(
        |r| r.roles[1].keys.push(engineer().key.id),
        Err(Refusal::RootRole),
    );
}

#[test]
fn thresholds_count_people() {
    expect(|r| r.roles[1].threshold = 0, Err(Refusal::RootThreshold));
    expect(|r| r.roles[1].threshold = 2, Err(Refusal::RootThreshold));
    expect(
        |r| r.roles[1].required_algorithms.clear(),
        Err(Refusal::RootThreshold),
    );
    let second_key = |r: &mut Draft, holder| {
        add(r, &person(7, holder), Role::Build);
        r.roles[1].threshold = 2;
    };
    expect(|r| second_key(r, "colleague@northwind.example"), Ok(()));
    expect(
        |r| second_key(r, "engineer@northwind.example"),
        Err(Refusal::RootThreshold),
    );
    for role in [Role::Root, Role::Build, Role::Release, Role::Status] {
        expect(
            |r| r.roles[role as usize] = Rule::default(),
            Err(Refusal::RootThreshold),
        );
    }
    // Operations may stand empty, but then wholly.
    let operations = Role::Operations as usize;
    expect(|r| r.roles[operations] = Rule::default(), Ok(()));
    let halves: [fn(&mut Rule); 4] = [
        |rule| rule.threshold = 0,
        |rule| rule.threshold = 2,
        |rule| rule.keys.clear(),
        |rule| rule.required_algorithms.clear(),
    ];
    for half in halves {
        expect(
            |r| half(&mut r.roles[operations]),
            Err(Refusal::RootThreshold),
        );
    }
    let remains: [fn(&mut Rule); 2] = [
        |rule| rule.threshold = 1,
        |rule| rule.required_algorithms = vec![Algorithm::Esp256],
    ];
    for remain in remains {
        expect(
            |r| {
                r.roles[operations] = Rule::default();
                remain(&mut r.roles[operations]);
            },
            Err(Refusal::RootThreshold),
        );
    }
}

#[test]
fn separated_roles_share_no_key() {
    for (one, other) in [
        (1, manager()),
        (1, operator()),
        (2, engineer()),
        (2, operator()),
        (3, manager()),
    ] {
        expect(
            |r| r.roles[one].keys.push(other.key.id),
            Err(Refusal::KeyConflict),
        );
    }
}

#[test]
fn separated_roles_share_no_holder() {
    let holders = [
        "engineer@northwind.example",
        "manager@northwind.example",
        "operator@northwind.example",
    ];
    for (place, role) in Role::SEPARATED.into_iter().enumerate() {
        let others = holders
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place);
        for (_, holder) in others {
            expect(
                |r| add(r, &person(7, holder), role),
                Err(Refusal::HolderConflict),
            );
        }
    }
}

#[test]
fn class_policies_ask_for_what_can_be_met() {
    use Role::{Build, Operations, Release, Revocation};
    let policy = |class: u8, roles: &[Role]| ([class; 16], roles.to_vec());
    let set = |policies: Vec<([u8; 16], Vec<Role>)>| move |r: &mut Draft| r.policy = policies;
    expect(
        set(vec![
            policy(1, &[Build, Release, Operations]),
            policy(2, &[Build, Release]),
        ]),
        Ok(()),
    );
    for policies in [
        vec![policy(1, &[])],
        vec![policy(1, &[Build])],
        vec![policy(1, &[Release, Operations])],
        vec![policy(1, &[Release, Build])],
        vec![policy(1, &[Build, Build, Release])],
        vec![policy(1, &[Build, Release, Revocation])],
        vec![policy(1, &[Build, Release, Operations, Revocation])],
        vec![policy(2, &[Build, Release]), policy(1, &[Build, Release])],
        vec![policy(1, &[Build, Release]), policy(1, &[Build, Release])],
    ] {
        expect(set(policies), Err(Refusal::RootPolicy));
    }
}

#[test]
fn operations_are_asked_only_where_they_exist() {
    use Role::{Build, Operations, Release};
    let nobody = |r: &mut Draft| {
        r.policy = vec![([1; 16], vec![Build, Release, Operations])];
        *r.role(Operations) = Rule::default();
    };
    expect(nobody, Err(Refusal::RootPolicy));
}

/// A root that nobody could follow would be the last one of its fleet.
#[test]
fn somebody_can_sign_the_next_root() {
    let retired = |max_sequence| {
        move |r: &mut Draft| *state_of(r, &keeper()) = KeyState::Retired { max_sequence }
    };
    expect(retired(2), Ok(()));
    expect(retired(1), Err(Refusal::RootThreshold));
    expect(
        |r| *state_of(r, &keeper()) = KeyState::Revoked,
        Err(Refusal::RootThreshold),
    );
    let spare = |r: &mut Draft| {
        add(r, &person(7, "keeper2@northwind.example"), Role::Root);
        *state_of(r, &keeper()) = KeyState::Revoked;
    };
    expect(spare, Ok(()));
}

#[test]
fn a_raised_signing_epoch_needs_somebody_who_sets_minimums() {
    for role in [Role::Build, Role::Release] {
        let raise = |r: &mut Draft| r.role(role).epoch = 1;
        expect(raise, Err(Refusal::RootEpoch));
        let mut guarded = root().with_guardian();
        raise(&mut guarded);
        assert_eq!(check(&guarded.done(), &RustCrypto), Ok(()));
    }
    expect(|r| r.role(Role::Status).epoch = 1, Ok(()));
}

/// A root two versions on, changed from the ordinary one.
#[track_caller]
fn expect_follows(change: impl FnOnce(&mut Draft, &mut Draft), expected: Result<(), Refusal>) {
    let (mut current, mut next) = (root(), root());
    next.version = 2;
    change(&mut current, &mut next);
    assert_eq!(check_follows(&next.done(), &current.done()), expected);
}

#[test]
fn a_root_follows_the_one_before_it() {
    expect_follows(|_, _| {}, Ok(()));
    expect_follows(|_, n| n.version = 1, Err(Refusal::RootVersion));
    expect_follows(|_, n| n.version = 3, Err(Refusal::RootVersion));
    expect_follows(|_, n| n.version = u32::MAX, Err(Refusal::RootVersion));
    let at_the_end = |c: &mut Draft, n: &mut Draft| (c.version, n.version) = (u32::MAX, 0);
    expect_follows(at_the_end, Err(Refusal::RootVersion));
    expect_follows(
        |_, n| n.vendor = "contoso.example",
        Err(Refusal::RootIdentity),
    );
    expect_follows(|_, n| n.environment = "staging", Err(Refusal::RootIdentity));
    for role in Role::ALL {
        expect_follows(|_, n| n.role(role).epoch = 1, Ok(()));
        expect_follows(|c, _| c.role(role).epoch = 1, Err(Refusal::RootEpoch));
    }
}

#[test]
fn no_key_gets_back_what_it_lost() {
    let (retired, revoked) = (
        |max_sequence| KeyState::Retired { max_sequence },
        KeyState::Revoked,
    );
    let states = |before: KeyState, after: KeyState| {
        move |c: &mut Draft, n: &mut Draft| {
            *state_of(c, &engineer()) = before;
            *state_of(n, &engineer()) = after;
        }
    };
    let falls = [KeyState::Active, retired(9), retired(8), revoked];
    for (place, before) in falls.iter().enumerate() {
        for (other, after) in falls.iter().enumerate() {
            let expected = if other < place {
                Err(Refusal::RootRevival)
            } else {
                Ok(())
            };
            expect_follows(states(*before, *after), expected);
        }
    }
}
