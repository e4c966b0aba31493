//! Two servers that are asked at the same moment who may come in: what can be had once is had once, and what was taken back stays so.

use jiff::Timestamp;
use mainstay_access::{Account, CodeRefusal, Duty, Means, Role, SecretHash, Session, SetupLink};
use mainstay_store::{Store, StoreError};

use super::accounts::{account, factor, hash, invitation, is_signed_in, made, password, signed_in};
use super::fixture::{at, person, token};
use super::races::one_of_two;
use super::sessions::api_token;

/// What is tried so often was no luck.
const ROUNDS: usize = 8;

/// The code of RFC 6238, appendix B, at 59 seconds, and one of another moment.
pub const CODE: &str = "287082";
const WRONG: &str = "081804";

fn now() -> Timestamp {
    Timestamp::from_second(59).expect("a constant")
}

/// Somebody whose account asks for codes, with so many sessions from `first` on in which one is missing.
pub async fn with_codes(store: &dyn Store, round: usize, first: usize, sessions: usize) {
    let kim = Account {
        second_factor: Some(factor(0)),
        ..account(&format!("kim-{round}"), Role::Operations)
    };
    made(store, first + 90, &kim).await;
    for n in 0..sessions {
        signed_in(store, first + n, &kim, now()).await;
    }
}

pub async fn shown(store: &dyn Store, n: usize, code: &str) -> Result<(), CodeRefusal> {
    let shown = store.show_code(&hash(n), code, &hash(n + 50), now()).await;
    shown.expect("it asks for a code")
}

pub async fn used(
    store: &dyn Store,
    link: SecretHash,
    account: &Account,
) -> Result<(), StoreError> {
    store.use_setup_link(&link, account, at(1)).await
}

pub async fn one_of_two_uses_a_setup_link(a: &dyn Store, b: &dyn Store) {
    for round in 0..ROUNDS {
        let kim = account(&format!("kim-{round}"), Role::Operations);
        let link = invitation(round, &kim, at(0));
        a.add_setup_link(&link, None).await.expect("new");
        let outcomes = tokio::join!(used(a, link.hash, &kim), used(b, link.hash, &kim));
        assert_eq!(one_of_two(outcomes), "store.not-found", "round {round}");
        assert_eq!(b.accounts().await.expect("readable").len(), round + 1);
    }
}

pub async fn one_of_two_first_links_makes_an_account(a: &dyn Store, b: &dyn Store) {
    for n in 1..3 {
        let link = SetupLink::first(hash(n), at(0));
        a.add_setup_link(&link, None).await.expect("new");
    }
    let (kim, eve) = (
        account("kim", Role::Operations),
        account("eve", Role::Operations),
    );
    let outcomes = tokio::join!(used(a, hash(1), &kim), used(b, hash(2), &eve));
    assert_eq!(one_of_two(outcomes), "store.not-found");
    assert_eq!(b.accounts().await.expect("readable").len(), 1);
}

pub async fn one_of_two_uses_a_code(a: &dyn Store, b: &dyn Store) {
    for round in 0..ROUNDS {
        let first = 100 * round;
        with_codes(a, round, first, 2).await;
        let outcomes = tokio::join!(shown(a, first, CODE), shown(b, first + 1, CODE));
        assert!(
            matches!(
                outcomes,
                (Ok(()), Err(CodeRefusal::Used)) | (Err(CodeRefusal::Used), Ok(()))
            ),
            "round {round}: {outcomes:?}"
        );
    }
}

/// Of two at once none is forgotten: with the fifth the session is over.
pub async fn every_wrong_code_is_counted(a: &dyn Store, b: &dyn Store) {
    for round in 0..ROUNDS {
        let n = 100 * round;
        with_codes(a, round, n, 1).await;
        for _ in 0..2 {
            let outcomes = tokio::join!(shown(a, n, WRONG), shown(b, n, WRONG));
            let wrong = Err(CodeRefusal::Wrong);
            assert_eq!(outcomes, (wrong, wrong), "round {round}");
        }
        assert!(is_signed_in(b, n, now()).await, "round {round}");
        assert_eq!(shown(b, n, WRONG).await, Err(CodeRefusal::Wrong));
        assert!(!is_signed_in(a, n, now()).await, "round {round}");
    }
}

pub async fn an_address_gets_one_of_two_roles(a: &dyn Store, b: &dyn Store) {
    for round in 0..ROUNDS {
        let name = format!("sam-{round}");
        let engineer = account(&name, Role::Engineer);
        let link = invitation(round, &engineer, at(0));
        a.add_setup_link(&link, None).await.expect("new");
        let approves = person(&name, Duty::ReleaseManager);
        let outcomes = tokio::join!(
            a.add_person(&approves, token(1000 + round)),
            used(b, link.hash, &engineer)
        );
        assert_eq!(one_of_two(outcomes), "store.already-exists");
    }
}

pub async fn the_last_of_operations_stays(a: &dyn Store, b: &dyn Store) {
    let mut stays = account("kim-0", Role::Operations);
    made(a, 0, &stays).await;
    for round in 1..=ROUNDS {
        let other = account(&format!("kim-{round}"), Role::Operations);
        made(a, round, &other).await;
        let outcomes = tokio::join!(
            a.close_account(&stays.email, at(1)),
            b.close_account(&other.email, at(1))
        );
        let other_stays = outcomes.0.is_ok();
        assert_eq!(one_of_two(outcomes), "access.last-of-operations");
        if other_stays {
            stays = other;
        }
    }
}

/// A thief has Kim's session and password, and makes with them what would outlast them, while a new link gives the account back.
pub async fn what_begins_while_an_account_is_taken_back_goes_with_it(a: &dyn Store, b: &dyn Store) {
    for round in 0..ROUNDS {
        let first = 100 * round;
        let kim = account(&format!("kim-{round}"), Role::Operations);
        let eve = account(&format!("eve-{round}"), Role::Viewer);
        made(a, first, &kim).await;
        signed_in(a, first + 1, &kim, at(1)).await;
        let back = invitation(first + 2, &kim, at(1));
        a.add_setup_link(&back, None).await.expect("new");
        let anew = Account {
            password: password("second"),
            ..kim.clone()
        };
        let (stolen, planted) = (hash(first + 1), api_token(first + 3, &kim, "ci"));
        let link = SetupLink::invitation(hash(first + 4), eve.email, eve.role, &kim, at(1));
        let link = link.expect("operations may");
        let session = Session::begin(hash(first + 5), kim.email.clone(), Means::Password, at(1));
        // Whether these come first or too late is all the same.
        let (given_back, _, _, _) = tokio::join!(
            used(a, back.hash, &anew),
            b.add_api_token(&planted, &stolen),
            b.add_setup_link(&link, Some(&stolen)),
            b.add_session(&session, &kim.password)
        );
        given_back.expect("it works");
        let found = a.api_token(&planted.hash, at(4)).await.expect("readable");
        assert_eq!(found, None, "round {round}");
        let found = a.setup_link(&link.hash, at(2)).await.expect("readable");
        assert_eq!(found, None, "round {round}");
        assert!(!is_signed_in(b, first + 5, at(2)).await, "round {round}");
        assert!(!is_signed_in(b, first + 1, at(2)).await, "round {round}");
    }
}
