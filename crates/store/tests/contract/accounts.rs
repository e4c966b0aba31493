//! Accounts, their sessions and tokens, and the links that make them.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mainstay_access::{
    Account, ApiToken, ApiTokenWish, Duty, Means, PasswordHash, Permission, Role, SecondFactor,
    SecretHash, Session, SetupLink, TotpSecret,
};
use mainstay_store::sessions::SESSIONS_MAX;
use mainstay_store::{People, Store};

use super::fixture::{at, person, token};

fn hash(n: usize) -> SecretHash {
    SecretHash(token(n))
}

fn password(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${text}")).expect("a hash")
}

fn factor(step: i64) -> SecondFactor {
    SecondFactor::kept(TotpSecret::new([7; 20]), step)
}

pub fn account(name: &str, role: Role) -> Account {
    Account {
        email: person(name, Duty::Engineer).email,
        role,
        password: password("first"),
        second_factor: None,
        since: at(0),
        closed: None,
    }
}

fn invitation(n: usize, account: &Account, made: Timestamp) -> SetupLink {
    SetupLink::invitation(hash(n), account.email.clone(), account.role, made)
}

/// Makes this account by an invitation whose secret has the hash `n`.
async fn made(store: &dyn Store, n: usize, account: &Account) {
    let link = invitation(n, account, at(0));
    store.add_setup_link(&link).await.expect("new");
    let used = store.use_setup_link(&hash(n), account, at(0)).await;
    used.expect("it works");
}

async fn signed_in(store: &dyn Store, n: usize, account: &Account, now: Timestamp) {
    let session = Session::begin(hash(n), account.email.clone(), Means::Password, now);
    store.add_session(&session).await.expect("an open account");
}

async fn is_signed_in(store: &dyn Store, n: usize, now: Timestamp) -> bool {
    store
        .session(&hash(n), now)
        .await
        .expect("readable")
        .is_some()
}

pub async fn a_setup_link_makes_one_account(store: &dyn Store) {
    let kim = Account {
        second_factor: Some(factor(9)),
        ..account("kim", Role::Operations)
    };
    let first = SetupLink::first(hash(1), at(0));
    store.add_setup_link(&first).await.expect("new");
    let found = store.setup_link(&hash(1), at(59)).await.expect("readable");
    assert_eq!(found, Some(first));
    store
        .use_setup_link(&hash(1), &kim, at(59))
        .await
        .expect("it works");
    assert_eq!(
        store.account(&kim.email).await.expect("readable"),
        Some(kim.clone())
    );
    assert_eq!(
        store.setup_link(&hash(1), at(59)).await.expect("readable"),
        None
    );
    let again = store.use_setup_link(&hash(1), &kim, at(59)).await;
    assert_eq!(again.expect_err("it was used").id(), "store.not-found");
    made(store, 2, &account("ana", Role::Viewer)).await;
    let all = store.accounts().await.expect("readable");
    assert_eq!(all, [account("ana", Role::Viewer), kim]);
}

pub async fn a_first_link_works_only_before_the_first_account(store: &dyn Store) {
    for n in 1..3 {
        let link = SetupLink::first(hash(n), at(0));
        store.add_setup_link(&link).await.expect("new");
    }
    let kim = account("kim", Role::Operations);
    store
        .use_setup_link(&hash(1), &kim, at(1))
        .await
        .expect("it works");
    assert_eq!(
        store.setup_link(&hash(2), at(1)).await.expect("readable"),
        None
    );
    let eve = account("eve", Role::Operations);
    let late = store.use_setup_link(&hash(2), &eve, at(1)).await;
    assert_eq!(late.expect_err("Kim was first").id(), "store.not-found");
    assert_eq!(store.account(&eve.email).await.expect("readable"), None);
}

pub async fn a_setup_link_is_for_somebody_and_for_an_hour(store: &dyn Store) {
    let vi = account("vi", Role::Viewer);
    store
        .add_setup_link(&invitation(1, &vi, at(0)))
        .await
        .expect("new");
    let others = [
        account("eve", Role::Viewer),
        account("vi", Role::Operations),
    ];
    for other in others {
        let refused = store.use_setup_link(&hash(1), &other, at(1)).await;
        assert_eq!(refused.expect_err("not theirs").id(), "store.conflict");
    }
    assert_eq!(
        store.setup_link(&hash(1), at(60)).await.expect("readable"),
        None
    );
    let late = store.use_setup_link(&hash(1), &vi, at(60)).await;
    assert_eq!(late.expect_err("it is over").id(), "store.not-found");
    // What was refused used nothing up.
    store
        .use_setup_link(&hash(1), &vi, at(59))
        .await
        .expect("it works");
}

pub async fn an_address_has_one_role_however_it_comes_in(store: &dyn Store) {
    let sam = person("sam", Duty::ReleaseManager);
    store.add_person(&sam, token(90)).await.expect("new");
    let taken = "store.already-exists";
    for role in [Role::Engineer, Role::Viewer] {
        let link = invitation(1, &account("sam", role), at(0));
        let refused = store.add_setup_link(&link).await;
        assert_eq!(refused.expect_err("he approves").id(), taken, "{role}");
    }
    // A first link names nobody, so it is only seen when it is used.
    store
        .add_setup_link(&SetupLink::first(hash(2), at(0)))
        .await
        .expect("new");
    let as_operations = account("sam", Role::Operations);
    let refused = store.use_setup_link(&hash(2), &as_operations, at(1)).await;
    assert_eq!(refused.expect_err("he approves").id(), taken);
    made(store, 3, &account("sam", Role::ReleaseManager)).await;
    made(store, 4, &account("vi", Role::Viewer)).await;
    let refused = store
        .add_person(&person("vi", Duty::Engineer), token(91))
        .await;
    assert_eq!(refused.expect_err("she looks").id(), taken);
    made(store, 5, &account("ana", Role::Engineer)).await;
    let same = store
        .add_person(&person("ana", Duty::Engineer), token(92))
        .await;
    same.expect("the same duty");
}

pub async fn a_second_link_gives_new_credentials_and_ends_sessions(store: &dyn Store) {
    let kim = Account {
        second_factor: Some(factor(9)),
        ..account("kim", Role::Operations)
    };
    made(store, 1, &kim).await;
    signed_in(store, 10, &kim, at(1)).await;
    for n in 2..4 {
        store
            .add_setup_link(&invitation(n, &kim, at(2)))
            .await
            .expect("new");
    }
    let anew = Account {
        password: password("second"),
        since: at(3),
        ..account("kim", Role::Operations)
    };
    store
        .use_setup_link(&hash(2), &anew, at(3))
        .await
        .expect("it works");
    let found = store.account(&kim.email).await.expect("readable");
    let expected = Account {
        since: at(0),
        ..anew
    };
    assert_eq!(found, Some(expected));
    assert!(!is_signed_in(store, 10, at(3)).await);
    // The other invitation went with it.
    assert_eq!(
        store.setup_link(&hash(3), at(3)).await.expect("readable"),
        None
    );
}

pub async fn new_credentials_need_the_old_ones_and_end_sessions(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    made(store, 1, &kim).await;
    signed_in(store, 10, &kim, at(1)).await;
    let (old, new) = (password("first"), password("second"));
    let saved = store.save_password(&kim.email, &new, &old).await;
    assert_eq!(saved.expect_err("it was another").id(), "store.conflict");
    assert!(is_signed_in(store, 10, at(1)).await);
    store
        .save_password(&kim.email, &old, &new)
        .await
        .expect("as before");
    assert!(!is_signed_in(store, 10, at(1)).await);

    signed_in(store, 11, &kim, at(1)).await;
    let (none, one, later) = (None, Some(factor(5)), Some(factor(6)));
    for (before, after, good) in [
        (&one, &later, false),
        (&none, &one, true),
        (&none, &one, false),
        (&later, &none, false),
        (&one, &none, true),
    ] {
        let saved = store
            .save_second_factor(&kim.email, before.as_ref(), after.as_ref())
            .await;
        assert_eq!(
            saved.map_err(|refused| refused.id()).err(),
            (!good).then_some("store.conflict")
        );
    }
    assert!(!is_signed_in(store, 11, at(1)).await);
}

pub async fn a_session_is_found_until_it_is_over(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    made(store, 1, &kim).await;
    let session = Session::begin(hash(10), kim.email.clone(), Means::SetupLink, at(0));
    store.add_session(&session).await.expect("an open account");
    let found = store.session(&hash(10), at(59)).await.expect("readable");
    assert_eq!(found, Some((session, kim.clone())));
    assert!(!is_signed_in(store, 11, at(1)).await);
    assert!(!is_signed_in(store, 10, at(60)).await, "it was idle");
    for minute in [50, 40] {
        store
            .session_seen(&hash(10), at(minute))
            .await
            .expect("writable");
    }
    assert!(is_signed_in(store, 10, at(109)).await && !is_signed_in(store, 10, at(110)).await);
    store
        .session_seen(&hash(10), at(719))
        .await
        .expect("writable");
    assert!(is_signed_in(store, 10, at(719)).await && !is_signed_in(store, 10, at(720)).await);
    store.end_session(&hash(10)).await.expect("writable");
    store.end_session(&hash(10)).await.expect("nothing to end");
    store
        .session_seen(&hash(10), at(1))
        .await
        .expect("writable");
    assert!(!is_signed_in(store, 10, at(1)).await, "it came back");
}

pub async fn one_person_has_a_bounded_number_of_sessions(store: &dyn Store) {
    let (kim, vi) = (
        account("kim", Role::Operations),
        account("vi", Role::Viewer),
    );
    made(store, 1, &kim).await;
    made(store, 2, &vi).await;
    signed_in(store, 99, &vi, at(0)).await;
    let count = SESSIONS_MAX as usize + 3;
    for n in 0..count {
        let now = at(1) + SignedDuration::from_secs(n as i64);
        signed_in(store, 100 + n, &kim, now).await;
    }
    for n in 0..count {
        assert_eq!(is_signed_in(store, 100 + n, at(3)).await, n >= 3, "{n}");
    }
    assert!(is_signed_in(store, 99, at(3)).await);
    let nobody = Session::begin(
        hash(5),
        account("eve", Role::Viewer).email,
        Means::Password,
        at(0),
    );
    let refused = store.add_session(&nobody).await;
    assert_eq!(refused.expect_err("no account").id(), "store.not-found");
}

pub async fn a_code_is_used_once_and_in_its_session(store: &dyn Store) {
    let kim = Account {
        second_factor: Some(factor(5)),
        ..account("kim", Role::Operations)
    };
    made(store, 1, &kim).await;
    signed_in(store, 10, &kim, at(1)).await;
    signed_in(store, 11, &kim, at(1)).await;
    let other = SecondFactor::kept(TotpSecret::new([8; 20]), 6);
    for (n, factor, first) in [
        (10, factor(5), false),
        (12, factor(6), false),
        (10, other, false),
        (10, factor(6), true),
        (10, factor(6), false),
        (11, factor(6), false),
        (11, factor(4), false),
    ] {
        let shown = store.code_shown(&hash(n), &factor, at(2)).await;
        assert_eq!(
            shown.expect("writable"),
            first,
            "{n} at step {}",
            factor.step()
        );
    }
    for (n, when) in [(10, Some(at(2))), (11, None)] {
        let found = store.session(&hash(n), at(2)).await.expect("readable");
        let (session, account) = found.expect("it isn't over");
        assert_eq!(session.second_factor, when, "{n}");
        assert_eq!(account.second_factor, Some(factor(6)));
    }
}

fn api_token(n: usize, account: &Account, name: &str) -> ApiToken {
    let wish = ApiTokenWish {
        name: name.to_owned(),
        scope: BTreeSet::from([Permission::Read, Permission::StartRollout]),
        expires: at(30),
    };
    ApiToken::make(wish, account, hash(n), at(n as i64 % 10)).expect("a good wish")
}

pub async fn a_token_is_found_while_it_is_good(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    made(store, 1, &kim).await;
    let (old, new) = (api_token(20, &kim, "ci"), api_token(21, &kim, "monitor"));
    for token in [&old, &new] {
        store.add_api_token(token).await.expect("new");
    }
    let found = store.api_token(&hash(20), at(29)).await.expect("readable");
    assert_eq!(found, Some((old.clone(), kim.clone())));
    let taken = store.add_api_token(&api_token(22, &kim, "ci")).await;
    assert_eq!(
        taken.expect_err("the name is taken").id(),
        "store.already-exists"
    );
    for (n, now) in [(20, 30), (22, 29)] {
        let found = store.api_token(&hash(n), at(now)).await.expect("readable");
        assert_eq!(found, None, "{n} in minute {now}");
    }
    store
        .revoke_api_token(&kim.email, "ci", at(5))
        .await
        .expect("it is good");
    assert_eq!(
        store.api_token(&hash(20), at(5)).await.expect("readable"),
        None
    );
    let again = store.revoke_api_token(&kim.email, "ci", at(6)).await;
    assert_eq!(again.expect_err("it was revoked").id(), "store.not-found");
    let revoked = ApiToken {
        revoked: Some(at(5)),
        ..old
    };
    let all = store.api_tokens_of(&kim.email).await.expect("readable");
    assert_eq!(all, [new, revoked]);
    let renewed = store.add_api_token(&api_token(23, &kim, "ci")).await;
    renewed.expect("the name is free again");
}

pub async fn a_closed_account_lets_nobody_in(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    let by_token = person("kim", Duty::Operations);
    store.add_person(&by_token, token(90)).await.expect("new");
    made(store, 1, &kim).await;
    signed_in(store, 10, &kim, at(1)).await;
    store
        .add_api_token(&api_token(20, &kim, "ci"))
        .await
        .expect("new");
    store
        .add_setup_link(&invitation(2, &kim, at(1)))
        .await
        .expect("new");
    let person = People::by_token_hash(store, &token(90))
        .await
        .expect("readable");
    assert_eq!(person, Some(by_token));

    store
        .close_account(&kim.email, at(2))
        .await
        .expect("it is open");
    assert!(!is_signed_in(store, 10, at(2)).await);
    assert_eq!(
        store.api_token(&hash(20), at(2)).await.expect("readable"),
        None
    );
    let person = People::by_token_hash(store, &token(90))
        .await
        .expect("readable");
    assert_eq!(person, None);
    let back = store.use_setup_link(&hash(2), &kim, at(2)).await;
    assert_eq!(back.expect_err("it is closed").id(), "store.already-exists");
    let session = Session::begin(hash(11), kim.email.clone(), Means::Password, at(2));
    let refusals = [
        store.add_session(&session).await,
        store.add_api_token(&api_token(21, &kim, "ci")).await,
        store.close_account(&kim.email, at(3)).await,
    ];
    for refused in refusals {
        assert_eq!(refused.expect_err("it is closed").id(), "store.not-found");
    }
    let found = store.account(&kim.email).await.expect("readable");
    assert_eq!(found.and_then(|account| account.closed), Some(at(2)));
    let tokens = store.api_tokens_of(&kim.email).await.expect("readable");
    assert_eq!(tokens.first().and_then(|token| token.revoked), Some(at(2)));
}
