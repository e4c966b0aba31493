//! A brake waits for the promises that are under way, and who comes in for who is coming in, which only a store with several writers can show.

use std::time::Duration;

use futures_util::future::join_all;
use mainstay_access::{CodeRefusal, Role, SetupLink};
use mainstay_rollout::Rollout;
use mainstay_store::{Promise, PromiseRefusal, Promised, Store, reads};
use sqlx::{Executor as _, PgConnection};
use tokio::time::timeout;

use super::accounts::{account, hash};
use super::door_races::{CODE, shown, used, with_codes};
use super::fixture::{FORWARD, NEW, at, changed, id, started};
use super::races::{hold, one_of_two, step};
use super::{Opened, Place, cluster, postgres};

/// What isn't answered by then is waiting.
const LONG: Duration = Duration::from_millis(500);

/// What waits for nothing is answered by then, on the slowest machine.
const ANSWERED: Duration = Duration::from_secs(10);

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
            expected_standing: store.standing_generation().await.expect("readable"),
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

/// As many read devices as a server has connections for that, and none of them gets on.
#[tokio::test]
async fn people_stand_in_no_line_behind_what_others_read() {
    let opened = postgres().await;
    let (mut stranger, mut watch) = (connect(&opened).await, connect(&opened).await);
    let store = &*opened.store;
    change(&mut stranger, "BEGIN; LOCK TABLE devices").await;
    let devices: Vec<_> = (0..4).map(id).collect();
    let others = join_all(devices.iter().map(|device| store.device(device)));
    let people = async {
        cluster::somebody_waits(&mut watch).await;
        let behind = timeout(LONG, store.rollouts()).await;
        let people = timeout(ANSWERED, reads::of_people(store.rollouts())).await;
        change(&mut stranger, "COMMIT").await;
        assert!(behind.is_err(), "there was a connection for it");
        assert_eq!(people.expect("it waits for nobody").expect("readable"), []);
    };
    let (others, ()) = tokio::join!(others, people);
    assert!(others.iter().all(Result::is_ok), "{others:?}");
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

/// Two servers are asked while a stranger holds what both change, so that neither is through before the other has begun.
async fn at_once<T>(
    stranger: &mut PgConnection,
    watch: &mut PgConnection,
    (one, other): (impl Future<Output = T>, impl Future<Output = T>),
) -> (T, T) {
    let release = async {
        cluster::so_many_wait(watch, 2).await;
        change(stranger, "COMMIT").await;
    };
    let (one, other, ()) = tokio::join!(one, other, release);
    (one, other)
}

#[tokio::test]
async fn a_code_waits_for_the_one_under_way() {
    let opened = postgres().await;
    let (mut stranger, mut watch) = (connect(&opened).await, connect(&opened).await);
    let (a, b) = (&*opened.store, &*opened.elsewhere().await);
    with_codes(a, 0, 0, 2).await;
    change(&mut stranger, "BEGIN; UPDATE accounts SET since = since").await;
    let both = (shown(a, 0, CODE), shown(b, 1, CODE));
    let outcomes = at_once(&mut stranger, &mut watch, both).await;
    let (good, late) = (Ok(()), Err(CodeRefusal::Used));
    assert!(
        outcomes == (good, late) || outcomes == (late, good),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn a_first_link_waits_for_the_one_under_way() {
    let opened = postgres().await;
    let (mut stranger, mut watch) = (connect(&opened).await, connect(&opened).await);
    let (a, b) = (&*opened.store, &*opened.elsewhere().await);
    for n in 1..3 {
        let link = SetupLink::first(hash(n), at(0));
        a.add_setup_link(&link, None).await.expect("new");
    }
    let (kim, eve) = (
        account("kim", Role::Operations),
        account("eve", Role::Operations),
    );
    change(&mut stranger, "BEGIN; UPDATE setup_links SET made = made").await;
    let both = (used(a, hash(1), &kim), used(b, hash(2), &eve));
    let outcomes = at_once(&mut stranger, &mut watch, both).await;
    assert_eq!(one_of_two(outcomes), "store.not-found");
    assert_eq!(a.accounts().await.expect("readable").len(), 1);
}
