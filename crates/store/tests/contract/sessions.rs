//! What an account is used by: sessions, codes and tokens, up to its end.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mainstay_access::{Account, ApiToken, ApiTokenWish, Duty, Means, Permission, Role, Session};
use mainstay_store::sessions::SESSIONS_MAX;
use mainstay_store::{API_TOKENS_MAX, People, Store};

use super::accounts::{account, factor, hash, invitation, is_signed_in, made, password, signed_in};
use super::fixture::{at, person, token};

pub async fn a_session_is_found_until_it_is_over(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    made(store, 1, &kim).await;
    let session = Session::begin(hash(10), kim.email.clone(), Means::SetupLink, at(0));
    let added = store.add_session(&session, &kim.password).await;
    added.expect("an open account");
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

pub async fn who_has_sessions_sees_them_the_newest_first(store: &dyn Store) {
    let (kim, vi) = (
        account("kim", Role::Operations),
        account("vi", Role::Viewer),
    );
    made(store, 1, &kim).await;
    made(store, 2, &vi).await;
    for (n, who, minute) in [(10, &kim, 0), (11, &kim, 30), (12, &vi, 30)] {
        signed_in(store, n, who, at(minute)).await;
    }
    let seen = async |minute| {
        let found = store.sessions_of(&kim.email, at(minute)).await;
        let found = found.expect("readable");
        assert!(found.iter().all(|session| session.who == kim.email));
        found.iter().map(|session| session.hash).collect::<Vec<_>>()
    };
    assert_eq!(seen(31).await, [hash(11), hash(10)]);
    assert_eq!(seen(60).await, [hash(11)], "the other one was idle");
    store.end_session(&hash(11)).await.expect("writable");
    assert!(seen(31).await == [hash(10)]);
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
    // A clock that was set back makes the newest the oldest: it stays all the same.
    signed_in(store, 98, &kim, at(0)).await;
    assert!(is_signed_in(store, 98, at(3)).await);
    let eve = account("eve", Role::Viewer);
    let nobody = Session::begin(hash(5), eve.email, Means::Password, at(0));
    let refused = store.add_session(&nobody, &eve.password).await;
    assert_eq!(refused.expect_err("no account").id(), "store.not-found");
}

pub fn api_token(n: usize, account: &Account, name: &str) -> ApiToken {
    let wish = ApiTokenWish {
        name: name.to_owned(),
        scope: BTreeSet::from([Permission::Read, Permission::StartRollout]),
        expires: at(30),
    };
    ApiToken::make(wish, account, hash(n), at(n as i64 % 10)).expect("a good wish")
}

/// Until the last moment a token asks for a session that is whole and its owner's.
pub async fn a_token_is_made_in_a_whole_session_of_its_owner(store: &dyn Store) {
    let kim = Account {
        second_factor: Some(factor(5)),
        ..account("kim", Role::Operations)
    };
    let ole = account("ole", Role::Operations);
    made(store, 1, &kim).await;
    made(store, 2, &ole).await;
    signed_in(store, 10, &kim, at(1)).await;
    signed_in(store, 11, &ole, at(1)).await;
    for (n, owner, session) in [(21, &kim, 10), (21, &kim, 11), (21, &ole, 12)] {
        let token = api_token(n, owner, "ci");
        let refused = store.add_api_token(&token, &hash(session)).await;
        let refused = refused.expect_err("not such a session");
        assert_eq!(refused.id(), "store.conflict", "{session}");
    }
    let mine = api_token(21, &ole, "ci");
    let added = store.add_api_token(&mine, &hash(11)).await;
    added.expect("whole, and his");
    // A new password ends the session: what was on its way comes too late.
    let (old, new) = (&ole.password, password("second"));
    let saved = store.save_password(&ole.email, old, &new).await;
    saved.expect("as before");
    let late = store
        .add_api_token(&api_token(22, &ole, "late"), &hash(11))
        .await;
    assert_eq!(late.expect_err("it has ended").id(), "store.conflict");
}

/// The password was right when it was compared, and is another when that is answered.
pub async fn a_session_begins_only_by_the_password_of_now(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    made(store, 1, &kim).await;
    let (old, new) = (password("first"), password("second"));
    let saved = store.save_password(&kim.email, &old, &new).await;
    saved.expect("as before");
    let session = Session::begin(hash(10), kim.email.clone(), Means::Password, at(1));
    let late = store.add_session(&session, &old).await;
    assert_eq!(late.expect_err("it was changed").id(), "store.conflict");
    assert!(!is_signed_in(store, 10, at(1)).await);
    store
        .add_session(&session, &new)
        .await
        .expect("that of now");
    assert!(is_signed_in(store, 10, at(1)).await);
}

pub async fn a_token_is_found_while_it_is_good(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    made(store, 1, &kim).await;
    let (old, new) = (api_token(20, &kim, "ci"), api_token(21, &kim, "monitor"));
    signed_in(store, 10, &kim, at(0)).await;
    for token in [&old, &new] {
        let added = store.add_api_token(token, &hash(10)).await;
        added.expect("new");
    }
    let found = store.api_token(&hash(20), at(29)).await.expect("readable");
    assert_eq!(found, Some((old.clone(), kim.clone())));
    let taken = store
        .add_api_token(&api_token(22, &kim, "ci"), &hash(10))
        .await;
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
    let renewed = store
        .add_api_token(&api_token(23, &kim, "ci"), &hash(10))
        .await;
    renewed.expect("the name is free again");
}

/// Nobody has more good tokens than they can look through; one that is revoked makes room.
pub async fn one_person_has_a_bounded_number_of_tokens(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    made(store, 1, &kim).await;
    signed_in(store, 10, &kim, at(0)).await;
    let add = async |n: usize| {
        let token = ApiToken {
            made: at(1),
            ..api_token(n, &kim, &format!("job {n}"))
        };
        store.add_api_token(&token, &hash(10)).await
    };
    let max = usize::try_from(API_TOKENS_MAX).expect("a small number");
    for n in 0..max {
        add(100 + n).await.expect("there is room");
    }
    let refused = add(99).await.expect_err("they are enough");
    assert_eq!(refused.id(), "store.conflict");
    let revoked = store.revoke_api_token(&kim.email, "job 149", at(2)).await;
    revoked.expect("it is good");
    add(98).await.expect("there is room again");
    let all = store.api_tokens_of(&kim.email).await.expect("readable");
    assert_eq!(all.len(), max + 1);
    let last = all.last().map(|token| token.name.as_str());
    assert_eq!(last, Some("job 149"), "what is good comes first");
}

pub async fn who_is_shut_out_has_an_open_account(store: &dyn Store) {
    let vi = account("vi", Role::Viewer);
    made(store, 1, &vi).await;
    store.shut_out(&vi.email, at(1)).await.expect("it is open");
    store
        .close_account(&vi.email, at(1))
        .await
        .expect("as before");
    for nobody in [&vi, &account("mo", Role::Viewer)] {
        let refused = store.shut_out(&nobody.email, at(2)).await;
        assert_eq!(refused.expect_err("nobody's").id(), "store.not-found");
    }
}

pub async fn a_closed_account_lets_nobody_in(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    let by_token = person("kim", Duty::Operations);
    store.add_person(&by_token, token(90)).await.expect("new");
    made(store, 1, &kim).await;
    let last = store.close_account(&kim.email, at(0)).await;
    let last = last.expect_err("nobody else invites people");
    assert_eq!(last.id(), "access.last-of-operations");
    made(store, 3, &account("ole", Role::Operations)).await;
    signed_in(store, 10, &kim, at(1)).await;
    store
        .add_api_token(&api_token(20, &kim, "ci"), &hash(10))
        .await
        .expect("new");
    store
        .add_setup_link(&invitation(2, &kim, at(1)), None)
        .await
        .expect("new");
    let person = People::by_token_hash(store, &token(90))
        .await
        .expect("readable");
    assert_eq!(person, Some(by_token));

    let closed = store.close_account(&kim.email, at(2)).await;
    closed.expect("it is open");
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
    assert_eq!(back.expect_err("it was forgotten").id(), "store.not-found");
    let session = Session::begin(hash(11), kim.email.clone(), Means::Password, at(2));
    let late = api_token(21, &kim, "ci");
    let refusals = [
        (
            store.add_session(&session, &kim.password).await,
            "store.not-found",
        ),
        (
            store.add_api_token(&late, &hash(10)).await,
            "store.conflict",
        ),
        (
            store.close_account(&kim.email, at(3)).await,
            "store.not-found",
        ),
    ];
    for (refused, id) in refusals {
        assert_eq!(refused.expect_err("it is closed").id(), id);
    }
    let found = store.account(&kim.email).await.expect("readable");
    assert_eq!(found.and_then(|account| account.closed), Some(at(2)));
    let tokens = store.api_tokens_of(&kim.email).await.expect("readable");
    assert_eq!(tokens.first().and_then(|token| token.revoked), Some(at(2)));
}

/// A token that nothing would ever find isn't handed out.
pub async fn a_closed_account_becomes_no_person(store: &dyn Store) {
    let ana = account("ana", Role::Engineer);
    made(store, 1, &ana).await;
    let closed = store.close_account(&ana.email, at(1)).await;
    closed.expect("it is open");
    let late = person("ana", Duty::Engineer);
    let refused = store.add_person(&late, token(90)).await;
    assert_eq!(
        refused.expect_err("it is closed").id(),
        "store.already-exists"
    );
}
