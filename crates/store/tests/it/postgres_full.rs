//! PostgreSQL's tables on a disk that is really full: told as what it is, nothing acknowledged lost, and over by itself.

use std::os::unix::fs::chown;

use mainstay_access::{Duty, Email, Person};
use mainstay_store::{People as _, PostgresStore, Probe as _, StoreError};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::cluster;
use crate::small_disk::{SmallDisk, fill};

/// A database with our tables takes some ten.
const DISK_MIB: u32 = 32;
/// Many more than find room in pages that the table has already.
const PEOPLE_MAX: u16 = 10_000;

async fn add(store: &PostgresStore, number: u16) -> Result<(), StoreError> {
    let person = Person {
        email: Email::new(&format!("{number}@northwind.example")).expect("an address"),
        duty: Duty::Engineer,
    };
    let mut hash = [0; 32];
    hash[..2].copy_from_slice(&number.to_be_bytes());
    store.add_person(&person, hash).await
}

async fn command(database: &mut PgConnection, sql: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(database).await;
    done.expect("the cluster's owner may");
}

#[tokio::test]
async fn a_full_disk_is_told_loses_nothing_and_goes_on_by_itself() {
    let disk = SmallDisk::new(DISK_MIB);
    // The server runs as nobody where the tests run as root, as whom alone one may mount.
    chown(disk.path(), Some(cluster::NOBODY), Some(cluster::NOBODY)).expect("root may");
    let beside = cluster::database(cluster::WITH_TABLES).await;
    let mut owner = cluster::connect(&beside).await;
    let place = disk.path().display();
    command(
        &mut owner,
        format!("CREATE TABLESPACE small LOCATION '{place}'"),
    )
    .await;
    let template = cluster::WITH_TABLES;
    command(
        &mut owner,
        format!("CREATE DATABASE full_disk TEMPLATE {template} TABLESPACE small"),
    )
    .await;
    let (server, _) = beside.rsplit_once('/').expect("an address");
    let store = PostgresStore::open(&format!("{server}/full_disk")).await;
    let store = store.expect("our tables");
    store.probe().await.expect("writable");

    fill(&disk.junk());
    assert_eq!(store.probe().await.expect_err("full").id(), "store.full");
    let mut added = 0;
    let refused = loop {
        match add(&store, added).await {
            Ok(()) => added += 1,
            Err(refused) => break refused,
        }
        assert!(added < PEOPLE_MAX, "it never fills");
    };
    assert_eq!(refused.id(), "store.full");
    assert!(refused.is_passing());
    let people = store.people().await.expect("readable");
    assert_eq!(people.len(), usize::from(added), "what was acknowledged");

    disk.make_room();
    store.probe().await.expect("there is room");
    add(&store, added).await.expect("there is room");
    store.close().await;
    // The cluster outlives the disk, and must look for nothing there.
    command(
        &mut owner,
        "DROP DATABASE full_disk WITH (FORCE)".to_owned(),
    )
    .await;
    command(&mut owner, "DROP TABLESPACE small".to_owned()).await;
}
