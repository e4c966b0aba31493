//! Accounts, what they are opened by, and the links that make them.

use jiff::Timestamp;
use mainstay_access::{
    Account, Duty, Means, PasswordHash, Role, SecondFactor, SecretHash, Session, SetupLink,
    TotpSecret,
};
use mainstay_store::Store;

use super::fixture::{at, person, token};

pub fn hash(n: usize) -> SecretHash {
    SecretHash(token(n))
}

pub fn password(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${text}")).expect("a hash")
}

/// A second factor with the secret of RFC 6238, appendix B, which says some of its codes.
pub fn factor(step: i64) -> SecondFactor {
    SecondFactor::kept(TotpSecret::new(*b"12345678901234567890"), step)
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

pub fn invitation(n: usize, account: &Account, made: Timestamp) -> SetupLink {
    SetupLink::on_the_machine(hash(n), account.email.clone(), account.role, made)
}

/// Makes this account by an invitation whose secret has the hash `n`.
pub async fn made(store: &dyn Store, n: usize, account: &Account) {
    let link = invitation(n, account, at(0));
    store.add_setup_link(&link, None).await.expect("new");
    let used = store.use_setup_link(&hash(n), account, at(0)).await;
    used.expect("it works");
}

pub async fn signed_in(store: &dyn Store, n: usize, account: &Account, now: Timestamp) {
    let session = Session::begin(hash(n), account.email.clone(), Means::Password, now);
    let added = store.add_session(&session, &account.password).await;
    added.expect("an open account");
}

pub async fn is_signed_in(store: &dyn Store, n: usize, now: Timestamp) -> bool {
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
    store.add_setup_link(&first, None).await.expect("new");
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
    let newest = async |now| store.first_setup_link(at(now)).await.expect("readable");
    assert_eq!(newest(0).await, None);
    for n in 1..3 {
        let link = SetupLink::first(hash(n), at(n as i64 - 2));
        store.add_setup_link(&link, None).await.expect("new");
    }
    assert_eq!(newest(59).await, Some(SetupLink::first(hash(2), at(0))));
    assert_eq!(newest(60).await, None);
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
    assert_eq!(newest(1).await, None);
}

pub async fn a_setup_link_is_for_somebody_and_for_an_hour(store: &dyn Store) {
    let vi = account("vi", Role::Viewer);
    store
        .add_setup_link(&invitation(1, &vi, at(0)), None)
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
        let refused = store.add_setup_link(&link, None).await;
        assert_eq!(refused.expect_err("he approves").id(), taken, "{role}");
    }
    // A first link names nobody, so it is only seen when it is used.
    store
        .add_setup_link(&SetupLink::first(hash(2), at(0)), None)
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
            .add_setup_link(&invitation(n, &kim, at(2)), None)
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

    let kim = Account {
        password: new,
        ..kim
    };
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
            .save_second_factor(&kim.email, &kim.password, before.as_ref(), after.as_ref())
            .await;
        assert_eq!(
            saved.map_err(|refused| refused.id()).err(),
            (!good).then_some("store.conflict")
        );
    }
    assert!(!is_signed_in(store, 11, at(1)).await);
    // The password was right when it was compared, and is another by now.
    let late = store.save_second_factor(&kim.email, &old, None, one.as_ref());
    assert_eq!(late.await.expect_err("it was").id(), "store.conflict");
    let found = store.account(&kim.email).await.expect("readable");
    assert_eq!(found.and_then(|kim| kim.second_factor), None);
}

/// Whoever had the password may have made links with it, or for it.
pub async fn links_go_with_the_password_they_were_made_by(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    let (old, new) = (password("first"), password("second"));
    made(store, 1, &kim).await;
    let vi = account("vi", Role::Viewer);
    let (mut n, mut kept) = (10, kim.clone());
    for changes_the_password in [true, false] {
        signed_in(store, n, &kept, at(1)).await;
        let hashes = [hash(n + 1), hash(n + 2), hash(n + 3)];
        let planted = SetupLink::invitation(hashes[0], vi.email.clone(), vi.role, &kept, at(1));
        let planted = planted.expect("operations may");
        let added = store.add_setup_link(&planted, Some(&hash(n))).await;
        added.expect("her own session");
        let others = [account("mo", Role::Viewer), kim.clone()];
        for (hash, who) in hashes[1..].iter().zip(&others) {
            let link = SetupLink::on_the_machine(*hash, who.email.clone(), who.role, at(1));
            store.add_setup_link(&link, None).await.expect("new");
        }
        let saved = match changes_the_password {
            true => store.save_password(&kim.email, &old, &new).await,
            false => {
                let factor = factor(5);
                store
                    .save_second_factor(&kim.email, &new, None, Some(&factor))
                    .await
            }
        };
        saved.expect("as before");
        let mut left = Vec::new();
        for hash in hashes {
            left.push(
                store
                    .setup_link(&hash, at(1))
                    .await
                    .expect("readable")
                    .is_some(),
            );
        }
        assert_eq!(left, [false, true, false], "{changes_the_password}");
        (n, kept.password) = (n + 10, new.clone());
    }
}
