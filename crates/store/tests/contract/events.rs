//! What is told outwards, when, and that nobody misses any of it.

use mainstay_access::Duty;
use mainstay_release::{Hold, StageName};
use mainstay_rollout::{
    Action, Answer, CannotReturn, HaltReason, Phase, Question, Rollout, pause, starting,
};
use mainstay_store::{
    EventsAsked, EventsFound, NextStep, StageChange, Store, StoreError, StoredRevocations,
    StoredRoot, StoredSchedule,
};

use super::draws;
use super::fixture::{
    NEW, approved, at, changed, enrolments, gated, id, person, register, release, rollout,
    scheduled,
};
use super::incidents::incident;

async fn asked(store: &dyn Store, asked: EventsAsked<'_>) -> EventsFound {
    store.events(&asked).await.expect("readable")
}

fn after(number: i64) -> EventsAsked<'static> {
    EventsAsked {
        after: number,
        limit: 500,
        kind: None,
        subject: None,
    }
}

/// What was told since, each as its kind and its subject.
async fn told(store: &dyn Store, since: i64) -> Vec<(String, String)> {
    let found = asked(store, after(since)).await;
    let told = found.events.into_iter().map(|event| event.happened);
    told.map(|happened| (happened.kind, happened.subject))
        .collect()
}

fn lines(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(kind, subject): &(&str, &str)| ((*kind).to_owned(), (*subject).to_owned());
    expected.iter().map(own).collect()
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

async fn step(store: &dyn Store, before: &Rollout, next: &Rollout) -> Result<(), StoreError> {
    let step = NextStep {
        rollout: next,
        expected_generation: before.generation,
        actions: &[],
        incidents: &[],
        release: None,
        gives: true,
        at: at(9),
    };
    store.save_step(&step).await.map(|_| ())
}

/// A release on its way, and its rollout, as somebody reads it who only reads events.
pub async fn what_happens_is_told_in_its_order(store: &dyn Store) {
    assert_eq!(store.newest_event().await.expect("readable"), 0);
    register(store, 2).await;
    let release = gated(release("1.1.0", 2));
    store.add_release(&release, b"one").await.expect("new");
    let approved = approved(release.clone());
    let change = StageChange {
        release: &approved,
        expected: StageName::Gated,
    };
    let saved = store.save_release(change, Some(b"two blocks")).await;
    saved.expect("it is gated");
    let rollout = rollout(store, NEW, 2).await;
    let scheduled = scheduled(approved, rollout.id);
    let change = StageChange {
        release: &scheduled,
        expected: StageName::Approved,
    };
    let enrolments = enrolments(2);
    let begun = store.start_rollout(&rollout, &enrolments, Some(change));
    begun.await.expect("a new number");
    let open = changed(&rollout);
    step(store, &rollout, &open).await.expect("the newest");
    let paused = pause::by_person(&open, "kim@northwind.example", "smoke", at(8));
    let paused = paused.expect("it rolls");
    step(store, &open, &paused).await.expect("the newest");
    let resumed = pause::resume(&paused, "kim@northwind.example", at(9)).expect("it is paused");
    step(store, &paused, &resumed).await.expect("the newest");
    let mut complete = changed(&resumed);
    complete.phase = Phase::Complete { at: at(9) };
    step(store, &resumed, &complete).await.expect("the newest");
    let of_rollout = "rollout/1";
    let of_release = "release/thermo-v2@1.1.0";
    let expected = lines(&[
        ("release.added", of_release),
        ("release.moved", of_release),
        ("release.moved", of_release),
        ("rollout.started", of_rollout),
        ("rollout.wave-opened", of_rollout),
        ("rollout.paused", of_rollout),
        ("rollout.resumed", of_rollout),
        ("rollout.completed", of_rollout),
    ]);
    assert_eq!(told(store, 0).await, expected);
    let found = asked(store, after(5)).await;
    assert_eq!((found.newest, found.oldest), (8, 1));
    let paused = &found.events[0];
    assert_eq!(paused.number, 6);
    assert_eq!(paused.happened.by.as_deref(), Some("kim@northwind.example"));
    assert_eq!(
        paused.happened.what,
        "kim@northwind.example paused rollout 1 of 1.1.0: smoke"
    );
    assert_eq!(paused.happened.facts["release"], NEW.to_string());
    assert_eq!(paused.happened.at, at(9));
}

/// A rollout that asked whether it goes on, and was answered.
async fn answered(store: &dyn Store, open: &Rollout) -> Rollout {
    let question = Question::Undecided {
        wave: 0,
        scored: 5,
        failures: 1,
        needed: None,
    };
    let mut asks = changed(open);
    asks.phase = Phase::AwaitsHuman {
        wave: 0,
        question: question.clone(),
        since: at(3),
    };
    step(store, open, &asks).await.expect("the newest");
    // It is the same question, with newer numbers.
    let mut still = changed(&asks);
    still.phase = Phase::AwaitsHuman {
        wave: 0,
        question: Question::Undecided {
            wave: 0,
            scored: 6,
            failures: 1,
            needed: None,
        },
        since: at(3),
    };
    step(store, &asks, &still).await.expect("the newest");
    let mut answered = changed(&still);
    answered.phase = Phase::Rolling { wave: 0 };
    answered.waves[0].answers.push(Answer {
        question,
        who: "kim@northwind.example".to_owned(),
        why: "it is the weather".to_owned(),
        at: at(4),
    });
    step(store, &still, &answered).await.expect("the newest");
    answered
}

/// Halts a rollout; one device can't go back, and an incident opens.
async fn halt(store: &dyn Store, before: &Rollout) {
    let mut halted = changed(before);
    halted.phase = Phase::Halted {
        at: at(5),
        wave: 0,
        reason: HaltReason::Person {
            who: "ana@northwind.example".to_owned(),
            why: "smoke".to_owned(),
        },
    };
    let stuck = Action::CannotReturn {
        device: id(0),
        why: CannotReturn::NothingBefore,
    };
    let step = NextStep {
        rollout: &halted,
        expected_generation: before.generation,
        actions: &[stuck],
        incidents: &[incident(&halted)],
        release: None,
        gives: true,
        at: at(5),
    };
    let opened = store.save_step(&step).await.expect("the newest");
    assert_eq!(opened.len(), 1);
}

/// A rollout asks, is answered, and is halted; some devices can't go back, and an incident opens.
pub async fn a_step_tells_each_thing_that_it_changed(store: &dyn Store) {
    register(store, 2).await;
    let started = rollout(store, NEW, 2).await;
    let begun = store.start_rollout(&started, &enrolments(2), None).await;
    begun.expect("a new number");
    let open = changed(&started);
    step(store, &started, &open).await.expect("the newest");
    let answered = answered(store, &open).await;
    halt(store, &answered).await;
    let found = asked(store, after(2)).await.events;
    let said: Vec<_> = found.iter().map(|event| &*event.happened.what).collect();
    let asks = "rollout 1 of 1.1.0 asks operations: the canary";
    assert!(said[0].starts_with(asks), "{said:?}");
    assert_eq!(
        said[1..4],
        [
            "kim@northwind.example answered that rollout 1 of 1.1.0 goes on: it is the weather",
            "rollout 1 of 1.1.0 was halted: ana@northwind.example stopped it: smoke",
            "a device of rollout 1 of 1.1.0 can't go back by itself",
        ]
    );
    assert!(said[4].starts_with("INC-1 opened: "), "{said:?}");
    assert_eq!(said.len(), 5);
    assert_eq!(found[4].happened.subject, "incident/INC-1");
    assert_eq!(found[3].happened.facts["devices"], id(0).to_string());
}

/// A rollout over many devices is asked for, and told as started once it has them.
pub async fn a_rollout_that_begins_later_is_started_when_it_has_its_devices(store: &dyn Store) {
    register(store, 4).await;
    let asked_for = draws::asked_for(store).await;
    let drawn = draws::drawn(store, &asked_for, &enrolments(4)).await;
    while store.enrol_part(&drawn).await.expect("writable") {}
    let rollout = "rollout/1";
    let mut expected = lines(&[("rollout.starting", rollout)]);
    assert_eq!(told(store, 0).await, expected);
    let begun = starting::begun(&drawn, &[], at(4));
    let saved = store.begin_rollout(&begun, drawn.generation).await;
    saved.expect("nobody changed it");
    expected.extend(lines(&[("rollout.started", rollout)]));
    assert_eq!(told(store, 0).await, expected);
    let late = store.begin_rollout(&begun, drawn.generation).await;
    late.expect_err("it has begun");
    assert_eq!(told(store, 0).await, expected);
    let started = &asked(store, after(1)).await.events[0].happened;
    assert_eq!((started.at, &*started.facts["devices"]), (at(4), "4"));
}

/// What can't begin is taken back by no person.
pub async fn a_rollout_that_cannot_begin_is_told_as_withdrawn(store: &dyn Store) {
    let asked_for = draws::asked_for(store).await;
    let back = starting::could_not_begin(&asked_for, "nobody may get it", at(4)).rollout;
    step(store, &asked_for, &back).await.expect("the newest");
    let found = asked(store, after(0)).await.events;
    let kinds: Vec<_> = found.iter().map(|event| &*event.happened.kind).collect();
    assert_eq!(kinds, ["rollout.starting", "rollout.withdrawn"]);
    let happened = &found[1].happened;
    assert_eq!(happened.by, None);
    assert!(happened.what.ends_with("nobody may get it"), "{happened:?}");
}

/// What people publish, and what they do about incidents.
pub async fn what_people_publish_is_told(store: &dyn Store) {
    let (kim, sam) = (
        person("kim", Duty::Operations),
        person("sam", Duty::ReleaseManager),
    );
    let root = StoredRoot {
        version: 1,
        signed: b"root".to_vec(),
        at: at(1),
        by: None,
    };
    store.add_root(&root).await.expect("new");
    let revocations = StoredRevocations {
        epoch: 0,
        seq: 1,
        digest: [1; 32],
        signed: b"revocations".to_vec(),
        at: at(1),
        by: kim.email.clone(),
    };
    store.add_revocations(&revocations).await.expect("new");
    let plan = store.activate_plan("plan", [7; 32], &sam.email, at(5));
    plan.await.expect("writable");
    let hold = Hold::place(&release("1.3.0", 3), &kim, "smoke", 0, at(3)).expect("operations");
    store.add_hold(&hold, 0).await.expect("new");
    let asked_for = hold.clone().release(&kim, at(4)).expect("in force");
    let saved = store.save_hold(&hold, &asked_for).await;
    saved.expect("unchanged");
    let over = asked_for.clone().release(&sam, at(5)).expect("another one");
    let saved = store.save_hold(&asked_for, &over).await;
    saved.expect("unchanged");
    store.add_schedule(&schedule()).await.expect("writable");
    let of_hold = "release/thermo-v2@1.3.0";
    let expected = lines(&[
        ("root.published", "root"),
        ("revocations.published", "revocations"),
        ("plan.activated", "plan"),
        ("hold.placed", of_hold),
        ("hold.release-asked", of_hold),
        ("hold.released", of_hold),
        // A release that this store doesn't have is named by the first signs of its digest.
        ("schedule.published", "release/02020202"),
    ]);
    assert_eq!(told(store, 0).await, expected);
    let plan = &asked(store, after(2)).await.events[0].happened;
    assert_eq!(plan.facts["revision"], "07".repeat(32));
}

pub async fn events_come_by_page_by_kind_and_by_subject(store: &dyn Store) {
    let sam = person("sam", Duty::ReleaseManager);
    for n in 1..=3 {
        store.add_schedule(&schedule()).await.expect("writable");
        let plan = store.activate_plan("plan", [n; 32], &sam.email, at(5));
        plan.await.expect("writable");
    }
    let numbers = async |asked_for: EventsAsked<'static>| -> Vec<i64> {
        let found = asked(store, asked_for).await.events;
        found.into_iter().map(|event| event.number).collect()
    };
    assert_eq!(numbers(after(0)).await, [1, 2, 3, 4, 5, 6]);
    let two = |number| EventsAsked {
        limit: 2,
        ..after(number)
    };
    assert_eq!(numbers(two(0)).await, [1, 2]);
    assert_eq!(numbers(two(2)).await, [3, 4]);
    assert_eq!(numbers(two(6)).await, [0; 0]);
    let plans = |limit| EventsAsked {
        limit,
        kind: Some("plan.activated"),
        ..after(2)
    };
    assert_eq!(numbers(plans(500)).await, [4, 6]);
    assert_eq!(numbers(plans(1)).await, [4]);
    let about = |subject| EventsAsked {
        subject: Some(subject),
        ..after(0)
    };
    assert_eq!(numbers(about("plan")).await, [2, 4, 6]);
    assert_eq!(numbers(about("rollout/1")).await, [0; 0]);
}

/// A number that was given in vain would be a gap that looks like something missed.
pub async fn what_is_refused_tells_nothing(store: &dyn Store) {
    register(store, 2).await;
    let started = rollout(store, NEW, 2).await;
    let begun = store.start_rollout(&started, &enrolments(2), None).await;
    begun.expect("a new number");
    let open = changed(&started);
    step(store, &started, &open).await.expect("the newest");
    let before = store.newest_event().await.expect("readable");
    step(store, &started, &open).await.expect_err("older");
    let taken = store.start_rollout(&started, &enrolments(2), None).await;
    taken.expect_err("its number is taken");
    assert_eq!(store.newest_event().await.expect("readable"), before);
    assert_eq!(told(store, before).await, []);
}

/// Numbers become visible in their order, whoever commits first: who reads while others write, and goes on from the last one that was there, has them all.
pub async fn who_reads_while_others_write_misses_nothing(here: &dyn Store, there: &dyn Store) {
    const EACH: usize = 20;
    let schedule = schedule();
    let write = async |store: &dyn Store| {
        for _ in 0..EACH {
            store.add_schedule(&schedule).await.expect("writable");
        }
    };
    let read = async {
        let (mut seen, mut last) = (Vec::new(), 0);
        while seen.len() < 3 * EACH {
            let found = asked(there, after(last)).await;
            seen.extend(found.events.iter().map(|event| event.number));
            last = seen.last().copied().unwrap_or(0);
            tokio::task::yield_now().await;
        }
        seen
    };
    let (seen, (), (), ()) = tokio::join!(read, write(here), write(there), write(here));
    let all: Vec<i64> = (1..).take(3 * EACH).collect();
    assert_eq!(seen, all);
}
