//! What raises the pulse, and what doesn't.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mainstay_access::Duty;
use mainstay_fleet::{ClientProfile, ControllerId};
use mainstay_release::{Hold, StageName};
use mainstay_rollout::order::log::LogEntry;
use mainstay_rollout::order::{OrderNumber, Word, close};
use mainstay_rollout::{Candidate, Ending, Progress, Rollout};
use mainstay_store::{
    AskedBy, HeardWord, Heeded, Import, Known, NextStep, Promise, Registration, StageChange, Store,
    StoreError, StoredRevocations, StoredRoot, StoredSchedule,
};

use super::fixture::{
    FORWARD, NEW, OLD, approved, at, changed, device, enrolments, gated, id, person, registration,
    release, rollout, running, token,
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

fn hold() -> Hold {
    let kim = person("kim", Duty::Operations);
    Hold::place(&release("1.3.0", 3), &kim, "smoke", 0, at(3)).expect("operations holds")
}

fn schedule() -> StoredSchedule {
    StoredSchedule {
        release: NEW,
        class: [1; 16],
        signed: b"schedule".to_vec(),
        at: at(2),
        by: person("kim", Duty::Operations).email,
    }
}

async fn order(store: &dyn Store, rollout: &Rollout) -> OrderNumber {
    let promise = Promise {
        rollout: rollout.id,
        expected_generation: rollout.generation,
        expected_standing: store.standing_generation().await.expect("readable"),
        device: &id(0),
        offer: FORWARD,
        at: at(7),
        numbered: true,
    };
    let promised = store
        .promise(&promise)
        .await
        .expect("nothing is against it");
    promised.order.expect("it was to be numbered")
}

async fn finish(
    store: &dyn Store,
    number: OrderNumber,
    how: Ending,
    by: Option<&LogEntry>,
) -> Result<(), StoreError> {
    let before = store.order(&id(0), number).await?.expect("it was opened");
    let after = close(before.clone(), how, at(9));
    store.save_order(&id(0), &before, &after, by).await
}

/// What people publish: brakes, plans, releases.
async fn publish(store: &dyn Store, which: usize) -> Result<(), StoreError> {
    let (kim, sam) = (
        person("kim", Duty::Operations),
        person("sam", Duty::ReleaseManager),
    );
    match which {
        0 => {
            let root = StoredRoot {
                version: 1,
                signed: b"root".to_vec(),
                at: at(1),
                by: None,
            };
            store.add_root(&root).await
        }
        1 => {
            let revocations = StoredRevocations {
                epoch: 0,
                seq: 1,
                digest: [1; 32],
                signed: b"revocations".to_vec(),
                at: at(1),
                by: kim.email,
            };
            store.add_revocations(&revocations).await
        }
        2 => {
            store
                .activate_plan("plan", [7; 32], &sam.email, at(5))
                .await
        }
        3 => store.add_hold(&hold(), 0).await,
        4 => {
            let asked = hold().release(&kim, at(4)).expect("in force");
            store.save_hold(&hold(), &asked).await
        }
        5 => store.add_schedule(&schedule()).await,
        6 => store.add_release(&gated(release("1.1.0", 2)), b"one").await,
        _ => {
            let approved = approved(gated(release("1.1.0", 2)));
            let change = StageChange {
                release: &approved,
                expected: StageName::Gated,
            };
            store.save_release(change, Some(b"two blocks")).await
        }
    }
}

/// A step that changed this rollout alone.
fn step(next: &Rollout, gives: bool) -> NextStep<'_> {
    NextStep {
        rollout: next,
        expected_generation: next.generation - 1,
        actions: &[],
        incidents: &[],
        release: None,
        gives,
        at: at(9),
    }
}

/// What people, and steps of rollouts, do about rollouts and devices.
async fn act(store: &dyn Store, started: &Rollout, which: usize) -> Result<(), StoreError> {
    match which {
        0 => {
            let other = rollout(store, OLD, 1).await;
            store.start_rollout(&other, &enrolments(1), None).await
        }
        1 => {
            let next = changed(started);
            store.save_step(&step(&next, true)).await.map(|_| ())
        }
        2 => {
            let mut after = device(2);
            after.zone = "Pacific/Guam".to_owned();
            store.restate(&device(2), &after, at(9)).await
        }
        3 => {
            let rauc = Some(ClientProfile::Rauc);
            store.choose_profile(&id(0), rauc).await
        }
        4 => store.choose_profile(&id(0), None).await,
        5 => {
            let clients = vec![(id(0), ClientProfile::Zephyr)];
            let import = Import {
                clients,
                ..Import::default()
            };
            store.import(&import, at(9)).await
        }
        6 => {
            let mut after = device(1);
            after.zone = "Pacific/Guam".to_owned();
            let import = Import {
                anew: vec![(device(1), after)],
                ..Import::default()
            };
            store.import(&import, at(9)).await
        }
        7 => {
            let begun = changed(&changed(started));
            store.begin_rollout(&begun, started.generation + 1).await
        }
        _ => store.ask_attributes(&id(0), AskedBy::People).await,
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
    for which in 0..9 {
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
    "attempt",
    "all", // registers devices
    "begin_order_numbers",
    "count_missed_polls",
    "enrol_part", // of a rollout that is starting: it gives nothing before it begins
    "give_lease_back",
    "heed",
    "keep_attributes",
    "keep_draw",
    "keep_readings",
    "keep_version_words",
    "make", // a promise, to the device that asks
    "note_payload",
    "open_incident",
    "probe",
    "record",
    "register_many",
    "reopen_incident",
    "reserve_rollout",
    "save_incident",
    "take_lease",
    "touch",
];

/// Who comes in is no device's matter.
const OF_PEOPLE: &[&str] = &[
    "accounts",
    "api_tokens",
    "people",
    "sessions",
    "setup_links",
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
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src")
            .join(backend);
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
