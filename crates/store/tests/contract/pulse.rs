//! What raises the pulse, and what doesn't.

use std::collections::BTreeMap;
use std::fs;

use mainstay_fleet::{ClientProfile, ControllerId};
use mainstay_rollout::order::Word;
use mainstay_rollout::order::log::LogEntry;
use mainstay_rollout::{Candidate, Ending, Progress, Rollout};
use mainstay_store::{AskedBy, HeardWord, Heeded, Import, Known, Registration, Store};

use super::deeds::{act, finish, order, publish, schedule, step};
use super::fixture::{
    NEW, at, changed, device, enrolments, id, registration, rollout, running, token,
};

/// Three devices, the first with another update client, and a rollout with two of them.
async fn furnished(store: &dyn Store) -> Rollout {
    store.begin_order_numbers(17).await.expect("writable");
    let new = |n| Registration {
        device: device(n),
        token_hash: token(n),
        controller: (n == 0).then(|| ControllerId::parse("gateway-7").expect("a good name")),
    };
    let new: Vec<_> = (0..3).map(new).collect();
    store.register_many(&new).await.expect("all are new");
    let started = rollout(store, NEW, 2).await;
    let begun = store.start_rollout(&started, &enrolments(2), None).await;
    begun.expect("a new number");
    started
}

/// Whether the pulse was raised since it was last asked for; here and in the database at once.
struct Felt(i64, u64);

impl Felt {
    async fn now(store: &dyn Store) -> Self {
        Self(store.pulse().await.expect("readable"), store.raised_here())
    }

    async fn is_raised(&mut self, store: &dyn Store) -> bool {
        let before = std::mem::replace(self, Self::now(store).await);
        let raised = (self.0 != before.0, self.1 != before.1);
        assert_eq!(raised.0, raised.1, "here and in the database");
        raised.0
    }
}

pub async fn what_could_give_a_device_something_raises_it(store: &dyn Store) {
    let started = furnished(store).await;
    let number = order(store, &started).await;
    let mut felt = Felt::now(store).await;
    let kim = LogEntry::new(at(9), "given up by kim", ["its flash was replaced"]);
    finish(store, number, Ending::GivenUp, Some(&kim))
        .await
        .expect("unchanged");
    assert!(felt.is_raised(store).await, "an order that is given up");
    for which in 0..8 {
        publish(store, which).await.expect("new");
        assert!(felt.is_raised(store).await, "published: {which}");
    }
    for which in 0..10 {
        act(store, &started, which)
            .await
            .expect("nothing is against it");
        assert!(felt.is_raised(store).await, "done: {which}");
    }
}

/// A rollout's devices report all day long: nobody else has anything of it.
pub async fn what_devices_say_does_not_raise_it(store: &dyn Store) {
    let started = furnished(store).await;
    let mut felt = Felt::now(store).await;
    let number = order(store, &started).await;
    let fold = |_: &Heeded, _: &Candidate, progress: Progress, _: Known| progress;
    let heard = HeardWord {
        device: &id(0),
        number,
        word: Word::FetchBegan,
        entry: None,
        running: None,
        at: at(8),
    };
    store.heed(&heard, &fold).await.expect("it is heeded");
    // Its client says nothing more, which is found when it asks.
    let over = finish(store, number, Ending::GivenUp, None).await;
    over.expect("unchanged");
    let asked = store.ask_attributes(&id(0), AskedBy::ItsOwnWord).await;
    asked.expect("it has a client");
    let fold = |_: &Candidate, progress: Progress, _: Known| progress;
    let runs = running(NEW, true);
    let recorded = store.record(&id(1), Some(&runs), at(9), &[], &fold).await;
    recorded.expect("it is registered");
    store.touch(&[(id(2), at(9))]).await.expect("writable");
    let seen = store.note_profile(&id(0), ClientProfile::Swupdate).await;
    seen.expect("it has a client");
    let kept = store.keep_attributes(&id(0), &|_| BTreeMap::new()).await;
    kept.expect("it has a client");
    let kept = store.keep_auto_confirm(&id(0), Some("{}")).await;
    assert!(kept.expect("it has a client"), "it is news");
    let new = device(7);
    store.register(&new, token(7)).await.expect("new");
    // Nor do new ones of a fleet that is imported, whichever client they are said to run.
    let one = Registration {
        controller: ControllerId::parse("gateway-8").ok(),
        ..registration(device(8), token(8))
    };
    let part = Import {
        new: vec![one],
        clients: vec![(id(8), ClientProfile::Zephyr)],
        ..Import::default()
    };
    store.import(&part, at(9)).await.expect("new");
    // Nor who may ask for whom: that is read each time.
    for gateway in [Some(id(2)), None] {
        let moved = Import {
            behind: vec![(id(1), gateway)],
            ..Import::default()
        };
        store.import(&moved, at(9)).await.expect("it may");
    }
    let counted = changed(&started);
    let saved = store.save_step(&step(&counted, false)).await;
    saved.expect("nobody else changed it");
    assert!(!felt.is_raised(store).await);
}

/// What isn't committed gives nobody anything; a try that is refused counts for nothing in the database.
pub async fn what_is_refused_does_not_raise_it(store: &dyn Store) {
    let started = furnished(store).await;
    act(store, &started, 1).await.expect("the first");
    let before = store.pulse().await.expect("readable");
    act(store, &started, 1).await.expect_err("an older state");
    assert_eq!(store.pulse().await.expect("readable"), before);
}

pub async fn another_server_sees_it_raised(here: &dyn Store, there: &dyn Store) {
    let started = furnished(here).await;
    let (before, own) = (there.pulse().await.expect("readable"), there.raised_here());
    act(here, &started, 1).await.expect("nothing is against it");
    assert_eq!(there.pulse().await.expect("readable"), before + 1);
    assert_eq!(there.raised_here(), own, "it wasn't raised there");
}

/// No change is lost, however many are made at once.
pub async fn every_change_counts(here: &dyn Store, there: &dyn Store) {
    let before = here.pulse().await.expect("readable");
    let schedule = schedule();
    for _ in 0..8 {
        let (one, other) =
            tokio::join!(here.add_schedule(&schedule), there.add_schedule(&schedule));
        one.expect("writable");
        other.expect("writable");
    }
    assert_eq!(here.pulse().await.expect("readable"), before + 16);
}

/// Functions that write and raise the pulse, in whichever back end.
const RAISING: &[&str] = &[
    "activate",
    "activate_plan",
    "add_hold",
    "add_release",
    "add_revocations",
    "add_root",
    "add_schedule",
    "ask_attributes",
    "begin_rollout",
    "import", // of a fleet
    "replace_token",
    "restate",
    "save", // of a step
    "save_hold",
    "save_order",
    "save_release",
    "set_client",
    "start_rollout",
    "take_in", // a fleet that is imported
];

/// Functions that write what gives no device anything: what devices say, what is drawn, what people are told.
const QUIET: &[&str] = &[
    "all", // registers devices
    "attempt",
    "begin_order_numbers",
    "count_missed_polls",
    "enrol_part", // of a rollout that is starting: it gives nothing before it begins
    "give_lease_back",
    "heed",
    "keep_attributes",
    "keep_auto_confirm",
    "keep_draw",
    "keep_readings",
    "keep_version_words",
    "make", // a promise, to the device that asks
    "note_payload",
    "open_incident",
    "probe",
    "record_through",
    "register_many",
    "reopen_incident",
    "reserve_rollout",
    "revoke", // a certificate: whoever shows one is looked up each time
    "revoke_certificate",
    "save_incident",
    "take_lease",
    "touch",
];

/// Who comes in, and who is told what, is no device's matter.
const OF_PEOPLE: &[&str] = &[
    "accounts",
    "answers",
    "api_tokens",
    "issued",     // of certificates: whoever shows one is looked up each time
    "join_codes", // what joins was never asked about
    "people",
    "sessions",
    "setup_links",
    "subjects",
    "webhooks",
    "welcomes", // as with codes
];

/// The functions of a source text that begin a transaction, with their bodies.
fn writing(text: &str) -> Vec<(&str, &str)> {
    let functions = text.split("async fn ").skip(1);
    let named = functions.map(|rest| {
        let end = rest.find(['(', '<']).expect("a function has arguments");
        (&rest[..end], rest)
    });
    named
        .filter(|(_, body)| body.contains(".write().await"))
        .collect()
}

#[test]
fn every_function_that_writes_is_judged() {
    let mut seen = 0;
    for backend in ["sqlite", "postgres"] {
        let folder = format!("{}/src/{backend}", env!("CARGO_MANIFEST_DIR"));
        for file in fs::read_dir(folder).expect("it is there") {
            let path = file.expect("readable").path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if path.is_dir() || stem.is_some_and(|stem| OF_PEOPLE.contains(&stem)) {
                continue;
            }
            let text = fs::read_to_string(&path).expect("readable");
            for (name, body) in writing(&text) {
                let (raises, quiet) = (RAISING.contains(&name), QUIET.contains(&name));
                let place = format!("{name} in {}", path.display());
                assert!(raises != quiet, "{place}: what could it give to a device?");
                assert_eq!(body.contains("commit_raised("), raises, "{place}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 50, "{seen}");
}
