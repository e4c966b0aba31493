//! Bringing the tables up to date: forward only, each step in one transaction and under one lock.
//!
//! A step is a file in `migrations/` that ends with setting `schema`; the README there says how. One that was ever released is never
//! changed. A program works with newer tables than it knows, as long as those let it.

use sqlx::{Connection as _, PgConnection};

use super::others;
use crate::StoreError;

/// The steps; the first makes version 1 out of an empty database.
pub(crate) const MIGRATIONS: [&str; 14] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_people.sql"),
    include_str!("migrations/0003_pulse.sql"),
    include_str!("migrations/0004_leases.sql"),
    include_str!("migrations/0005_starting.sql"),
    include_str!("migrations/0006_contacts.sql"),
    include_str!("migrations/0007_subjects.sql"),
    include_str!("migrations/0008_events.sql"),
    include_str!("migrations/0009_joining.sql"),
    include_str!("migrations/0010_gateways.sql"),
    include_str!("migrations/0011_issued.sql"),
    include_str!("migrations/0012_welcomes.sql"),
    include_str!("migrations/0013_orders_of_rollout.sql"),
    include_str!("migrations/0014_orders_installed.sql"),
];

/// The version that the last step makes.
pub(crate) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// The lock under which steps are taken, "MNST". Nothing else that is locked by one number is ours.
pub(crate) const MIGRATING: i64 = 1_296_978_772;

/// Takes the steps that are missing. Other servers may do so at the same time.
///
/// # Errors
/// [`StoreError::InUse`], if one is among them that programs of the present version can't work beside, and somebody is connected.
pub(crate) async fn up_to_date(connection: &mut PgConnection) -> Result<(), StoreError> {
    if known(connection).await? >= NEWEST {
        return Ok(());
    }
    let mut tx = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATING)
        .execute(&mut *tx)
        .await?;
    let have = known(&mut tx).await?;
    let steps = MIGRATIONS.into_iter().skip(have as usize);
    let needed = steps.clone().filter_map(min_reader).max();
    if have > 0 && needed.is_some_and(|needed| needed > have) {
        others::expect_none(&mut tx, &[]).await?;
    }
    for step in steps {
        sqlx::raw_sql(step).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// What a step sets as the oldest version that a program must know to work with the tables from then on.
pub(crate) fn min_reader(step: &str) -> Option<u32> {
    let first = step.split_once("(version, min_reader) VALUES (1, ");
    let later = step.split_once("min_reader = ");
    let (_, rest) = first.or(later)?;
    let end = rest.find(|sign: char| !sign.is_ascii_digit())?;
    rest[..end].parse().ok()
}

/// The version of the tables, 0 of an empty database.
///
/// # Errors
/// [`StoreError::Encoding`] if it can't keep every text, [`StoreError::TooNew`] if its tables don't let this program in, [`StoreError::NotOurs`] if they
/// are another program's.
pub(crate) async fn known(connection: &mut PgConnection) -> Result<u32, StoreError> {
    let found: String = sqlx::query_scalar("SELECT current_setting('server_encoding')")
        .fetch_one(&mut *connection)
        .await?;
    if found != "UTF8" {
        return Err(StoreError::Encoding { found });
    }
    let (ours, any): (bool, bool) = sqlx::query_as(
        "SELECT to_regclass('standing') IS NOT NULL AND to_regclass('schema') IS NOT NULL,
           EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema())",
    )
    .fetch_one(&mut *connection)
    .await?;
    match (ours, any) {
        (true, _) => version(connection).await,
        (false, true) => Err(StoreError::NotOurs),
        (false, false) => Ok(0),
    }
}

/// The version of tables that are ours.
///
/// # Errors
/// [`StoreError::TooNew`] if they don't let this program in.
pub(super) async fn version(connection: &mut PgConnection) -> Result<u32, StoreError> {
    let row: Option<(i64, i64)> = sqlx::query_as("SELECT version, min_reader FROM schema")
        .fetch_optional(connection)
        .await?;
    let none = || StoreError::damaged("schema", "it says nothing");
    let (version, min_reader) = row.ok_or_else(none)?;
    let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
    match number(min_reader) {
        needed if needed > NEWEST => Err(StoreError::TooNew {
            needed,
            known: NEWEST,
        }),
        _ => Ok(number(version)),
    }
}
