//! Who people are to a provider: bound once, one account each.

use mainstay_access::{Duty, Role, Subject};
use mainstay_store::Store;

use super::accounts::{account, hash, invitation, made};
use super::fixture::{at, person, token};

pub fn subject(name: &str) -> Subject {
    Subject {
        issuer: "https://id.northwind.example".to_owned(),
        name: name.to_owned(),
    }
}

async fn whose(store: &dyn Store, subject: &Subject) -> Option<String> {
    let found = store.account_of_subject(subject).await.expect("readable");
    found.map(|account| account.email.to_string())
}

pub async fn a_subject_is_bound_once_and_to_one_account(store: &dyn Store) {
    let (kim, vi) = (
        account("kim", Role::Operations),
        account("vi", Role::Viewer),
    );
    made(store, 1, &kim).await;
    made(store, 2, &vi).await;
    let (one, other) = (subject("1"), subject("2"));
    assert_eq!(whose(store, &one).await, None);
    for _ in 0..2 {
        let bound = store.bind_subject(&one, &kim, at(1)).await;
        bound.expect("the same again is nothing new");
    }
    assert_eq!(
        whose(store, &one).await.as_deref(),
        Some(kim.email.as_str())
    );
    for (subject, account) in [(&one, &vi), (&other, &kim)] {
        let refused = store.bind_subject(subject, account, at(2)).await;
        assert_eq!(refused.expect_err("bound").id(), "store.conflict");
    }
    assert_eq!(whose(store, &other).await, None);
    // The same name elsewhere is somebody else, or the same person at another provider.
    let elsewhere = Subject {
        issuer: "https://id.fabrikam.example".to_owned(),
        ..one.clone()
    };
    let bound = store.bind_subject(&elsewhere, &vi, at(2)).await;
    bound.expect("another provider");
    assert_eq!(
        whose(store, &elsewhere).await.as_deref(),
        Some(vi.email.as_str())
    );
    assert_eq!(
        whose(store, &one).await.as_deref(),
        Some(kim.email.as_str())
    );
}

pub async fn a_subject_makes_the_account_that_is_missing(store: &dyn Store) {
    let vi = account("vi", Role::Viewer);
    let bound = store.bind_subject(&subject("1"), &vi, at(1)).await;
    bound.expect("a new account");
    let kept = store.account(&vi.email).await.expect("readable");
    assert_eq!(kept, Some(vi.clone()));
    // What is there stays as it is.
    let other = mainstay_access::Account {
        password: super::accounts::password("second"),
        ..vi.clone()
    };
    let again = store.bind_subject(&subject("1"), &other, at(2)).await;
    again.expect("bound before");
    let kept = store.account(&vi.email).await.expect("readable");
    assert_eq!(kept, Some(vi));
}

pub async fn a_subject_gives_nobody_another_role(store: &dyn Store) {
    let vi = account("vi", Role::Viewer);
    made(store, 1, &vi).await;
    let sam = person("sam", Duty::ReleaseManager);
    store.add_person(&sam, token(900)).await.expect("new");
    for wrong in [
        account("vi", Role::Operations),
        account("sam", Role::Operations),
    ] {
        let refused = store.bind_subject(&subject("1"), &wrong, at(1)).await;
        assert_eq!(
            refused.expect_err("another role").id(),
            "store.already-exists"
        );
    }
    store.close_account(&vi.email, at(1)).await.expect("open");
    let refused = store.bind_subject(&subject("1"), &vi, at(2)).await;
    assert_eq!(refused.expect_err("closed").id(), "store.already-exists");
    assert_eq!(whose(store, &subject("1")).await, None);
}

pub async fn a_setup_link_unbinds(store: &dyn Store) {
    let kim = account("kim", Role::Operations);
    made(store, 1, &kim).await;
    let bound = store.bind_subject(&subject("1"), &kim, at(1)).await;
    bound.expect("hers");
    let link = invitation(2, &kim, at(1));
    store.add_setup_link(&link, None).await.expect("new");
    assert!(
        whose(store, &subject("1")).await.is_some(),
        "it isn't used yet"
    );
    let used = store.use_setup_link(&hash(2), &kim, at(2)).await;
    used.expect("it works");
    assert_eq!(whose(store, &subject("1")).await, None);
    let bound = store.bind_subject(&subject("2"), &kim, at(3)).await;
    bound.expect("another one from now on");
}

/// Of two browsers, at two servers, one is the account's owner.
pub async fn of_two_subjects_one_is_bound(a: &dyn Store, b: &dyn Store) {
    for round in 0..8 {
        let vi = account(&format!("vi-{round}"), Role::Viewer);
        let (one, other) = (
            subject(&format!("{round}-a")),
            subject(&format!("{round}-b")),
        );
        let (first, second) = tokio::join!(
            a.bind_subject(&one, &vi, at(1)),
            b.bind_subject(&other, &vi, at(1))
        );
        let refused = match (first, second) {
            (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
            both => panic!("{both:?}"),
        };
        assert_eq!(refused.id(), "store.conflict", "round {round}");
        let bound = [whose(a, &one).await, whose(a, &other).await];
        assert_eq!(bound.iter().flatten().count(), 1, "{bound:?}");
    }
}
