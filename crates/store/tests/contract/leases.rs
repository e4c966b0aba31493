//! That one server does a job, and another one once the first is gone.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_store::{Bid, Lease, Store};

use crate::patience::until;
use crate::{postgres, sqlite};

const JOB: &str = "rollouts";
/// As long as a story may hold its breath.
const LONG: Duration = Duration::from_secs(60);
/// Shorter than that by much, and still nothing that runs out between two statements.
const LESS: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

/// What is tried so often was no luck.
const ROUNDS: u64 = 12;

#[expect(
    clippy::disallowed_methods,
    reason = "a database that several servers share goes by the real time"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

pub async fn take(
    store: &dyn Store,
    holder: &str,
    known: Option<u64>,
    lasts: Duration,
) -> Option<u64> {
    let bid = Bid {
        job: JOB,
        holder,
        known,
        lasts,
        now: now(),
    };
    store.take_lease(&bid).await.expect("writable")
}

async fn give_back(store: &dyn Store, holder: &str, generation: u64) {
    let given = store.give_lease_back(JOB, holder, generation).await;
    given.expect("writable");
}

async fn only(store: &dyn Store) -> Lease {
    let leases = store.leases().await.expect("readable");
    <[Lease; 1]>::try_from(leases).expect("one job")[0].clone()
}

/// Waits until the database says that nobody does the job.
async fn run_out(store: &dyn Store) {
    until("the lease runs out", async || {
        only(store).await.left.is_zero()
    })
    .await;
}

pub async fn a_job_is_taken_once_and_renewed(store: &dyn Store) {
    assert_eq!(store.leases().await.expect("readable"), []);
    assert!(store.lease_lasts() > Duration::ZERO);
    assert_eq!(take(store, "one", None, LESS).await, Some(1));
    assert_eq!(take(store, "one", Some(1), LONG).await, Some(1), "renewed");
    assert_eq!(take(store, "other", None, LONG).await, None);
    let lease = only(store).await;
    assert_eq!(
        (lease.job.as_str(), lease.holder.as_str(), lease.generation),
        (JOB, "one", 1)
    );
    assert!(lease.left > LESS && lease.left <= LONG, "{lease:?}");
    let another = Bid {
        job: "sums",
        holder: "other",
        known: None,
        lasts: LONG,
        now: now(),
    };
    let taken = store.take_lease(&another).await.expect("writable");
    assert_eq!(taken, Some(1), "each job has its own");
}

/// What a server held before it was started anew is its own at once, under another number.
pub async fn a_server_that_was_started_anew_takes_its_job_again(store: &dyn Store) {
    assert_eq!(take(store, "one", None, LONG).await, Some(1));
    assert_eq!(take(store, "one", None, LONG).await, Some(2));
    // Whoever else bears its name hears that something is wrong.
    assert_eq!(take(store, "one", Some(1), LONG).await, Some(3));
}

pub async fn a_lease_runs_out_and_its_holder_finds_out(store: &dyn Store) {
    assert_eq!(take(store, "one", None, SHORT).await, Some(1));
    run_out(store).await;
    assert_eq!(take(store, "other", None, LONG).await, Some(2));
    assert_eq!(take(store, "one", Some(1), LONG).await, None, "it slept");
    // Nor does what it does in its sleep take the job from the other one.
    give_back(store, "one", 1).await;
    give_back(store, "other", 1).await;
    let lease = only(store).await;
    assert_eq!((lease.holder.as_str(), lease.generation), ("other", 2));
    assert!(!lease.left.is_zero(), "{lease:?}");
}

/// Nobody was faster, but somebody could have been.
pub async fn who_slept_through_its_lease_gets_another_number(store: &dyn Store) {
    assert_eq!(take(store, "one", None, SHORT).await, Some(1));
    run_out(store).await;
    assert_eq!(take(store, "one", Some(1), LONG).await, Some(2));
}

pub async fn what_is_given_back_is_taken_at_once(here: &dyn Store, there: &dyn Store) {
    assert_eq!(take(here, "one", None, LONG).await, Some(1));
    assert_eq!(take(there, "other", None, LONG).await, None);
    give_back(here, "one", 1).await;
    assert!(only(there).await.left.is_zero());
    assert_eq!(take(there, "other", None, LONG).await, Some(2));
}

pub async fn one_of_two_takes_a_job(here: &dyn Store, there: &dyn Store) {
    for round in 1..=ROUNDS {
        let (one, other) = tokio::join!(
            take(here, "one", None, LONG),
            take(there, "other", None, LONG)
        );
        let winner = match (one, other) {
            (Some(number), None) if number == round => "one",
            (None, Some(number)) if number == round => "other",
            both => panic!("round {round}: {both:?}"),
        };
        assert_eq!(only(here).await.holder, winner);
        give_back(there, winner, round).await;
    }
}

/// What came of a bid of a server whose clock is ahead by so many seconds: its lease's number, or an error's id.
async fn bid_ahead(store: &dyn Store, ahead_s: i64) -> Result<Option<u64>, &'static str> {
    let bid = Bid {
        job: JOB,
        holder: "one",
        known: None,
        lasts: LONG,
        now: now() + SignedDuration::from_secs(ahead_s),
    };
    let taken = store.take_lease(&bid).await;
    taken.map_err(|error| error.id())
}

#[tokio::test]
async fn whose_clock_is_apart_gets_no_lease_where_servers_share_a_database() {
    let opened = postgres().await;
    let store = &*opened.store;
    for ahead_s in [-3600, -30, 30, 3600] {
        let refused = bid_ahead(store, ahead_s).await;
        assert_eq!(refused, Err("store.clock-apart"), "{ahead_s}");
    }
    assert_eq!(store.leases().await.expect("readable"), []);
    assert_eq!(bid_ahead(store, 1).await, Ok(Some(1)));
    // It isn't renewed either, and is over in time.
    assert_eq!(bid_ahead(store, 30).await, Err("store.clock-apart"));
    give_back(store, "one", 1).await;
    // While a server with a right clock does the job, this one hears of it and follows.
    assert_eq!(take(store, "other", None, LONG).await, Some(2));
    assert_eq!(bid_ahead(store, 3600).await, Ok(None));
}

#[tokio::test]
async fn a_file_goes_by_the_clock_of_its_machine_alone() {
    let opened = sqlite().await;
    let taken = bid_ahead(&*opened.store, 1_000_000).await;
    assert_eq!(taken, Ok(Some(1)));
}
