//! Certificates that are issued to devices, and revoked one by one or all of a device's at once.

use jiff::{SignedDuration, Timestamp};
use mainstay_access::Duty;
use mainstay_access::issued::ISSUED_A_DAY_MAX;
use mainstay_store::{
    IssueFailure, IssuedCertificate, Revocation, RevokedCertificate, Store, StoreError,
};

use super::fixture::{at, id, person, register, token};

/// What is tried so often was no luck.
const ROUNDS: usize = 8;

const DAY: i64 = 24 * 60;

/// The `n`th certificate, given to this device so many minutes into the story, and good for thirty days.
pub fn issued(n: usize, device: usize, minutes: i64) -> IssuedCertificate {
    IssuedCertificate {
        fingerprint: token(n),
        device: id(device),
        serial: vec![0x7f, 0, 1],
        at: at(minutes),
        ends: at(minutes + 30 * DAY),
        asked_with: None,
    }
}

/// The same, asked for with another one.
pub fn renewed(n: usize, device: usize, minutes: i64, asked_with: usize) -> IssuedCertificate {
    IssuedCertificate {
        asked_with: Some(token(asked_with)),
        ..issued(n, device, minutes)
    }
}

fn stolen(minutes: i64) -> Revocation {
    Revocation {
        at: at(minutes),
        by: person("kim", Duty::Operations).email,
        why: "it was stolen".to_owned(),
    }
}

fn revoked(n: usize, minutes: i64) -> RevokedCertificate {
    let Revocation { at, by, why } = stolen(minutes);
    RevokedCertificate {
        fingerprint: token(n),
        at,
        by,
        why,
    }
}

async fn note(store: &dyn Store, issued: &IssuedCertificate) -> Result<(), String> {
    store
        .note_issued(issued)
        .await
        .map_err(|failure| match failure {
            IssueFailure::TooMany(refused) => format!("until {}", refused.until),
            IssueFailure::Revoked => "revoked".to_owned(),
            IssueFailure::Store(error) => error.id().to_owned(),
        })
}

async fn revoke_all(
    store: &dyn Store,
    device: usize,
    minutes: i64,
) -> Result<Vec<RevokedCertificate>, StoreError> {
    store.revoke_issued_to(&id(device), &stolen(minutes)).await
}

pub async fn what_was_issued_is_listed_with_its_revocation(store: &dyn Store) {
    register(store, 2).await;
    let (first, second) = (issued(11, 1, 1), renewed(12, 1, 2, 11));
    for one in [&first, &second, &issued(13, 0, 3)] {
        assert_eq!(note(store, one).await, Ok(()));
    }
    let again = note(store, &first).await;
    assert_eq!(again, Err("store.already-exists".to_owned()));
    let nobodys = note(store, &issued(14, 7, 4)).await;
    assert_eq!(nobodys, Err("store.not-found".to_owned()));
    store
        .revoke_certificate(&revoked(11, 5))
        .await
        .expect("new");
    let listed = store.issued_to(&id(1)).await.expect("readable");
    assert_eq!(listed, [(second, None), (first, Some(revoked(11, 5)))]);
    assert_eq!(store.issued_to(&id(7)).await.expect("readable"), []);
}

pub async fn all_certificates_of_a_device_are_revoked_at_once(store: &dyn Store) {
    register(store, 2).await;
    let over = IssuedCertificate {
        ends: at(9),
        ..issued(14, 1, 0)
    };
    for one in [
        &issued(11, 1, 1),
        &issued(12, 1, 2),
        &issued(13, 0, 3),
        &over,
    ] {
        assert_eq!(note(store, one).await, Ok(()));
    }
    store
        .revoke_certificate(&revoked(12, 5))
        .await
        .expect("new");
    let all = revoke_all(store, 1, 10).await.expect("it is registered");
    assert_eq!(
        all,
        [revoked(11, 10), revoked(14, 10)],
        "none twice, and also what is over by a clock that may be ahead"
    );
    let none = revoke_all(store, 1, 11).await.expect("it is registered");
    assert_eq!(none, []);
    let of = store.is_revoked(&token(13)).await.expect("readable");
    assert!(!of, "another device's");
    let unknown = revoke_all(store, 7, 12).await.expect_err("nobody");
    assert_eq!(unknown.id(), "store.not-found");
    let known = store
        .revoked_certificates_after(None, 9)
        .await
        .expect("readable");
    assert_eq!(known, [revoked(11, 10), revoked(14, 10), revoked(12, 5)]);
}

pub async fn nobody_is_given_too_many_or_any_for_a_revoked_one(store: &dyn Store) {
    register(store, 2).await;
    for n in 0..ISSUED_A_DAY_MAX {
        let minutes = i64::try_from(n).expect("a small number");
        assert_eq!(note(store, &issued(20 + n, 1, minutes)).await, Ok(()));
    }
    let until = format!("until {}", at(DAY));
    assert_eq!(note(store, &issued(31, 1, 60)).await, Err(until));
    assert_eq!(note(store, &issued(31, 0, 60)).await, Ok(()), "another one");
    assert_eq!(note(store, &issued(32, 1, DAY)).await, Ok(()));
    let shown = renewed(33, 1, 3 * DAY, 32);
    store
        .revoke_certificate(&revoked(32, 7))
        .await
        .expect("new");
    assert_eq!(note(store, &shown).await, Err("revoked".to_owned()));
    let listed = store.issued_to(&id(1)).await.expect("readable");
    assert_eq!(listed.len(), ISSUED_A_DAY_MAX + 1);
}

pub async fn what_ended_long_ago_is_forgotten_with_the_next_one(store: &dyn Store) {
    register(store, 2).await;
    for one in [issued(11, 1, 0), issued(12, 1, 60 * DAY), issued(13, 0, 0)] {
        assert_eq!(note(store, &one).await, Ok(()));
    }
    assert_eq!(note(store, &issued(14, 1, 440 * DAY)).await, Ok(()));
    let left = async |device| {
        let listed = store.issued_to(&id(device)).await.expect("readable");
        let fingerprints = listed.into_iter().map(|(one, _)| one.fingerprint);
        fingerprints.collect::<Vec<_>>()
    };
    assert_eq!(left(1).await, [token(14), token(12)]);
    assert_eq!(left(0).await, [token(13)]);
}

/// Somebody renews by what they stole while people revoke all of the device's: the renewal is revoked with the others, or isn't there.
pub async fn no_renewal_slips_through_a_revocation_of_all(a: &dyn Store, b: &dyn Store) {
    register(a, ROUNDS).await;
    for round in 0..ROUNDS {
        let (old, new) = (100 + 2 * round, 101 + 2 * round);
        assert_eq!(note(a, &issued(old, round, 1)).await, Ok(()));
        let renewal = renewed(new, round, 2, old);
        let (given, all) = tokio::join!(note(a, &renewal), revoke_all(b, round, 3));
        let all = all.expect("it is registered");
        let is_revoked = b.is_revoked(&token(new)).await.expect("readable");
        assert_eq!(
            given.is_ok(),
            is_revoked,
            "round {round}: {given:?} {all:?}"
        );
        assert_eq!(all.len(), 1 + usize::from(is_revoked), "round {round}");
    }
}

pub async fn one_of_two_servers_gives_the_last_one_of_a_day(a: &dyn Store, b: &dyn Store) {
    register(a, ROUNDS).await;
    let soon: Timestamp = at(0) + SignedDuration::from_secs(30);
    for round in 0..ROUNDS {
        let first = 1000 + 100 * round;
        for n in 1..ISSUED_A_DAY_MAX {
            assert_eq!(note(a, &issued(first + n, round, 0)).await, Ok(()));
        }
        let last = |n| IssuedCertificate {
            at: soon,
            ..issued(first + n, round, 0)
        };
        let (one, other) = (last(50), last(51));
        let (one, other) = tokio::join!(note(a, &one), note(b, &other));
        assert!(
            one.is_ok() != other.is_ok(),
            "round {round}: {one:?} {other:?}"
        );
    }
}
