//! Bringing a database up to date: forward only, each step in one transaction.
//!
//! A step is a file in `migrations/` that ends with setting `user_version` to its number. One that
//! was ever released is never changed.

use std::path::Path;

use sqlx::SqlitePool;

use crate::StoreError;

/// The steps; the first makes version 1 out of an empty file.
pub(crate) const MIGRATIONS: [&str; 19] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_brakes.sql"),
    include_str!("migrations/0003_under_way.sql"),
    include_str!("migrations/0004_readings.sql"),
    include_str!("migrations/0005_ran_nothing.sql"),
    include_str!("migrations/0006_orders.sql"),
    include_str!("migrations/0007_people.sql"),
    include_str!("migrations/0008_pulse.sql"),
    include_str!("migrations/0009_leases.sql"),
    include_str!("migrations/0010_starting.sql"),
    include_str!("migrations/0011_contacts.sql"),
    include_str!("migrations/0012_subjects.sql"),
    include_str!("migrations/0013_events.sql"),
    include_str!("migrations/0014_joining.sql"),
    include_str!("migrations/0015_gateways.sql"),
    include_str!("migrations/0016_issued.sql"),
    include_str!("migrations/0017_welcomes.sql"),
    include_str!("migrations/0018_orders_of_rollout.sql"),
    include_str!("migrations/0019_orders_installed.sql"),
];

/// The version that the last step makes.
pub(crate) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// `version`, if this program knows it.
pub(super) fn known(path: &Path, version: u32) -> Result<u32, StoreError> {
    if version <= NEWEST {
        return Ok(version);
    }
    let path = path.to_owned();
    Err(StoreError::Newer {
        path,
        found: version,
        known: NEWEST,
    })
}

/// Takes the steps that are missing. Another process may do so at the same time.
pub(super) async fn up_to_date(writer: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    if version(writer, path).await? == NEWEST {
        return Ok(());
    }
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    let have = version(&mut *tx, path).await?;
    for step in MIGRATIONS.into_iter().skip(have as usize) {
        sqlx::raw_sql(step).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

async fn version(database: impl sqlx::SqliteExecutor<'_>, path: &Path) -> Result<u32, StoreError> {
    let (version,): (u32,) = sqlx::query_as("PRAGMA user_version")
        .fetch_one(database)
        .await?;
    known(path, version)
}
