//! Devices that nobody registered, and that are welcome.

use mainstay_access::{
    AuthorityDigest, Declares, Duty, JoinCode, JoinTerms, NotWelcome, Welcome, WelcomeId,
    WelcomeTerms,
};
use mainstay_fleet::ControllerId;
use mainstay_store::{Comes, IssuedCertificate, LetIn, Registration, Store};

use super::fixture::{CLASS, at, device, id, person, registration, token};
use super::joining;

/// What is tried so often was no luck.
const ROUNDS: u8 = 8;

pub fn welcome(n: u8, uses: u32) -> Welcome {
    let terms = WelcomeTerms {
        declares: Declares {
            class: CLASS.to_owned(),
            hardware: "C".to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.0".to_owned(),
            site: Some("lab-7".to_owned()),
        },
        prefix: Some("th-".to_owned()),
        authority: Some(AuthorityDigest([9; 32])),
    };
    let kim = person("kim", Duty::Operations).email;
    Welcome::new(WelcomeId([n; 8]), terms, (uses, 7), kim, at(-20)).expect("a good one")
}

fn new(n: usize) -> Registration {
    registration(device(n), token(n))
}

/// With a certificate of this number.
async fn let_in(store: &dyn Store, welcome: u8, new: &Registration, by: usize) -> LetIn {
    let by = token(1000 + by);
    let against = store.stands_against(&Comes::of(new, &by)).await;
    let outcome = store.let_in(WelcomeId([welcome; 8]), new, &by).await;
    let outcome = outcome.expect("it is there");
    if let Some(against) = against.expect("readable") {
        assert_eq!(outcome, against, "asked before, it was the same");
    }
    outcome
}

async fn used(store: &dyn Store, n: u8) -> u32 {
    let found = store.welcome(WelcomeId([n; 8])).await.expect("readable");
    found.expect("it was added").used
}

async fn registered(store: &dyn Store) -> usize {
    store.devices(None).await.expect("readable").len()
}

pub async fn a_welcome_is_found_while_it_works_and_taken_back_once(store: &dyn Store) {
    let over = Welcome {
        expires: at(3),
        ..welcome(3, 9)
    };
    let spent = Welcome {
        used: 9,
        ..welcome(4, 9)
    };
    for one in [&welcome(1, 1), &welcome(2, 500), &over, &spent] {
        store.add_welcome(one).await.expect("new");
    }
    let again = store.add_welcome(&over).await;
    assert_eq!(again.expect_err("taken").id(), "store.already-exists");
    let working = async |minutes| {
        let found = store.working_welcomes(at(minutes)).await.expect("readable");
        found.into_iter().map(|one| one.id.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(working(2).await, [3, 1, 2]);
    assert_eq!(working(3).await, [1, 2]);
    let kept = store.welcome(WelcomeId([2; 8])).await.expect("readable");
    assert_eq!(kept, Some(welcome(2, 500)));
    let none = store.welcome(WelcomeId([9; 8])).await.expect("readable");
    assert_eq!(none, None);
    for minutes in [5, 6] {
        let taken_back = store.revoke_welcome(WelcomeId([1; 8]), at(minutes)).await;
        taken_back.expect("it is there");
    }
    let unknown = store.revoke_welcome(WelcomeId([9; 8]), at(5)).await;
    assert_eq!(unknown.expect_err("none").id(), "store.not-found");
    assert_eq!(working(3).await, [2]);
    let found = store.welcomes_after(None, 9).await.expect("readable");
    let revoked: Vec<_> = found.iter().map(|one| (one.id.0[0], one.revoked)).collect();
    let expected = [(1, Some(at(5))), (2, None), (3, None), (4, None)];
    assert_eq!(revoked, expected);
}

pub async fn who_is_let_in_is_registered_and_its_timeline_says_how(store: &dyn Store) {
    store.add_welcome(&welcome(1, 2)).await.expect("new");
    assert_eq!(let_in(store, 1, &new(1), 7).await, LetIn::New);
    let found = store.device(&id(1)).await.expect("readable");
    assert_eq!(found, Some(device(1)));
    let told = store.timeline(&id(1), 9).await.expect("readable");
    let told: Vec<_> = told.iter().map(|entry| entry.text.as_str()).collect();
    let print = hex::encode(token(1007));
    let how = format!(
        "let in by the welcome 0101010101010101, which kim@northwind.example made, with the certificate {print}"
    );
    assert_eq!(told, [how.as_str(), "was registered"]);
    let gateway = Registration {
        controller: ControllerId::parse("gw:2").ok(),
        ..new(2)
    };
    assert_eq!(let_in(store, 1, &gateway, 8).await, LetIn::New);
    let name = ControllerId::parse("gw:2").expect("a good one");
    let found = store.by_controller(&name).await.expect("readable");
    assert_eq!(found.expect("it is there").device.id, id(2));
    assert_eq!(used(store, 1).await, 2);
}

/// Whoever has the name already: as its own or as its client's, by whatever means it was registered.
pub async fn who_is_there_or_revoked_takes_no_use(store: &dyn Store) {
    store.add_welcome(&welcome(1, 9)).await.expect("new");
    let gateway = Registration {
        controller: ControllerId::parse(id(4).as_str()).ok(),
        ..new(3)
    };
    let there = [new(1), gateway];
    store.register_many(&there).await.expect("new");
    let other_token = |n| registration(device(n), token(500 + n));
    let asks_as = |n, name: &str| Registration {
        controller: ControllerId::parse(name).ok(),
        ..other_token(n)
    };
    for newcomer in [
        other_token(1),
        // Its name is what another device's client is called.
        other_token(4),
        // Its client's name is another device's own, and another client's.
        asks_as(5, id(1).as_str()),
        asks_as(5, id(4).as_str()),
    ] {
        let outcome = let_in(store, 1, &newcomer, 7).await;
        assert_eq!(outcome, LetIn::NotNew, "{newcomer:?}");
    }
    let mut revoked = joining::revoked(1);
    revoked.fingerprint = token(1008);
    store.revoke_certificate(&revoked).await.expect("new");
    assert_eq!(let_in(store, 1, &new(6), 8).await, LetIn::NotNew);
    // What this house gave to a device names nobody new, whatever stands in it.
    let given = IssuedCertificate {
        fingerprint: token(1009),
        device: id(1),
        serial: vec![1; 16],
        at: at(0),
        ends: at(60),
        asked_with: None,
    };
    store.note_issued(&given).await.expect("new");
    let with_given = let_in(store, 1, &new(6), 9).await;
    assert_eq!(with_given, LetIn::Refused(NotWelcome::Given));
    assert_eq!((used(store, 1).await, registered(store).await), (0, 2));
    let (new_one, by) = (new(6), token(1007));
    let against = store.stands_against(&Comes::of(&new_one, &by)).await;
    assert_eq!(against.expect("readable"), None);
    assert_eq!(let_in(store, 1, &new(6), 7).await, LetIn::New);
}

pub async fn a_welcome_that_does_not_work_registers_nobody(store: &dyn Store) {
    let over = Welcome {
        expires: at(-10),
        ..welcome(2, 1)
    };
    let revoked = Welcome {
        revoked: Some(at(-15)),
        ..welcome(3, 1)
    };
    for one in [&welcome(1, 1), &over, &revoked] {
        store.add_welcome(one).await.expect("new");
    }
    assert_eq!(let_in(store, 1, &new(1), 7).await, LetIn::New);
    for n in 1..=3 {
        let outcome = let_in(store, n, &new(2), 7).await;
        assert_eq!(outcome, LetIn::Refused(NotWelcome::Nobody), "{n}");
    }
    let unknown = store.let_in(WelcomeId([9; 8]), &new(2), &token(1)).await;
    assert_eq!(unknown.expect_err("none").id(), "store.not-found");
    assert_eq!(registered(store).await, 1);
    let all = [used(store, 1).await, used(store, 2).await];
    assert_eq!(all, [1, 0], "what failed took no use");
}

pub async fn a_name_that_a_code_is_for_is_let_in_by_no_welcome(store: &dyn Store) {
    let code = joining::code(3, 1);
    let of_one = JoinCode {
        terms: JoinTerms {
            device: Some(id(1).to_string()),
            ..code.terms
        },
        ..code
    };
    store.add_join_code(&of_one).await.expect("new");
    store.add_welcome(&welcome(1, 9)).await.expect("new");
    let kept = let_in(store, 1, &new(1), 7).await;
    assert_eq!(kept, LetIn::Refused(NotWelcome::Kept));
    let (new_one, by) = (new(1), token(1007));
    let against = store.stands_against(&Comes::of(&new_one, &by)).await;
    assert_eq!(against.expect("readable"), Some(kept));
    assert_eq!((used(store, 1).await, registered(store).await), (0, 0));
    let taken_back = store.revoke_join_code(&of_one.hash, at(-15)).await;
    taken_back.expect("it is there");
    assert_eq!(let_in(store, 1, &new(1), 7).await, LetIn::New);
}

pub async fn one_of_two_newcomers_is_the_last_one(a: &dyn Store, b: &dyn Store) {
    for round in 0..ROUNDS {
        a.add_welcome(&welcome(round, 1)).await.expect("new");
        let n = 2 * usize::from(round);
        let (one, other) = (new(n), new(n + 1));
        let (one, other) = tokio::join!(let_in(a, round, &one, 7), let_in(b, round, &other, 8));
        let late = LetIn::Refused(NotWelcome::Nobody);
        let outcomes = [one, other];
        let is_one = outcomes.contains(&LetIn::New) && outcomes.contains(&late);
        assert!(is_one, "round {round}: {outcomes:?}");
        assert_eq!(registered(b).await, usize::from(round) + 1);
        assert_eq!(used(b, round).await, 1);
    }
}

/// Each server draws a token of its own for it; one of them is kept.
pub async fn one_newcomer_at_two_servers_is_one(a: &dyn Store, b: &dyn Store) {
    a.add_welcome(&welcome(1, 99)).await.expect("new");
    for round in 0..ROUNDS {
        let n = usize::from(round);
        let (one, other) = (new(n), registration(device(n), token(500 + n)));
        let (one, other) = tokio::join!(let_in(a, 1, &one, 7), let_in(b, 1, &other, 7));
        let outcomes = [one, other];
        let is_one = outcomes.contains(&LetIn::New) && outcomes.contains(&LetIn::NotNew);
        assert!(is_one, "round {round}: {outcomes:?}");
        assert_eq!(registered(b).await, n + 1);
        assert_eq!(used(b, 1).await, u32::from(round) + 1);
        let certified = b.certified(id(n).as_str(), &token(1007)).await;
        assert!(certified.expect("readable").is_some());
    }
}
