//! Devices that join by a code, and certificates that name devices until they are revoked.

use mainstay_access::{Duty, JoinCode, JoinRefusal, JoinTerms};
use mainstay_fleet::ControllerId;
use mainstay_store::{Certified, JoinFailure, Joining, Registration, RevokedCertificate, Store};

use super::accounts::hash;
use super::fixture::{CLASS, at, device, id, person, registration, token};

/// What is tried so often was no luck.
const ROUNDS: usize = 8;

pub fn code(n: usize, uses: u32) -> JoinCode {
    let terms = JoinTerms {
        class: CLASS.to_owned(),
        device: None,
        hardware: Some("C".to_owned()),
        zone: None,
        bootloader: None,
        site: Some("lab-7".to_owned()),
        gateway: None,
    };
    let kim = person("kim", Duty::Operations).email;
    JoinCode::new(hash(n), terms, (uses, 7), kim, at(-20)).expect("a good one")
}

pub fn revoked(n: usize) -> RevokedCertificate {
    RevokedCertificate {
        fingerprint: token(n),
        at: at(1),
        by: person("kim", Duty::Operations).email,
        why: "its key was copied".to_owned(),
    }
}

fn new(n: usize) -> Registration {
    registration(device(n), token(n))
}

async fn joined(store: &dyn Store, code: usize, n: usize) -> Result<Joining, &'static str> {
    let joined = store.join(&hash(code), &new(n)).await;
    joined.map_err(|failure| match failure {
        JoinFailure::Refused(refusal) => refusal.id(),
        JoinFailure::Store(error) => error.id(),
    })
}

async fn used(store: &dyn Store, code: usize) -> u32 {
    let found = store.join_code(&hash(code)).await.expect("readable");
    found.expect("it was added").used
}

pub async fn a_code_is_found_by_its_secret_and_taken_back_once(store: &dyn Store) {
    let (one, other) = (code(1, 1), code(2, 500));
    for code in [&one, &other] {
        store.add_join_code(code).await.expect("new");
    }
    let again = store.add_join_code(&one).await;
    assert_eq!(again.expect_err("taken").id(), "store.already-exists");
    assert_eq!(
        store.join_code(&hash(2)).await.expect("readable"),
        Some(other)
    );
    assert_eq!(store.join_code(&hash(3)).await.expect("readable"), None);
    for minutes in [5, 6] {
        let taken_back = store.revoke_join_code(&hash(1), at(minutes)).await;
        taken_back.expect("it is there");
    }
    let unknown = store.revoke_join_code(&hash(3), at(5)).await;
    assert_eq!(unknown.expect_err("none").id(), "store.not-found");
    let found = store.join_codes_after(None, 9).await.expect("readable");
    let revoked: Vec<_> = found.iter().map(|code| (code.uses, code.revoked)).collect();
    assert_eq!(revoked, [(1, Some(at(5))), (500, None)]);
    assert_eq!(joined(store, 1, 1).await, Err("join.revoked"));
}

pub async fn who_joins_is_registered_and_its_timeline_says_how(store: &dyn Store) {
    store.add_join_code(&code(1, 2)).await.expect("new");
    assert_eq!(joined(store, 1, 1).await, Ok(Joining::New));
    let found = store.device(&id(1)).await.expect("readable");
    assert_eq!(found, Some(device(1)));
    let told = store.timeline(&id(1), 9).await.expect("readable");
    let told: Vec<_> = told.iter().map(|entry| entry.text.as_str()).collect();
    let name = code(1, 2).name();
    let how = format!("joined by the code {name}, which kim@northwind.example made");
    assert_eq!(told, [how.as_str(), "was registered"]);
    assert_eq!(used(store, 1).await, 1);
}

/// Its answer was lost. The code is used up by then, or taken back.
pub async fn who_asks_again_takes_no_use(store: &dyn Store) {
    store.add_join_code(&code(1, 1)).await.expect("new");
    assert_eq!(joined(store, 1, 1).await, Ok(Joining::New));
    assert_eq!(joined(store, 1, 1).await, Ok(Joining::Again));
    let taken_back = store.revoke_join_code(&hash(1), at(5)).await;
    taken_back.expect("it is there");
    assert_eq!(joined(store, 1, 1).await, Ok(Joining::Again));
    assert_eq!(used(store, 1).await, 1);
    let told = store.timeline(&id(1), 9).await.expect("readable");
    assert_eq!(told.len(), 2);
}

pub async fn a_code_that_does_not_admit_registers_nobody(store: &dyn Store) {
    let of_one = JoinCode {
        terms: JoinTerms {
            device: Some(id(9).to_string()),
            ..code(3, 1).terms
        },
        ..code(3, 1)
    };
    let over = JoinCode {
        expires: at(-10),
        ..code(4, 1)
    };
    for code in [&code(1, 1), &code(2, 1), &of_one, &over] {
        store.add_join_code(code).await.expect("new");
    }
    store.register_many(&[new(5)]).await.expect("new");
    assert_eq!(joined(store, 1, 1).await, Ok(Joining::New));
    for (code, n, expected) in [
        (1, 2, "join.used-up"),
        (3, 2, "join.another-device"),
        (4, 2, "join.expired"),
        (9, 2, "store.not-found"),
        // Of this name there is one, with another token.
        (2, 5, "store.already-exists"),
    ] {
        let mut wanted = new(n);
        if n == 5 {
            wanted.token_hash = token(6);
        }
        let refused = store.join(&hash(code), &wanted).await;
        let id = match refused.expect_err("it isn't admitted") {
            JoinFailure::Refused(refusal) => refusal.id(),
            JoinFailure::Store(error) => error.id(),
        };
        assert_eq!(id, expected, "{code}");
    }
    assert_eq!(store.devices(None).await.expect("readable").len(), 2);
    assert_eq!(used(store, 2).await, 0, "what failed took no use");
}

/// Else whoever has a code for any device is the device that people made a code for, before that is switched on.
pub async fn a_name_that_a_code_is_for_is_taken_by_no_other(store: &dyn Store) {
    let of_one = |n: usize, device: usize| JoinCode {
        terms: JoinTerms {
            device: Some(id(device).to_string()),
            ..code(n, 1).terms
        },
        ..code(n, 1)
    };
    let over = JoinCode {
        expires: at(-10),
        ..of_one(4, 3)
    };
    for code in [&code(1, 9), &of_one(2, 1), &of_one(3, 2), &over] {
        store.add_join_code(code).await.expect("new");
    }
    assert_eq!(joined(store, 1, 1).await, Err("join.name-kept"));
    assert_eq!(used(store, 1).await, 0, "what failed took no use");
    assert_eq!(joined(store, 2, 1).await, Ok(Joining::New));
    // A code that works no more keeps no name.
    assert_eq!(joined(store, 1, 3).await, Ok(Joining::New));
    let taken_back = store.revoke_join_code(&hash(3), at(5)).await;
    taken_back.expect("it is there");
    assert_eq!(joined(store, 1, 2).await, Ok(Joining::New));
}

pub async fn a_certificate_names_one_device_until_it_is_revoked(store: &dyn Store) {
    let clash = Registration {
        controller: ControllerId::parse(id(1).as_str()).ok(),
        ..new(3)
    };
    let gateway = Registration {
        controller: ControllerId::parse("gw:4").ok(),
        ..new(4)
    };
    let all = [new(1), new(2), clash, gateway];
    store.register_many(&all).await.expect("new");
    let named = async |name: &str| {
        let found = store.certified(name, &token(77)).await.expect("readable");
        found.map(|Certified { device, token_hash }| (device, token_hash))
    };
    assert_eq!(named(id(2).as_str()).await, Some((id(2), token(2))));
    assert_eq!(named("gw:4").await, Some((id(4), token(4))));
    assert_eq!(named(id(4).as_str()).await, Some((id(4), token(4))));
    assert_eq!(named("nobody").await, None);
    assert_eq!(
        named(id(1).as_str()).await,
        None,
        "two devices have the name"
    );

    assert!(!store.is_revoked(&token(77)).await.expect("readable"));
    store.revoke_certificate(&revoked(77)).await.expect("new");
    assert!(store.is_revoked(&token(77)).await.expect("readable"));
    assert!(!store.is_revoked(&token(78)).await.expect("readable"));
    assert_eq!(named(id(2).as_str()).await, None);
    let again = store.revoke_certificate(&revoked(77)).await;
    assert_eq!(again.expect_err("it is").id(), "store.already-exists");
    let other = store.certified(id(2).as_str(), &token(78)).await;
    assert!(other.expect("readable").is_some(), "another certificate");
    assert_eq!(
        store
            .revoked_certificates_after(None, 9)
            .await
            .expect("readable"),
        [revoked(77)]
    );
}

pub async fn one_of_two_gets_the_last_use(a: &dyn Store, b: &dyn Store) {
    for round in 0..ROUNDS {
        a.add_join_code(&code(100 + round, 1)).await.expect("new");
        let (one, other) = (new(2 * round), new(2 * round + 1));
        let secret = hash(100 + round);
        let outcomes = tokio::join!(a.join(&secret, &one), b.join(&secret, &other));
        let ((Ok(Joining::New), Err(late)) | (Err(late), Ok(Joining::New))) = outcomes else {
            panic!("round {round}: {outcomes:?}");
        };
        assert!(
            matches!(late, JoinFailure::Refused(JoinRefusal::UsedUp)),
            "round {round}: {late:?}"
        );
        let devices = b.devices(None).await.expect("readable");
        assert_eq!(devices.len(), round + 1);
    }
}

pub async fn one_device_that_joins_twice_at_once_is_one(a: &dyn Store, b: &dyn Store) {
    for round in 0..ROUNDS {
        a.add_join_code(&code(100 + round, 1)).await.expect("new");
        let (secret, new) = (hash(100 + round), new(round));
        let (one, other) = tokio::join!(a.join(&secret, &new), b.join(&secret, &new));
        let mut outcomes = [one.expect("it joins"), other.expect("it joins")];
        outcomes.sort_by_key(|outcome| *outcome == Joining::Again);
        assert_eq!(outcomes, [Joining::New, Joining::Again], "round {round}");
        let devices = b.devices(None).await.expect("readable");
        assert_eq!(devices.len(), round + 1);
    }
}

pub async fn what_is_revoked_on_one_server_counts_on_the_other(a: &dyn Store, b: &dyn Store) {
    a.register_many(&[new(1)]).await.expect("new");
    let found = async || b.certified(id(1).as_str(), &token(77)).await;
    assert!(found().await.expect("readable").is_some());
    a.revoke_certificate(&revoked(77)).await.expect("new");
    assert!(found().await.expect("readable").is_none());
}
