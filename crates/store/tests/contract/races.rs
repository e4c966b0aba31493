//! Two servers on one store, at the same moment.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use mainstay_access::Duty;
use mainstay_release::{Hold, StageName};
use mainstay_rollout::{Action, Candidate, Progress, Rollout};
use mainstay_store::orders::FIRST_ORDER;
use mainstay_store::{Known, NextStep, Promise, StageChange, Store, StoreError, StoredReport};

use super::fixture::{
    FORWARD, NEW, OLD, at, changed, enrolments, id, kinds, person, progress, promised, register,
    release, rollout, set_progress, started,
};
use super::incidents::incident;
use crate::patience::until;

/// What is tried so often was no luck.
const ROUNDS: usize = 8;

/// Starts a rollout of so many devices, with so many places for downloads.
async fn with_places(store: &dyn Store, devices: usize, places: u32) -> Rollout {
    register(store, devices).await;
    let mut rollout = rollout(store, NEW, devices).await;
    rollout.rules.limits.downloads = places;
    let enrolments = enrolments(devices);
    let started = store.start_rollout(&rollout, &enrolments, None);
    started.await.expect("the class is free");
    rollout
}

async fn promise(store: &dyn Store, rollout: &Rollout, n: usize) -> Result<(), &'static str> {
    let (device, stands) = (id(n), (rollout.id, rollout.generation));
    let promised = promised(store, stands, &device, &FORWARD, at(7)).await;
    promised.map_err(|refusal| refusal.id())
}

async fn order(store: &dyn Store, rollout: &Rollout, n: usize) -> u32 {
    let promise = Promise {
        rollout: rollout.id,
        expected_generation: rollout.generation,
        expected_standing: store.standing_generation().await.expect("readable"),
        device: &id(n),
        offer: FORWARD,
        at: at(7),
        numbered: true,
    };
    let promised = store.promise(&promise).await.expect("nothing against it");
    promised.order.expect("it was to be numbered").get()
}

pub fn step<'a>(next: &'a Rollout, before: &Rollout, actions: &'a [Action]) -> NextStep<'a> {
    NextStep {
        rollout: next,
        expected_generation: before.generation,
        actions,
        incidents: &[],
        release: None,
        at: at(9),
    }
}

pub fn hold(digest: u8) -> Hold {
    let kim = person("kim", Duty::Operations);
    let placed = Hold::place(
        &release(&format!("1.{digest}.0"), digest),
        &kim,
        "smoke",
        0,
        at(3),
    );
    placed.expect("operations may")
}

/// Why the second of two was refused, if one of them was.
pub fn one_of_two<T: std::fmt::Debug>(
    outcomes: (Result<T, StoreError>, Result<T, StoreError>),
) -> &'static str {
    match outcomes {
        (Ok(_), Err(late)) | (Err(late), Ok(_)) => late.id(),
        both => panic!("one of two must be refused: {both:?}"),
    }
}

pub async fn the_last_place_is_promised_once(a: &dyn Store, b: &dyn Store) {
    let rollout = with_places(a, 2 + 2 * ROUNDS, 3).await;
    for n in 0..2 {
        assert_eq!(promise(a, &rollout, n).await, Ok(()));
    }
    for round in 1..=ROUNDS {
        let (one, other) = (2 * round, 2 * round + 1);
        let outcomes = tokio::join!(promise(a, &rollout, one), promise(b, &rollout, other));
        let winner = match outcomes {
            (Ok(()), Err("store.no-room")) => one,
            (Err("store.no-room"), Ok(())) => other,
            outcomes => panic!("round {round}: {outcomes:?}"),
        };
        let (began, booted) = (at(7), at(8));
        set_progress(a, winner, Progress::OnTrial { began, booted }).await;
    }
}

/// Devices that are promised something while somebody stops it.
const STREAM: usize = 40;

async fn promised_by_now(store: &dyn Store, rollout: &Rollout) -> usize {
    let view = store.fleet_view(rollout.id).await.expect("readable");
    let promised = |progress: &Progress| matches!(progress, Progress::Promised { .. });
    let devices = view.devices.iter();
    devices.filter(|device| promised(&device.progress)).count()
}

/// Promises to every second device, from `first` on, again and again until it is refused; returns why.
async fn promise_on(
    store: &dyn Store,
    rollout: &Rollout,
    first: usize,
    made: &AtomicUsize,
) -> &'static str {
    for n in (first..STREAM).step_by(2) {
        if let Err(refusal) = promise(store, rollout, n).await {
            return refusal;
        }
        made.fetch_add(1, Ordering::Relaxed);
    }
    let mut refusal = None;
    until("a promise is refused", async || {
        refusal = promise(store, rollout, first).await.err();
        refusal.is_some()
    })
    .await;
    refusal.expect("just seen")
}

/// Two servers promise; in the midst of it `stop` is called, and once it has answered nothing more is promised.
async fn check_stop(
    (a, b): (&dyn Store, &dyn Store),
    stop: impl AsyncFnOnce(&Rollout),
    expected: &str,
) {
    let rollout = with_places(a, STREAM, 1000).await;
    let made = AtomicUsize::new(0);
    let stopped = async {
        until("four are promised", async || {
            made.load(Ordering::Relaxed) >= 4
        })
        .await;
        stop(&rollout).await;
        promised_by_now(a, &rollout).await
    };
    let (first, second, answered) = tokio::join!(
        promise_on(a, &rollout, 0, &made),
        promise_on(b, &rollout, 1, &made),
        stopped
    );
    assert_eq!((first, second), (expected, expected));
    assert_eq!(promised_by_now(b, &rollout).await, answered);
    assert_eq!(made.into_inner(), answered);
}

pub async fn who_holds_and_is_answered_has_stopped_every_later_promise(
    a: &dyn Store,
    b: &dyn Store,
) {
    let stop = async |_: &Rollout| {
        let held = a.add_hold(&hold(NEW.0[0]), 0).await;
        held.expect("there is no other");
    };
    check_stop((a, b), stop, "store.held").await;
}

pub async fn who_steps_and_is_answered_has_stopped_every_older_promise(
    a: &dyn Store,
    b: &dyn Store,
) {
    let stop = async |rollout: &Rollout| {
        let next = changed(rollout);
        let saved = a.save_step(&step(&next, rollout, &[])).await;
        saved.expect("nobody else changes it");
    };
    check_stop((a, b), stop, "store.generation-changed").await;
}

pub async fn two_numbered_promises_have_two_numbers(a: &dyn Store, b: &dyn Store) {
    a.begin_order_numbers(0).await.expect("writable");
    let rollout = with_places(a, 2 * ROUNDS, 1000).await;
    let mut numbers = BTreeSet::new();
    for round in 0..ROUNDS {
        let both = tokio::join!(
            order(a, &rollout, 2 * round),
            order(b, &rollout, 2 * round + 1)
        );
        numbers.extend([both.0, both.1]);
    }
    let first = FIRST_ORDER + 1;
    let expected: BTreeSet<_> = (first..first + 2 * ROUNDS as u32).collect();
    assert_eq!(numbers, expected);
}

pub async fn one_device_promised_twice_has_one_order(a: &dyn Store, b: &dyn Store) {
    a.begin_order_numbers(0).await.expect("writable");
    let rollout = with_places(a, ROUNDS, 1000).await;
    for n in 0..ROUNDS {
        let (one, other) = tokio::join!(order(a, &rollout, n), order(b, &rollout, n));
        assert_eq!(one, other);
        let orders = b.recent_orders(&id(n), 9).await.expect("readable");
        assert_eq!(orders.len(), 1);
        assert_eq!(kinds(b, n).await, ["promised", "enrolled", "registered"]);
    }
}

pub async fn numbers_begin_once(a: &dyn Store, b: &dyn Store) {
    let begun = tokio::join!(a.begin_order_numbers(100), b.begin_order_numbers(200));
    begun.0.and(begun.1).expect("the second changes nothing");
    let rollout = with_places(a, 2, 1000).await;
    let first = order(b, &rollout, 0).await;
    let begins = [FIRST_ORDER + 101, FIRST_ORDER + 201];
    assert!(begins.contains(&first), "{first}");
    assert_eq!(order(a, &rollout, 1).await, first + 1);
}

pub async fn one_of_two_servers_saves_the_same_step(a: &dyn Store, b: &dyn Store) {
    let mut rollout = started(a, 1).await;
    for round in 1..=ROUNDS {
        let (next, incidents) = (changed(&rollout), [incident(&rollout)]);
        let step = NextStep {
            incidents: &incidents,
            ..step(&next, &rollout, &[])
        };
        let outcomes = tokio::join!(a.save_step(&step), b.save_step(&step));
        assert_eq!(one_of_two(outcomes), "store.conflict");
        assert_eq!(b.incidents().await.expect("readable").len(), round);
        rollout = next;
    }
}

pub async fn a_class_starts_one_rollout_of_two(a: &dyn Store, b: &dyn Store) {
    register(a, 4).await;
    let devices = enrolments(4);
    for round in 1..=ROUNDS {
        let (mut first, mut second) = (rollout(a, NEW, 4).await, rollout(b, OLD, 4).await);
        first.candidate.class = format!("class-{round}");
        second.candidate.class = format!("class-{round}");
        let outcomes = tokio::join!(
            a.start_rollout(&first, &devices, None),
            b.start_rollout(&second, &devices, None)
        );
        assert_eq!(one_of_two(outcomes), "store.conflict");
        let active = b.active_rollouts(None).await.expect("readable");
        assert_eq!(active.len(), round);
    }
}

pub async fn one_of_two_holds_counts_the_other(a: &dyn Store, b: &dyn Store) {
    for others in 0..ROUNDS {
        let digest = 10 + 2 * others as u8;
        let (first, second) = (hold(digest), hold(digest + 1));
        let outcomes = tokio::join!(a.add_hold(&first, others), b.add_hold(&second, others));
        assert_eq!(one_of_two(outcomes), "store.conflict");
        assert_eq!(b.holds().await.expect("readable").len(), others + 1);
    }
}

pub async fn reports_that_come_twice_are_recorded_once(a: &dyn Store, b: &dyn Store) {
    started(a, ROUNDS).await;
    let report = |seq| StoredReport {
        seq,
        at: at(3),
        event: "{}".to_owned(),
        text: format!("said {seq}"),
    };
    let reports = [report(1), report(2), report(3)];
    for n in 0..ROUNDS {
        let news = AtomicUsize::new(0);
        let fold = |_: &Candidate, progress: Progress, known: Known| {
            news.fetch_add(usize::from(known.acknowledged == 0), Ordering::Relaxed);
            progress
        };
        let device = id(n);
        let (one, other) = tokio::join!(
            a.record(&device, None, at(3), &reports, &fold),
            b.record(&device, None, at(3), &reports, &fold)
        );
        assert_eq!((one.expect("known"), other.expect("known")), (3, 3));
        let told = kinds(b, n).await;
        assert_eq!(told[..4], ["reported", "reported", "reported", "enrolled"]);
        assert_eq!(news.into_inner(), 1, "the other one came second");
    }
}

/// Each wants many of the devices, one of them from the other end.
pub async fn steps_and_reports_cross_without_harm(a: &dyn Store, b: &dyn Store) {
    let devices = 12;
    let mut rollout = started(a, devices).await;
    let (began, booted) = (at(1), at(2));
    for n in 0..devices {
        let at = at(3);
        set_progress(a, n, Progress::Confirmed { began, booted, at }).await;
    }
    let back = |n| Action::Return {
        device: id(n),
        to: OLD,
    };
    let actions: Vec<_> = (0..devices).map(back).collect();
    let forth: Vec<_> = (0..devices).map(|n| (id(n), at(8))).collect();
    let reverse: Vec<_> = forth.iter().rev().cloned().collect();
    for round in 0..ROUNDS {
        let next = changed(&rollout);
        let step = step(&next, &rollout, &actions);
        let report = async {
            for n in (0..devices).rev() {
                let same = |_: &Candidate, progress: Progress, _: Known| progress;
                let recorded = b.record(&id(n), None, at(8), &[], &same).await;
                recorded.expect("a known device");
            }
        };
        let (saved, (), one, other) = tokio::join!(
            a.save_step(&step),
            report,
            b.touch(&reverse),
            a.touch(&forth)
        );
        saved.expect("nobody else steps");
        one.and(other).expect("known devices");
        for n in 0..devices {
            let now = progress(b, &rollout, n).await;
            assert_eq!(now.id(), "returning", "round {round}");
        }
        rollout = next;
    }
}

pub async fn incidents_and_plans_are_numbered_without_gaps(a: &dyn Store, b: &dyn Store) {
    let rollout = started(a, 1).await;
    let (incident, kim) = (incident(&rollout), person("kim", Duty::Operations).email);
    let work = async |store: &dyn Store| {
        for round in 0..ROUNDS {
            store.open_incident(&incident).await.expect("writable");
            refused_step(store, &rollout).await;
            let text = format!("plan {round}");
            let activated = store.activate_plan(&text, [7; 32], &kim, at(1)).await;
            activated.expect("writable");
        }
    };
    tokio::join!(work(a), work(b));
    let incidents = b.incidents().await.expect("readable");
    let numbers: Vec<_> = incidents.iter().rev().map(|one| one.id.0).collect();
    assert_eq!(numbers, (1..=2 * ROUNDS as i64).collect::<Vec<_>>());
    let plans = b.activations_from(1).await.expect("readable");
    let numbers: Vec<_> = plans.iter().map(|one| one.revision).collect();
    assert_eq!(numbers, (1..=2 * ROUNDS as i64).collect::<Vec<_>>());
}

/// A step that is undone after it has opened its incident: nobody has the release that it moves.
async fn refused_step(store: &dyn Store, rollout: &Rollout) {
    let (next, unknown) = (changed(rollout), release("9.9.9", 9));
    let incidents = [incident(rollout)];
    let refused = NextStep {
        incidents: &incidents,
        release: Some(StageChange {
            release: &unknown,
            expected: StageName::Signed,
        }),
        ..step(&next, rollout, &[])
    };
    let refused = store.save_step(&refused).await;
    assert_eq!(refused.expect_err("no release").id(), "store.not-found");
}
