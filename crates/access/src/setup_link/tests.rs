//! What links open, who makes them, and who stands behind them.

use super::*;
use crate::password_hash::PasswordHash;
use crate::totp::{SecondFactor, TotpSecret};

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn email(name: &str) -> Email {
    Email::new(&format!("{name}@northwind.example")).expect("an address")
}

fn account(name: &str, role: Role) -> Account {
    Account {
        email: email(name),
        role,
        password: PasswordHash::new("$argon2id$x".to_owned()).expect("a hash"),
        second_factor: None,
        since: at(0),
        closed: None,
    }
}

#[test]
fn a_link_opens_what_it_is_for_within_the_hour() {
    let first = SetupLink::first(SecretHash([1; 32]), at(0));
    let invited = SetupLink::on_the_machine(SecretHash([2; 32]), email("vi"), Role::Viewer, at(0));
    for (link, name, role, minute, expected) in [
        (&first, "kim", Role::Operations, 59, Ok(())),
        (
            &first,
            "kim",
            Role::Engineer,
            1,
            Err("access.setup-link-role"),
        ),
        (
            &first,
            "kim",
            Role::Operations,
            60,
            Err("access.setup-link-expired"),
        ),
        (
            &first,
            "kim",
            Role::Operations,
            -60,
            Err("access.setup-link-expired"),
        ),
        (&invited, "vi", Role::Viewer, 0, Ok(())),
        (
            &invited,
            "kim",
            Role::Viewer,
            0,
            Err("access.setup-link-address"),
        ),
        (
            &invited,
            "vi",
            Role::Operations,
            0,
            Err("access.setup-link-role"),
        ),
    ] {
        let opened = link.opens(&account(name, role), None, at(minute));
        let found = opened.map(drop).map_err(|refused| refused.id());
        assert_eq!(found, expected, "{name} {role} in minute {minute}");
    }
}

fn factor(n: u8) -> SecondFactor {
    SecondFactor::kept(TotpSecret::new([n; 20]), 5)
}

/// A link that Kim of operations made for `name`.
fn invited(name: &str, role: Role) -> SetupLink {
    let kim = account("kim", Role::Operations);
    let link = SetupLink::invitation(SecretHash([3; 32]), email(name), role, &kim, at(0));
    link.expect("operations may")
}

#[test]
fn one_person_makes_nobody_with_a_duty() {
    for role in Role::ALL {
        let alone = role.duty().is_none();
        let link = invited("ana", role);
        let ana = account("ana", role);
        let expected = if alone {
            Ok(())
        } else {
            Err(SetupLinkRefusal::SecondMissing)
        };
        assert_eq!(link.opens(&ana, None, at(1)).map(drop), expected, "{role}");
        let sam = account("sam", Role::ReleaseManager);
        let vouched = link.vouched(&sam, at(1)).expect("another duty");
        assert_eq!(vouched.opens(&ana, None, at(1)), Ok(ana), "{role}");
        let denied = SetupLink::invitation(
            SecretHash([3; 32]),
            email("ana"),
            Role::Viewer,
            &account("eve", role),
            at(0),
        );
        assert_eq!(denied.is_ok(), role == Role::Operations, "{role}");
    }
}

#[test]
fn the_second_person_is_another_with_another_duty() {
    for (name, role, minute, expected) in [
        ("sam", Role::ReleaseManager, 1, Ok(())),
        ("ana", Role::Engineer, 1, Ok(())),
        (
            "sam",
            Role::ReleaseManager,
            60,
            Err("access.setup-link-expired"),
        ),
        (
            "kim",
            Role::Operations,
            1,
            Err("access.setup-link-no-second"),
        ),
        (
            "ole",
            Role::Operations,
            1,
            Err("access.setup-link-no-second"),
        ),
        ("new", Role::Engineer, 1, Err("access.setup-link-no-second")),
        ("vi", Role::Viewer, 1, Err("access.denied")),
    ] {
        let vouched = invited("new", Role::Engineer).vouched(&account(name, role), at(minute));
        let found = vouched.map(drop).map_err(|refused| refused.id());
        assert_eq!(found, expected, "{name} {role} in minute {minute}");
    }
}

/// Operations alone let a colleague in again, nobody of another duty, and not themselves.
#[test]
fn one_person_lets_a_colleague_in_again() {
    for role in Role::ALL {
        let ana = account("ana", role);
        let link = invited("ana", role);
        let alone = role.duty().is_none() || role == Role::Operations;
        assert_eq!(link.lacks_a_second(Some(&ana)), !alone, "{role}");
        assert_eq!(link.opens(&ana, Some(&ana), at(1)).is_ok(), alone, "{role}");
    }
    let kim = account("kim", Role::Operations);
    let own = SetupLink::invitation(SecretHash([3; 32]), email("kim"), kim.role, &kim, at(0));
    assert_eq!(own, Err(SetupLinkRefusal::Own));
}

#[test]
fn a_link_says_what_it_does() {
    let plain = account("vi", Role::Viewer);
    let with_app = Account {
        second_factor: Some(factor(1)),
        ..plain.clone()
    };
    let link = invited("vi", Role::Viewer);
    let sam = account("sam", Role::ReleaseManager);
    let vouched = link.clone().vouched(&sam, at(1)).expect("another duty");
    for (link, before, expected) in [
        (&link, None, LinkEffect::NewAccount),
        (&vouched, None, LinkEffect::NewAccount),
        (&vouched, Some(&plain), LinkEffect::NewPassword),
        (&link, Some(&with_app), LinkEffect::NewPasswordFactorStays),
        (&vouched, Some(&with_app), LinkEffect::NewPasswordFactorGoes),
    ] {
        assert_eq!(link.effect(before), expected);
    }
}

/// Whoever the link is for and whoever made it: a second factor goes only if two people, or the machine, say so.
#[test]
fn one_persons_word_changes_no_second_factor() {
    for role in [Role::Operations, Role::Viewer] {
        let vi = account("vi", role);
        let before = Account {
            second_factor: Some(factor(1)),
            ..vi.clone()
        };
        let anew = Account {
            second_factor: Some(factor(2)),
            ..vi.clone()
        };
        let link = invited("vi", role);
        assert_eq!(link.opens(&vi, Some(&before), at(1)), Ok(before.clone()));
        let refused = link.opens(&anew, Some(&before), at(1));
        assert_eq!(refused, Err(SetupLinkRefusal::FactorStays));
        assert_eq!(link.opens(&anew, Some(&vi), at(1)), Ok(anew.clone()));

        let ana = account("ana", Role::Engineer);
        let vouched = link.vouched(&ana, at(1)).expect("another duty");
        let machine = SetupLink::on_the_machine(SecretHash([4; 32]), email("vi"), role, at(0));
        for link in [vouched, machine] {
            for wanted in [&vi, &anew] {
                let opened = link.opens(wanted, Some(&before), at(1));
                assert_eq!(opened.as_ref(), Ok(wanted));
            }
        }
    }
}
