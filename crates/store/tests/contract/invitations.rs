//! Links that people make: in their sessions, with a second person behind what gives a duty, and what goes with an account.

use mainstay_access::{Account, Role, SecondFactor, SetupLink, TotpSecret};
use mainstay_store::{ApiTokens, Sessions, Store};

use super::accounts::{account, factor, hash, invitation, is_signed_in, made, password, signed_in};
use super::fixture::at;
use super::sessions::api_token;

/// A link that was taken back opens nothing; the first one of a server names nobody, and stays.
pub async fn a_link_is_taken_back(store: &dyn Store) {
    let first = SetupLink::first(hash(1), at(0));
    store.add_setup_link(&first, None).await.expect("a link");
    let vi = account("vi", Role::Viewer);
    let link = invitation(2, &vi, at(0));
    store.add_setup_link(&link, None).await.expect("a link");
    store
        .forget_setup_link(&hash(2))
        .await
        .expect("it is there");
    for n in [1, 2, 3] {
        let refused = store.forget_setup_link(&hash(n)).await;
        let refused = refused.expect_err("none that names somebody");
        assert_eq!(refused.id(), "store.not-found", "{n}");
    }
    let used = store.use_setup_link(&hash(2), &vi, at(1)).await;
    assert_eq!(used.expect_err("taken back").id(), "store.not-found");
    let found = store.setup_link(&hash(1), at(1)).await;
    assert_eq!(found.expect("readable"), Some(first));
}

/// Kim of operations, Sam who approves, and Ana who builds, signed in with sessions 10, 11 and 12.
async fn three(store: &dyn Store) -> [Account; 3] {
    let roles = [
        ("kim", Role::Operations),
        ("sam", Role::ReleaseManager),
        ("ana", Role::Engineer),
    ];
    let accounts = roles.map(|(name, role)| account(name, role));
    for (n, account) in accounts.iter().enumerate() {
        made(store, 1 + n, account).await;
        signed_in(store, 10 + n, account, at(0)).await;
    }
    accounts
}

fn by(n: usize, maker: &Account, account: &Account) -> SetupLink {
    let who = account.email.clone();
    let link = SetupLink::invitation(hash(n), who, account.role, maker, at(1));
    link.expect("operations may")
}

pub async fn a_link_is_made_in_its_makers_whole_session(store: &dyn Store) {
    let [kim, _, _] = three(store).await;
    let ole = Account {
        second_factor: Some(factor(5)),
        ..account("ole", Role::Operations)
    };
    made(store, 5, &ole).await;
    signed_in(store, 13, &ole, at(0)).await;
    let vi = account("vi", Role::Viewer);
    let forged = SetupLink {
        maker: by(20, &kim, &vi).maker.map(|maker| mainstay_access::Maker {
            role: Role::Engineer,
            ..maker
        }),
        ..by(20, &kim, &vi)
    };
    for (link, session) in [
        (by(20, &kim, &vi), None),
        (by(20, &kim, &vi), Some(hash(11))),
        (by(20, &kim, &vi), Some(hash(99))),
        (by(20, &ole, &vi), Some(hash(13))),
        (invitation(20, &vi, at(1)), Some(hash(10))),
        (forged, Some(hash(10))),
    ] {
        let refused = store.add_setup_link(&link, session.as_ref()).await;
        let refused = refused.expect_err("not the maker's session");
        assert_eq!(refused.id(), "store.conflict", "{session:?}");
    }
    let link = by(20, &kim, &vi);
    let added = store.add_setup_link(&link, Some(&hash(10))).await;
    added.expect("Kim's own");
    assert_eq!(
        store.setup_link(&hash(20), at(2)).await.expect("readable"),
        Some(link.clone())
    );
    assert_eq!(store.setup_links(at(2)).await.expect("readable"), [link]);
    assert_eq!(store.setup_links(at(61)).await.expect("readable"), []);
    store
        .use_setup_link(&hash(20), &vi, at(2))
        .await
        .expect("no duty");
}

/// One of operations alone makes nobody an engineer, nor a second one of operations to agree with, and takes no release manager's account.
pub async fn a_duty_takes_a_second_person(store: &dyn Store) {
    let [kim, sam, _] = three(store).await;
    let taken_over = Account {
        password: password("kims"),
        ..sam.clone()
    };
    for (n, wanted) in [
        (20, account("eve", Role::Engineer)),
        (21, taken_over),
        (22, account("kim-too", Role::Operations)),
    ] {
        let link = by(n, &kim, &wanted);
        store
            .add_setup_link(&link, Some(&hash(10)))
            .await
            .expect("his own session");
        let alone = store.use_setup_link(&hash(n), &wanted, at(2)).await;
        assert_eq!(alone.expect_err("one person").id(), "store.conflict");
        for (session, id) in [(10, "store.conflict"), (99, "store.conflict")] {
            let vouched = store
                .vouch_for_setup_link(&hash(n), &hash(session), at(2))
                .await;
            assert_eq!(vouched.expect_err("no second").id(), id, "{session}");
        }
        let late = store
            .vouch_for_setup_link(&hash(n), &hash(12), at(61))
            .await;
        assert_eq!(
            late.expect_err("it is over").id(),
            "store.conflict",
            "and so is the session"
        );
        let none = store
            .vouch_for_setup_link(&hash(77), &hash(12), at(2))
            .await;
        assert_eq!(none.expect_err("no such link").id(), "store.not-found");
        let vouched = store.vouch_for_setup_link(&hash(n), &hash(12), at(2)).await;
        vouched.expect("she builds");
        let used = store.use_setup_link(&hash(n), &wanted, at(2)).await;
        used.expect("two people");
    }
}

pub async fn a_second_factor_stays_on_one_persons_word(store: &dyn Store) {
    let [kim, _, _] = three(store).await;
    let vi = Account {
        second_factor: Some(factor(5)),
        ..account("vi", Role::Viewer)
    };
    made(store, 5, &vi).await;
    let without = Account {
        second_factor: None,
        password: password("second"),
        ..vi.clone()
    };
    let other = SecondFactor::kept(TotpSecret::new([9; 20]), 6);
    let with_another = Account {
        second_factor: Some(other.clone()),
        ..without.clone()
    };
    let add = |n| {
        let link = by(n, &kim, &vi);
        async move {
            store
                .add_setup_link(&link, Some(&hash(10)))
                .await
                .expect("Kim's own")
        }
    };
    let factor_of_vi = || async {
        let found = store.account(&vi.email).await.expect("readable");
        found.and_then(|vi| vi.second_factor)
    };
    add(20).await;
    let refused = store.use_setup_link(&hash(20), &with_another, at(2)).await;
    assert_eq!(refused.expect_err("one person").id(), "store.conflict");
    store
        .use_setup_link(&hash(20), &without, at(2))
        .await
        .expect("the password alone");
    assert_eq!(factor_of_vi().await, vi.second_factor);

    add(21).await;
    let vouched = store
        .vouch_for_setup_link(&hash(21), &hash(12), at(2))
        .await;
    vouched.expect("she builds");
    store
        .use_setup_link(&hash(21), &with_another, at(2))
        .await
        .expect("two people");
    assert_eq!(factor_of_vi().await, Some(other));
}

/// A thief had Kim's session, and made with it what would outlast it.
pub async fn what_an_account_gave_away_goes_with_a_new_link(store: &dyn Store) {
    for (base, name) in [(100, "kim-1"), (200, "kim-2"), (300, "kim-3")] {
        let kim = account(name, Role::Operations);
        let ole = account(&format!("ole-of-{name}"), Role::Operations);
        made(store, base, &kim).await;
        made(store, base + 1, &ole).await;
        signed_in(store, base + 10, &kim, at(1)).await;
        signed_in(store, base + 11, &ole, at(1)).await;
        let planted = api_token(base + 21, &kim, "ci");
        let his = api_token(base + 22, &ole, "ci");
        for (token, session) in [(&planted, base + 10), (&his, base + 11)] {
            let added = ApiTokens::add_api_token(store, token, &hash(session)).await;
            added.expect("new");
        }
        let eve = account(&format!("eve-of-{name}"), Role::Operations);
        let link = by(base + 30, &kim, &eve);
        store
            .add_setup_link(&link, Some(&hash(base + 10)))
            .await
            .expect("her own session");

        match base {
            100 => made_again(store, base + 40, &kim).await,
            200 => store.close_account(&kim.email, at(2)).await.expect("open"),
            _ => store.shut_out(&kim.email, at(2)).await.expect("open"),
        }
        let stays = store.account(&kim.email).await.expect("readable");
        let is_closed = stays.is_some_and(|kim| kim.closed.is_some());
        assert_eq!(is_closed, base == 200, "{name}");
        assert!(!is_signed_in(store, base + 10, at(2)).await);
        let found = store
            .api_token(&hash(base + 21), at(2))
            .await
            .expect("readable");
        assert_eq!(found, None, "{name}");
        let late = store.use_setup_link(&hash(base + 30), &eve, at(2)).await;
        assert_eq!(late.expect_err("it went").id(), "store.not-found", "{name}");
        assert!(
            Sessions::session(store, &hash(base + 11), at(2))
                .await
                .expect("readable")
                .is_some()
        );
        let found = store
            .api_token(&hash(base + 22), at(2))
            .await
            .expect("readable");
        assert!(found.is_some(), "that of somebody else");
    }
}

async fn made_again(store: &dyn Store, n: usize, account: &Account) {
    let link = invitation(n, account, at(2));
    store
        .add_setup_link(&link, None)
        .await
        .expect("the same role");
    let anew = Account {
        password: password("second"),
        ..account.clone()
    };
    store
        .use_setup_link(&hash(n), &anew, at(2))
        .await
        .expect("it works");
}
