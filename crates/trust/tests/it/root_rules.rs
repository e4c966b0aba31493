//! What makes a root invalid, one rule a row.

use crate::people::{add, engineer, manager, operator, person, root, rule, stranger};
use mainstay_trust::root::ClassPolicy;
use mainstay_trust::root_rules::check;
use mainstay_trust::{KeyId, Refusal, Role, RoleRule, Root, RustCrypto};

#[track_caller]
fn expect(change: impl FnOnce(&mut Root<'static>), expected: Result<(), Refusal>) {
    let mut root = root();
    change(&mut root);
    assert_eq!(check(&root, &RustCrypto), expected);
}

#[test]
fn ordinary_roots_are_valid() {
    expect(|_| {}, Ok(()));
    expect(
        |r| r.roles[Role::Operations as usize] = RoleRule::default(),
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
    expect(
        |r| r.keys.push(engineer().key).unwrap(),
        Err(Refusal::RootKey),
    );
}

#[test]
fn roles_name_listed_keys_once() {
    expect(
        |r| r.roles[1].keys.push(stranger().key.id).unwrap(),
        Err(Refusal::RootRole),
    );
    expect(
        |r| r.roles[1].keys.push(engineer().key.id).unwrap(),
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
    let second_key = |r: &mut Root<'static>, holder| {
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
            |r| r.roles[role as usize] = RoleRule::default(),
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
            |r| r.roles[one].keys.push(other.key.id).unwrap(),
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
    let policy = |class: u8, roles: &[Role]| ClassPolicy {
        class: [class; 16],
        roles: roles.iter().copied().collect(),
    };
    let set = |policies: Vec<ClassPolicy>| {
        move |r: &mut Root<'static>| r.policy = policies.into_iter().collect()
    };
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
        vec![policy(2, &[Build, Release]), policy(1, &[Build, Release])],
        vec![policy(1, &[Build, Release]), policy(1, &[Build, Release])],
    ] {
        expect(set(policies), Err(Refusal::RootPolicy));
    }
}
