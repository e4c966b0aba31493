//! A brake waits for the promises that are under way, and a code for the code, which only a store with several writers can show.

use std::time::Duration;

use mainstay_access::CodeRefusal;
use mainstay_rollout::Rollout;
use mainstay_store::{Promise, PromiseRefusal, Promised, Store};
use sqlx::{Executor as _, PgConnection};
use tokio::time::timeout;

use super::door_races::{CODE, shown, with_codes};
use super::fixture::{FORWARD, NEW, at, changed, id, started};
use super::races::{hold, step};
use super::{Opened, Place, cluster, postgres};

/// What isn't answered by then is waiting.
const LONG: Duration = Duration::from_millis(500);

async fn connect(opened: &Opened) -> PgConnection {
    let Place::Database(address) = &opened.place else {
        unreachable!("it was opened as one");
    };
    cluster::connect(address).await
}

async fn change(database: &mut PgConnection, sql: &'static str) {
    database.execute(sql).await.expect("a good statement");
}

/// A promise stands still after it has looked at everything: `brake` isn't answered then. It is once the promise is made, and the
/// next promise is refused.
async fn check(brake: impl AsyncFn(&dyn Store, &Rollout), expected: &str) {
    let opened = postgres().await;
    let (mut stranger, mut watch) = (connect(&opened).await, connect(&opened).await);
    let store = &*opened.store;
    store.begin_order_numbers(0).await.expect("writable");
    let rollout = started(store, 2).await;
    let promise = async |n| {
        let promise = Promise {
            rollout: rollout.id,
            expected_generation: rollout.generation,
            device: &id(n),
            offer: FORWARD,
            at: at(7),
            numbered: true,
        };
        store.promise(&promise).await
    };
    change(&mut stranger, "BEGIN; UPDATE order_numbers SET last = last").await;
    let braking = async {
        cluster::somebody_waits(&mut watch).await;
        let early = timeout(LONG, brake(store, &rollout)).await;
        change(&mut stranger, "COMMIT").await;
        early.is_ok()
    };
    let (promised, early): (Result<Promised, PromiseRefusal>, bool) =
        tokio::join!(promise(0), braking);
    promised.expect("nothing speaks against it");
    assert!(!early, "it was answered while a promise was under way");
    brake(store, &rollout).await;
    let late = promise(1).await;
    assert_eq!(late.expect_err("it came later").id(), expected);
}

#[tokio::test]
async fn a_hold_waits_for_promises_under_way() {
    let hold = async |store: &dyn Store, _: &Rollout| {
        let held = store.add_hold(&hold(NEW.0[0]), 0).await;
        held.expect("there is no other");
    };
    check(hold, "store.held").await;
}

#[tokio::test]
async fn a_step_waits_for_promises_under_way() {
    let save = async |store: &dyn Store, rollout: &Rollout| {
        let next = changed(rollout);
        let saved = store.save_step(&step(&next, rollout, &[])).await;
        saved.expect("nobody else steps");
    };
    check(save, "store.generation-changed").await;
}

/// The first code stands still after it was compared; the second is compared with what has been counted by then.
#[tokio::test]
async fn a_code_waits_for_the_one_under_way() {
    let opened = postgres().await;
    let (mut stranger, mut watch) = (connect(&opened).await, connect(&opened).await);
    let (one, other) = (&*opened.store, &*opened.elsewhere().await);
    with_codes(one, 0, 0, 2).await;
    change(&mut stranger, "BEGIN; UPDATE accounts SET since = since").await;
    let second = async {
        cluster::somebody_waits(&mut watch).await;
        let early = timeout(LONG, shown(other, 1, CODE)).await;
        assert!(
            early.is_err(),
            "it was answered while another was under way"
        );
        change(&mut stranger, "COMMIT").await;
    };
    let (first, ()) = tokio::join!(shown(one, 0, CODE), second);
    assert_eq!(first, Ok(()));
    assert_eq!(shown(other, 1, CODE).await, Err(CodeRefusal::Used));
}
