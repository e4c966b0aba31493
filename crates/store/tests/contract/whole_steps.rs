//! Steps of the tables: told before they are taken, never in a database that has no fleet, and none beside whoever can't bear it.

use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_store::whole::{self, StoreAt};
use mainstay_store::{Devices as _, Plans as _, PostgresStore};
use sqlx::{Connection as _, PgConnection};

use super::cluster;
use super::fixture::{id, register};
use super::whole::{an_empty_database, change};

async fn number(database: &mut PgConnection, sql: &'static str) -> i64 {
    let number = sqlx::query_scalar(sql).fetch_one(database).await;
    number.expect("readable")
}

const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";

/// An empty database gets none: who named it may have meant another one. One that has them all lacks none.
#[tokio::test]
async fn steps_are_told_before_they_are_taken() {
    let (address, there) = an_empty_database().await;
    let steps = whole::missing(&there).await.expect("reachable");
    assert_eq!(steps.version, 0);
    assert!(steps.missing.len() >= 2, "{steps:?}");
    let mut database = cluster::connect(&address).await;
    let tables = number(&mut database, TABLES).await;
    assert_eq!(tables, 0, "only looked at");
    let refused = whole::migrate(&there).await.expect_err("no fleet in it");
    assert_eq!(refused.id(), "store.empty");
    let steps_yet = whole::missing(&there).await.expect("reachable");
    assert_eq!(steps_yet, steps);
    let made = PostgresStore::open(&address).await;
    made.expect("an empty database").close().await;
    let (version, min_reader): (i64, i64) =
        sqlx::query_as("SELECT version, min_reader FROM schema")
            .fetch_one(&mut database)
            .await
            .expect("readable");
    assert_eq!(
        version,
        i64::from(steps.missing.last().expect("some").number)
    );
    let said = steps
        .missing
        .iter()
        .filter_map(|step| step.min_reader)
        .next_back();
    assert_eq!(Some(min_reader), said.map(i64::from));
    let steps = whole::missing(&there).await.expect("reachable");
    assert_eq!(steps.missing, []);
}

/// What a slip in a name leads to, or a restore that was forgotten.
#[tokio::test]
async fn a_database_without_a_fleet_is_told_and_left_as_it_is() {
    let (address, there) = an_empty_database().await;
    let StoreAt::Database(place) = there else {
        unreachable!("it is one");
    };
    let looked = || async {
        let looked = PostgresStore::look_at(&place).await;
        looked.map_err(|error| error.id())
    };
    assert_eq!(looked().await, Err("store.empty"));
    let mut database = cluster::connect(&address).await;
    assert_eq!(number(&mut database, TABLES).await, 0);
    let store = PostgresStore::open(&address).await.expect("made now");
    assert_eq!(looked().await, Err("store.empty"), "tables and no plan");
    let kim = Email::new("kim@northwind.example").expect("an address");
    let plan = store.activate_plan("a plan", [1; 32], &kim, Timestamp::UNIX_EPOCH);
    plan.await.expect("the first one");
    assert_eq!(looked().await, Ok(()));
}

/// A server that runs on older tables would go on beside a step that it can't bear, and nobody would see it.
#[tokio::test]
async fn a_step_that_others_do_not_bear_waits_until_they_are_stopped() {
    let (address, there) = an_empty_database().await;
    for step in [
        include_str!("../../src/postgres/migrations/0001_first.sql"),
        include_str!("../../src/postgres/migrations/0002_people.sql"),
    ] {
        change(&there, step).await;
    }
    let older = cluster::connect(&format!("{address}?application_name=mainstay")).await;
    let refused = PostgresStore::open(&address).await;
    let refused = refused.expect_err("an older one is there");
    assert_eq!(refused.id(), "store.in-use", "{refused}");
    let mut database = cluster::connect(&address).await;
    let version = number(&mut database, "SELECT version FROM schema").await;
    assert_eq!(version, 2, "nothing was changed");
    older.close().await.expect("it is open");
    // Several new ones may come at once: whoever waits for the steps hinders nobody.
    let open = || PostgresStore::open(&address);
    let (one, other) = tokio::join!(open(), open());
    one.and(other).expect("they are alone");
}

/// An older server reads the devices' own column alone, so none is connected when contacts get their own rows. What it wrote counts on.
#[tokio::test]
async fn contacts_begin_behind_older_servers_and_with_what_they_heard() {
    let (address, there) = an_empty_database().await;
    let store = PostgresStore::open(&address).await.expect("our tables");
    register(&store, 2).await;
    store.close().await;
    // All that the steps from 6 on make goes.
    let before = "DROP TABLE deliveries, webhooks, events, event_numbers, idempotency_keys, subjects, contacts, join_codes, revoked_certificates, children, issued_certificates, welcomes;
                   DROP INDEX orders_unverified, orders_in_hand, orders_installed;
                   UPDATE schema SET version = 5, min_reader = 3;
                  UPDATE devices SET last_seen = 5000000 WHERE id = 'th-00000'";
    change(&there, before).await;
    let older = cluster::connect(&format!("{address}?application_name=mainstay")).await;
    let refused = PostgresStore::open(&address).await;
    let refused = refused.expect_err("an older one is there");
    assert_eq!(refused.id(), "store.in-use", "{refused}");
    older.close().await.expect("it is open");
    let store = PostgresStore::open(&address).await.expect("our tables");
    let seen = async || {
        let devices = store.devices(None).await.expect("readable");
        let seen = devices.into_iter().map(|device| device.last_seen);
        let seen = seen.map(|at| at.map(Timestamp::as_second));
        seen.collect::<Vec<_>>()
    };
    let hear = async |second| {
        let at = Timestamp::from_second(second).expect("a small number");
        store.touch(&[(id(0), at)]).await.expect("writable");
    };
    assert_eq!(seen().await, [Some(5), None]);
    hear(7).await;
    assert_eq!(seen().await, [Some(7), None]);
    change(&there, "UPDATE devices SET last_seen = 9000000").await;
    assert_eq!(seen().await, [Some(9), Some(9)]);
    hear(8).await;
    assert_eq!(seen().await, [Some(9), Some(9)]);
    store.close().await;
}
