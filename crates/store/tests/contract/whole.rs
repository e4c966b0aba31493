//! A store as a whole: carried to the other back end and back, whole or not at all.

use std::path::Path;
use std::sync::OnceLock;

use mainstay_store::whole::{self, Counted, StoreAt};
use mainstay_store::{
    PostgresAddress, PostgresPlace, PostgresStore, SqliteStore, Store, StoreError,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tokio::task::AbortHandle;

use super::fixture::{at, device, id, registration, token};
use super::whole_fleet::a_fleet;
use super::{FILE, cluster};
use crate::patience::until;

pub async fn an_empty_database() -> (String, StoreAt) {
    let address = cluster::database("template1").await;
    let at = at_address(&address);
    (address, at)
}

pub fn at_address(address: &str) -> StoreAt {
    StoreAt::Database(PostgresPlace {
        address: PostgresAddress::parse(address).expect("the cluster's"),
        password: None,
    })
}

pub async fn copied(from: &StoreAt, to: &StoreAt) -> Result<whole::Copied, StoreError> {
    whole::copy(from, to, &mut |_| {}).await
}

pub async fn sums(of: &StoreAt) -> Vec<Counted> {
    whole::sums(of, &mut |_| {}).await.expect("readable")
}

/// What any promise has left in a file.
pub async fn carry_there_and_back(path: &Path) {
    let here = StoreAt::File(path.to_owned());
    let (address, there) = an_empty_database().await;
    let over = copied(&here, &there).await.expect("carried over");
    let again = path.with_extension("again");
    let back = StoreAt::File(again.clone());
    let returned = copied(&there, &back).await.expect("carried back");
    assert_eq!(
        (&over.tables, returned.changed_texts),
        (&returned.tables, 0)
    );
    assert_eq!(sums(&here).await, over.tables);
    for one in [&here, &there, &back] {
        let checked = whole::check(one, None, &mut |_| {})
            .await
            .expect("readable");
        assert_eq!(checked.tables, over.tables);
    }
    let one = SqliteStore::open(&again).await.expect("ours");
    let other = PostgresStore::open(&address).await.expect("ours");
    assert_eq!(
        mainstay_store::Devices::devices(&one, None)
            .await
            .expect("readable"),
        mainstay_store::Devices::devices(&other, None)
            .await
            .expect("readable"),
    );
}

#[tokio::test]
async fn a_fleet_is_carried_over_and_goes_on() {
    let (folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    let mut told = Vec::new();
    let over = whole::copy(&here, &there, &mut |progress| told.push(progress.table)).await;
    let over = over.expect("carried over");
    for counted in &over.tables {
        assert!(counted.rows > 0, "{counted:?}");
        assert!(told.contains(&counted.table), "{told:?}");
    }
    assert_eq!(over.changed_texts, 1);
    assert_eq!(sums(&here).await, over.tables);

    let store = PostgresStore::open(&address).await.expect("ours");
    let said = mainstay_store::Devices::timeline(&store, &id(2), 1)
        .await
        .expect("readable");
    assert_eq!(said[0].text, "said \u{fffd}");
    // Sequences go on behind what was copied.
    register_another(&store).await;
    store.close().await;

    let back = StoreAt::File(folder.path().join("back.sqlite"));
    let returned = copied(&there, &back).await.expect("carried back");
    assert_eq!(sums(&there).await, returned.tables);
    let store = SqliteStore::open(&folder.path().join("back.sqlite"))
        .await
        .expect("ours");
    let devices = mainstay_store::Devices::devices(&store, None)
        .await
        .expect("readable");
    assert_eq!(devices.len(), 6);
    mainstay_store::Reports::record(&store, &id(4), None, at(20), &[], &|_, progress, _| {
        progress
    })
    .await
    .expect("it goes on");
}

async fn register_another(store: &dyn Store) {
    let new = registration(device(4), token(4));
    store.register_many(&[new]).await.expect("new");
}

/// What was cut off, or failed, is nothing at all.
#[tokio::test]
async fn a_copy_that_was_cut_off_is_no_store() {
    let (folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    // In the midst of it, whoever copies is gone.
    static COPYING: OnceLock<AbortHandle> = OnceLock::new();
    let (from, to) = (here.clone(), there.clone());
    let copying = tokio::spawn(async move {
        let mut watch = |progress: whole::Progress| {
            if progress.table == "orders" {
                COPYING.wait().abort();
            }
        };
        whole::copy(&from, &to, &mut watch).await
    });
    COPYING.set(copying.abort_handle()).expect("once");
    assert!(copying.await.expect_err("it was cut off").is_cancelled());
    assert_eq!(tables(&address).await, 0);

    change(&here, "UPDATE accounts SET role = 'king'").await;
    let back = StoreAt::File(folder.path().join("back.sqlite"));
    for to in [&there, &back] {
        let refused = copied(&here, to).await.expect_err("a row can't be read");
        assert_eq!(refused.id(), "store.damaged");
        let told = refused.to_string();
        assert!(
            told.contains("row ole@northwind.example") && told.contains("king"),
            "{told}"
        );
    }
    assert_eq!(tables(&address).await, 0);
    let left = std::fs::read_dir(folder.path()).expect("readable");
    let left: Vec<_> = left
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| name.to_string_lossy().starts_with(FILE)),
        "{left:?}"
    );
}

/// How many tables the database has, once nobody is connected to it any more.
async fn tables(address: &str) -> i64 {
    let mut database = cluster::connect(address).await;
    until("everybody else is gone", async || {
        let others: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .fetch_one(&mut database)
        .await
        .expect("readable");
        others == 0
    })
    .await;
    let count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    let tables = sqlx::query_scalar(count).fetch_one(&mut database).await;
    tables.expect("readable")
}

#[tokio::test]
async fn only_what_nobody_works_with_is_copied_and_only_where_nothing_is() {
    let (folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    let refused = copied(&there, &here).await.expect_err("nothing to copy");
    assert_eq!(refused.id(), "store.empty");
    copied(&here, &there).await.expect("carried over");
    let again = copied(&here, &there).await.expect_err("something is there");
    assert_eq!(again.id(), "store.already-exists");
    let back = StoreAt::File(folder.path().join("back.sqlite"));
    let server = PostgresStore::open(&address).await.expect("ours");
    mainstay_store::Probe::probe(&server)
        .await
        .expect("writable");
    let refused = copied(&there, &back)
        .await
        .expect_err("a server works with it");
    assert_eq!(refused.id(), "store.in-use");
    server.close().await;
    copied(&there, &back).await.expect("now nobody does");
    let taken = copied(&there, &back).await.expect_err("something is there");
    assert_eq!(taken.id(), "store.already-exists");

    change(&back, "CREATE TABLE recipes (text TEXT)").await;
    let other = StoreAt::File(folder.path().join("other.sqlite"));
    let refused = copied(&back, &other)
        .await
        .expect_err("a table that nobody knows");
    assert!(refused.to_string().contains("recipes.text"), "{refused}");
    change(&back, "DROP TABLE recipes; PRAGMA user_version = 6").await;
    let refused = copied(&back, &other).await.expect_err("an older one");
    assert_eq!(refused.id(), "store.behind");
    let missing = whole::missing(&back).await.expect("readable");
    let numbers: Vec<_> = missing.missing.iter().map(|step| step.number).collect();
    assert_eq!((missing.version, numbers.first()), (6, Some(&7)));
}

/// Both of the copy's own connections are to one database then.
#[tokio::test]
async fn a_store_is_copied_into_another_schema_of_its_database() {
    let (_folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    change(&there, "CREATE SCHEMA other").await;
    copied(&here, &there).await.expect("carried over");
    let beside = at_address(&format!("{address}?options[search_path]=other"));
    let again = copied(&there, &beside).await.expect("nobody else is there");
    assert_eq!(sums(&beside).await, again.tables);
}

/// It couldn't have written anything; but it would go on with what nobody looks after any more.
#[tokio::test]
async fn a_server_that_comes_while_a_store_is_copied_stops_the_copy() {
    let (folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    copied(&here, &there).await.expect("carried over");
    let back = StoreAt::File(folder.path().join("back.sqlite"));
    let mut server = None;
    let mut watch = |progress: whole::Progress| {
        if progress.table == "orders" && server.is_none() {
            server = Some(server_elsewhere(address.clone()));
        }
    };
    let refused = whole::copy(&there, &back, &mut watch).await;
    assert_eq!(refused.expect_err("a server came").id(), "store.in-use");
    assert!(!folder.path().join("back.sqlite").exists());
    // A runtime ends only outside of another one.
    std::thread::spawn(move || drop(server))
        .join()
        .expect("no panic");
}

/// A server in a runtime of its own, once it has read something.
fn server_elsewhere(address: String) -> (tokio::runtime::Runtime, PostgresStore) {
    let started = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        let store = runtime.block_on(async {
            let store = PostgresStore::open(&address).await.expect("ours");
            let read = mainstay_store::Devices::devices(&store, None).await;
            read.expect("reading waits for nobody");
            store
        });
        (runtime, store)
    });
    started.join().expect("no panic")
}

/// Changes a store by a hand that isn't ours.
pub async fn change(at: &StoreAt, sql: &'static str) {
    match at {
        StoreAt::File(path) => {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .foreign_keys(false);
            let connected = SqliteConnection::connect_with(&options).await;
            let mut file = connected.expect("it is there");
            sqlx::raw_sql(sql)
                .execute(&mut file)
                .await
                .expect("a good statement");
            file.close().await.expect("it is open");
        }
        StoreAt::Database(place) => {
            let mut database: PgConnection = cluster::connect(place.address.as_str()).await;
            let done = sqlx::raw_sql(sql).execute(&mut database).await;
            done.expect("a good statement");
            database.close().await.expect("it is open");
        }
    }
}

/// "All of it is in" is said once it is on the disk, however the database was set up. What is made in it is watched from another schema.
#[tokio::test]
async fn a_copy_waits_for_the_disk() {
    let (_folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    let name = address.rsplit('/').next().expect("it has a name");
    let mut database = cluster::connect(&address).await;
    let set = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(set)).execute(&mut database);
    done.await.expect("the owner may");
    change(
        &there,
        "CREATE SCHEMA noted; CREATE TABLE noted.settings (durable text);
         CREATE FUNCTION noted.note() RETURNS event_trigger LANGUAGE plpgsql AS $$
           BEGIN INSERT INTO noted.settings VALUES (current_setting('synchronous_commit')); END $$;
         CREATE EVENT TRIGGER noting ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION noted.note()",
    )
    .await;
    copied(&here, &there).await.expect("carried over");
    let noted: Vec<String> = sqlx::query_scalar("SELECT DISTINCT durable FROM noted.settings")
        .fetch_all(&mut database)
        .await
        .expect("readable");
    assert_eq!(noted, ["on"]);
}

/// Digests are over what both back ends have; what PostgreSQL alone has is held to the values.
#[tokio::test]
async fn a_column_that_came_to_say_something_else_stops_the_copy() {
    let (_folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    change(
        &there,
        "CREATE SCHEMA noted;
         CREATE FUNCTION noted.spoil() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN NEW.state := 'odd'; RETURN NEW; END $$;
         CREATE FUNCTION noted.lay() RETURNS event_trigger LANGUAGE plpgsql AS $$
           BEGIN
             IF to_regclass('orders') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'spoils') THEN
               CREATE TRIGGER spoils BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION noted.spoil();
             END IF;
           END $$;
         CREATE EVENT TRIGGER laying ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION noted.lay()",
    )
    .await;
    let refused = copied(&here, &there).await.expect_err("it isn't the same");
    assert_eq!(refused.id(), "store.damaged");
    let told = refused.to_string();
    assert!(
        told.contains("its state isn't what its value says"),
        "{told}"
    );
    assert_eq!(tables(&address).await, 0);
}
