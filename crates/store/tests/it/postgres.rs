//! What is PostgreSQL's own: its statements, its tables' versions, transactions that it undoes, connections that it loses.

use std::time::Duration;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_store::{
    AddressError, Devices as _, Plans as _, PostgresStore, Probe as _, Pulse as _, Reports as _,
    StoreError, StoredReport,
};
use sqlx::{Executor as _, PgConnection};

use crate::cluster;
use crate::patience::until;

fn id(name: &str) -> DeviceId {
    DeviceId::new(name).expect("a safe name")
}

fn device(name: &str) -> Device {
    Device {
        id: id(name),
        class: "thermo-v2".to_owned(),
        hardware: "B".to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: Timestamp::UNIX_EPOCH,
        last_seen: None,
        running: None,
        attributes: Default::default(),
    }
}

async fn with_devices(address: &str, names: &[&str]) -> PostgresStore {
    let store = PostgresStore::open(address).await.expect("our tables");
    for (n, name) in names.iter().enumerate() {
        let new = store.register(&device(name), [n as u8; 32]).await;
        new.expect("new");
    }
    store
}

#[tokio::test]
async fn many_may_make_the_tables_at_once() {
    let address = cluster::database("template1").await;
    let open = || PostgresStore::open(&address);
    let (a, b, c) = tokio::join!(open(), open(), open());
    for store in [a, b, c] {
        let store = store.expect("opened by all");
        assert_eq!(store.active_plan().await.expect("readable"), None);
    }
}

async fn change(database: &mut PgConnection, sql: &'static str) {
    database.execute(sql).await.expect("a good statement");
}

async fn refused(address: &str) -> StoreError {
    let opened = PostgresStore::open(address).await;
    opened.expect_err("it can't be opened")
}

/// While servers are replaced one by one, those of the version before go on with the tables of the new one.
#[tokio::test]
async fn newer_tables_say_who_may_still_use_them() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let mut database = cluster::connect(&address).await;
    change(&mut database, "UPDATE schema SET version = 99").await;
    let store = with_devices(&address, &["th-1"]).await;
    assert_eq!(store.devices(None).await.expect("readable").len(), 1);
    store.probe().await.expect("nothing is against it");
    change(&mut database, "UPDATE schema SET min_reader = 99").await;
    let unready = store.probe().await.expect_err("others don't bear it");
    assert_eq!(unready.id(), "store.newer", "{unready}");
    let refused = refused(&address).await;
    assert_eq!(refused.id(), "store.newer", "{refused}");
}

/// A step that older programs can't work beside is taken where none is connected. One that held no connection just then comes back afterwards, and
/// would go on with tables that mean something else by now.
#[tokio::test]
async fn who_was_away_when_others_could_no_more_stays_away() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let mut database = cluster::connect(&address).await;
    // Connections are made when they are needed, so none is there yet.
    let away = PostgresStore::open(&address).await.expect("our tables");
    let taken = "UPDATE schema SET version = 99, min_reader = 99";
    change(&mut database, taken).await;
    let names = ["th-1", "th-2"].map(device);
    for device in &names {
        let refused = away.register(device, [7; 32]).await;
        assert_eq!(refused.expect_err("too old").id(), "store.newer");
        let refused = away.devices(None).await;
        assert_eq!(refused.expect_err("too old").id(), "store.newer");
        let refused = away.pulse().await;
        assert_eq!(refused.expect_err("too old").id(), "store.newer");
        let refused = away.probe().await;
        assert_eq!(refused.expect_err("too old").id(), "store.newer");
    }
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM devices")
        .fetch_one(&mut database)
        .await
        .expect("readable");
    assert_eq!(kept, 0);
    // Restored as it was before that step, the database has it back.
    change(&mut database, "UPDATE schema SET min_reader = 1").await;
    until("it is let in again", async || away.pulse().await.is_ok()).await;
    away.register(&names[0], [7; 32]).await.expect("new");
    assert_eq!(away.devices(None).await.expect("readable").len(), 1);
}

#[tokio::test]
async fn tables_of_others_are_left_alone() {
    let address = cluster::database("template1").await;
    let mut database = cluster::connect(&address).await;
    change(&mut database, "CREATE TABLE recipes (text text)").await;
    let refused = refused(&address).await;
    assert_eq!(refused.id(), "store.foreign", "{refused}");
    let (tables,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&mut database)
            .await
            .expect("readable");
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn who_cannot_be_reached_is_told_without_the_password() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let nobody = folder.path().display().to_string().replace('/', "%2F");
    let there = cluster::database(cluster::WITH_TABLES).await;
    let gone = there.replace("/test_", "/gone_");
    for (address, expected) in [
        (
            format!("postgres://kim:hunter2@{nobody}/mainstay"),
            "store.unreachable",
        ),
        (gone, "store.unreachable"),
        (
            "postgres://kim:hunter2@host:port/mainstay".to_owned(),
            "store.address",
        ),
        (
            "mysql://kim:hunter2@host/mainstay".to_owned(),
            "store.address",
        ),
        ("hunter2".to_owned(), "store.address"),
    ] {
        let refused = refused(&address).await;
        assert_eq!(refused.id(), expected, "{refused}");
        for said in [refused.to_string(), format!("{refused:?}")] {
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

/// The store has noted the first device and wants the second, a stranger the other way round: one of them must give way.
#[tokio::test]
async fn who_was_undone_for_another_tries_again() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let store = with_devices(&address, &["th-1", "th-2"]).await;
    let mut stranger = cluster::connect(&address).await;
    let mut watch = cluster::connect(&address).await;
    // The stranger waits for ever, so that it is the store which finds that nothing goes on.
    change(&mut stranger, "SET deadlock_timeout = '1h'; BEGIN").await;
    change(
        &mut stranger,
        "INSERT INTO contacts SELECT key, 0 FROM devices WHERE id = 'th-2'",
    )
    .await;
    let heard = Timestamp::from_second(7).expect("a small number");
    let both = [(id("th-1"), heard), (id("th-2"), heard)];
    let crossing = async {
        cluster::somebody_waits(&mut watch).await;
        change(
            &mut stranger,
            "INSERT INTO contacts SELECT key, 0 FROM devices WHERE id = 'th-1'; COMMIT",
        )
        .await;
    };
    let (touched, ()) = tokio::join!(store.touch(&both), crossing);
    touched.expect("at the second try");
    for device in store.devices(None).await.expect("readable") {
        assert_eq!(device.last_seen, Some(heard));
    }
    wait_for_deadlock(&mut watch).await;
}

/// Waits until PostgreSQL says that it undid somebody in this database; it counts with some delay.
async fn wait_for_deadlock(database: &mut PgConnection) {
    for _ in 0..1200 {
        let (undone,): (i64,) = sqlx::query_as(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
        )
        .fetch_one(&mut *database)
        .await
        .expect("readable");
        if undone > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody was undone: the two didn't cross");
}

#[tokio::test]
async fn a_lost_connection_has_a_name_and_the_next_one_works() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let store = with_devices(&address, &["th-1"]).await;
    let mut stranger = cluster::connect(&address).await;
    change(&mut stranger, "BEGIN; LOCK contacts IN SHARE MODE").await;
    let mut watch = cluster::connect(&address).await;
    let heard = [(id("th-1"), Timestamp::UNIX_EPOCH)];
    let losing = async {
        cluster::somebody_waits(&mut watch).await;
        let lost = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'mainstay'";
        change(&mut watch, lost).await;
    };
    let (touched, ()) = tokio::join!(store.touch(&heard), losing);
    assert_eq!(
        touched.expect_err("it was cut off").id(),
        "store.unreachable"
    );
    change(&mut stranger, "ROLLBACK").await;
    // Every connection was cut off; one that wasn't idle for long is found so by who uses it.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    store.touch(&heard).await.expect("a new connection");
    assert_eq!(store.devices(None).await.expect("readable").len(), 1);
}

/// A wave that opens makes every device be looked at. A pulse in line behind the looks would be late, and none of them remembered.
#[tokio::test]
async fn the_pulse_is_felt_while_every_reader_is_at_work() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let store = with_devices(&address, &["th-1"]).await;
    let mut stranger = cluster::connect(&address).await;
    change(
        &mut stranger,
        "BEGIN; LOCK devices IN ACCESS EXCLUSIVE MODE",
    )
    .await;
    let looks = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.devices(None).await })
    });
    let looks: Vec<_> = looks.collect();
    let mut watch = cluster::connect(&address).await;
    cluster::so_many_wait(&mut watch, 4).await;
    let felt = tokio::time::timeout(Duration::from_secs(10), store.pulse()).await;
    felt.expect("nothing to wait for").expect("readable");
    change(&mut stranger, "ROLLBACK").await;
    for look in looks {
        look.await.expect("no panic").expect("readable");
    }
}

/// A sign that PostgreSQL can't keep must not keep a device from reporting for ever.
#[tokio::test]
async fn a_report_with_a_strange_sign_is_recorded() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let store = with_devices(&address, &["th-1"]).await;
    let at = Timestamp::UNIX_EPOCH;
    let report = StoredReport {
        seq: 1,
        at,
        event: "{\"event\":\"confirmed\",\"release\":\"\\u0000\"}".to_owned(),
        text: "said \0".to_owned(),
    };
    let recorded = store
        .record(&id("th-1"), None, at, &[report], &|_, progress, _| progress)
        .await;
    assert_eq!(recorded.expect("a known device"), 1);
    let told = store.timeline(&id("th-1"), 1).await.expect("readable");
    assert_eq!(told[0].text, "said \u{fffd}");
}

/// Who set the database up may have wanted it faster than a promise allows.
#[tokio::test]
async fn a_database_that_was_set_up_otherwise_is_overruled() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let name = address.rsplit('/').next().expect("it has a name");
    let mut database = cluster::connect(&address).await;
    for setting in [
        "synchronous_commit = off",
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = 0",
    ] {
        let sql = sqlx::AssertSqlSafe(format!("ALTER DATABASE {name} SET {setting}"));
        let done = sqlx::raw_sql(sql).execute(&mut database).await;
        done.expect("the owner may");
    }
    let noted = "ALTER TABLE devices
      ADD durable text DEFAULT current_setting('synchronous_commit'),
      ADD level text DEFAULT current_setting('transaction_isolation'),
      ADD bound text DEFAULT current_setting('statement_timeout')";
    change(&mut database, noted).await;
    with_devices(&address, &["th-1"]).await;
    let found: (String, String, String) =
        sqlx::query_as("SELECT durable, level, bound FROM devices")
            .fetch_one(&mut database)
            .await
            .expect("readable");
    let expected = ["on", "read committed", "5min"].map(str::to_owned);
    assert_eq!([found.0, found.1, found.2], expected);
}

#[tokio::test]
async fn a_try_keeps_nothing_and_two_may_try_at_once() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let open = || PostgresStore::open(&address);
    let (one, other) = tokio::join!(open(), open());
    let (one, other) = (one.expect("our tables"), other.expect("our tables"));
    for _ in 0..4 {
        let (first, second) = tokio::join!(one.probe(), other.probe());
        first.and(second).expect("writable");
    }
    let mut database = cluster::connect(&address).await;
    let found: (i64, i64) = sqlx::query_as("SELECT tries, pg_table_size('probe_room') FROM probe")
        .fetch_one(&mut database)
        .await
        .expect("readable");
    let empty = 8192; // the one page of its index for large values
    assert_eq!(found, (8, empty));
}

/// A backup has all tables open for as long as it takes.
#[tokio::test]
async fn a_try_does_not_wait_for_a_backup() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let store = PostgresStore::open(&address).await.expect("our tables");
    let mut backup = cluster::connect(&address).await;
    change(
        &mut backup,
        "BEGIN; LOCK probe, probe_room IN ACCESS SHARE MODE",
    )
    .await;
    let tried = tokio::time::timeout(Duration::from_secs(5), store.probe()).await;
    tried.expect("nothing to wait for").expect("writable");
}

/// As a server in such a need says it (PostgreSQL documentation, appendix A "PostgreSQL Error Codes").
#[tokio::test]
async fn what_the_database_says_is_called_by_its_name() {
    let mut database = cluster::connect(&cluster::database("template1").await).await;
    for (code, id) in [
        ("53100", "store.full"),
        ("53200", "store.busy"),
        ("53300", "store.busy"),
        ("53400", "store.busy"),
        ("55P03", "store.busy"),
        ("57014", "store.busy"),
        ("25006", "store.unreachable"),
        ("58030", "store.unreachable"),
        ("3D000", "store.unreachable"),
        ("08006", "store.unreachable"),
        ("28P01", "store.unreachable"),
        ("57P03", "store.unreachable"),
        ("XX001", "store.damaged"),
        ("XX002", "store.damaged"),
        ("42P01", "store.failed"),
    ] {
        let raise = format!("DO $$ BEGIN RAISE 'so it is' USING ERRCODE = '{code}'; END $$");
        let raise = sqlx::raw_sql(sqlx::AssertSqlSafe(raise));
        let raised = raise.execute(&mut database).await;
        let told = StoreError::from(raised.expect_err("it is raised"));
        assert_eq!(told.id(), id, "{code}");
    }
}

/// Nothing that is wrong with an address or a database by itself passes by waiting.
#[test]
fn only_what_passes_is_called_passing() {
    let (needed, known) = (2, 1);
    for lasting in [
        StoreError::Address(AddressError::NotOne),
        StoreError::NotOurs,
        StoreError::TooNew { needed, known },
    ] {
        assert!(!lasting.is_passing(), "{lasting}");
    }
}
