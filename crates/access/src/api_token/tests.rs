//! Wishes that are granted and refused, and what tokens are good for.

use super::*;
use crate::password_hash::PasswordHash;

fn at(days: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days)
}

fn account(role: Role) -> Account {
    Account {
        email: Email::new("kim@northwind.example").expect("an address"),
        role,
        password: PasswordHash::new("$argon2id$x".to_owned()).expect("a hash"),
        second_factor: None,
        since: at(0),
        closed: None,
    }
}

fn wish(scope: &[Permission], days: i64) -> ApiTokenWish {
    ApiTokenWish {
        name: "nightly build".to_owned(),
        scope: scope.iter().copied().collect(),
        expires: at(days),
    }
}

fn made(role: Role, wish: ApiTokenWish) -> Result<ApiToken, Vec<&'static str>> {
    let made = ApiToken::make(wish, &account(role), SecretHash([1; 32]), at(10));
    made.map_err(|flaws| flaws.iter().map(ApiTokenFlaw::id).collect())
}

#[test]
fn a_wish_is_granted_within_a_year_and_ones_own_permissions() {
    use Permission::{ApproveRelease, Read, StartRollout};
    let cases: [(&[Permission], i64, &[&str]); 7] = [
        (&[Read, StartRollout], 11, &[]),
        (&[Read], 375, &[]),
        (&[Read], 376, &["access.token-too-long"]),
        (&[Read], 10, &["access.token-expired"]),
        (&[Read], 9, &["access.token-expired"]),
        (&[], 11, &["access.token-scope-empty"]),
        (
            &[ApproveRelease, Read],
            999,
            &["access.token-scope-beyond", "access.token-too-long"],
        ),
    ];
    for (scope, days, expected) in cases {
        let found = made(Role::Operations, wish(scope, days))
            .err()
            .unwrap_or_default();
        assert_eq!(found, expected, "{scope:?} for {days} days");
    }
}

#[test]
fn a_name_is_a_line_that_can_be_read() {
    for (name, good) in [
        ("ci", true),
        (&*"é".repeat(64), true),
        (&*"é".repeat(65), false),
        ("", false),
        ("  ", false),
        ("two\nlines", false),
    ] {
        let wish = ApiTokenWish {
            name: name.to_owned(),
            ..wish(&[Permission::Read], 11)
        };
        assert_eq!(made(Role::Viewer, wish).is_ok(), good, "{name:?}");
    }
}

/// Of every role and every permission: a token can only be made, and used, for what its owner may.
#[test]
fn no_token_does_more_than_its_owner() {
    for role in Role::ALL {
        for wanted in Permission::ALL {
            let token = made(role, wish(&[wanted], 11));
            let grants = wanted.is_for(role) && !wanted.needs_a_session();
            assert_eq!(token.is_ok(), grants, "{role} {wanted:?}");
            let Ok(token) = token else { continue };
            for used_for in Permission::ALL {
                let used = token.may(role, used_for).is_ok();
                assert_eq!(used, used_for == wanted, "{role} {wanted:?} {used_for:?}");
            }
            for other in Role::ALL {
                let used = token.may(other, wanted).is_ok();
                assert_eq!(used, wanted.is_for(other), "made by {role}, now {other}");
            }
        }
    }
}

/// An invitation outlives the token that made it and does all that its role may, so none is made by a token: not by a wish, and
/// not by a scope that a database holds from elsewhere.
#[test]
fn no_token_invites_people() {
    for wanted in [Permission::ManagePeople, Permission::VouchForPeople] {
        let refused = made(Role::Operations, wish(&[Permission::Read, wanted], 11));
        assert_eq!(refused.err(), Some(vec!["access.token-scope-people"]));
        let good = made(Role::Operations, wish(&[Permission::Read], 11)).expect("a good wish");
        let planted = ApiToken {
            scope: Scope([wanted].into()),
            ..good
        };
        let used = planted.may(Role::Operations, wanted);
        let refused = used.expect_err("it isn't for tokens");
        assert_eq!(refused.id(), "access.token-scope-people", "{wanted:?}");
    }
}

#[test]
fn a_denial_names_the_token_or_the_owner() {
    let token = made(Role::Operations, wish(&[Permission::Read], 11)).expect("a good wish");
    let denied = |wanted| {
        token
            .may(Role::Operations, wanted)
            .expect_err("not in scope")
    };
    let narrow = denied(Permission::StartRollout);
    assert_eq!(
        (narrow.id(), narrow.cure().as_str()),
        (
            "access.token-scope",
            "make a token whose scope includes start-rollout",
        )
    );
    assert_eq!(denied(Permission::ApproveRelease).id(), "access.denied");
}

#[test]
fn it_is_good_until_it_expires_or_is_revoked() {
    let token = made(Role::Viewer, wish(&[Permission::Read], 11)).expect("a good wish");
    let almost = at(11) - SignedDuration::from_nanos(1);
    assert!(token.is_good(almost) && !token.is_good(at(11)));
    let revoked = ApiToken {
        revoked: Some(at(10)),
        ..token
    };
    assert!(!revoked.is_good(at(10)));
}

#[test]
fn a_scope_is_stored_as_ids() {
    let token = made(
        Role::Operations,
        wish(&[Permission::QuitOrder, Permission::Read], 11),
    );
    let scope = token.expect("a good wish").scope;
    let ids: Vec<&str> = scope.permissions().map(Permission::id).collect();
    assert_eq!(ids, ["read", "quit-order"]);
}
