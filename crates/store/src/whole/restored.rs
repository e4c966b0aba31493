//! What a store that was restored must not go on with: what it says may have been taken back since it was kept. Read [`leave_behind`].

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Connection as _, Sqlite, SqliteConnection, Transaction};

use crate::StoreError;
use crate::events::EVENTS_MAX;
use crate::sqlite::{self, file, migrate};
use crate::values::micros;

/// So many orders are passed over: more than a fleet of a million devices is given between two backups. A client of another update server
/// remembers the number of its last order, and an answer about one that was given after the backup must be about no other device's.
/// Two thousand million numbers bear a hundred restores.
const ORDERS_PASSED: i64 = 16_000_000;

/// So many rollouts are passed over: people remember them by their numbers, and so do logs and pages that were saved. Nobody starts so many
/// between two backups.
const ROLLOUTS_PASSED: i64 = 1000;

/// So many events are passed over: who was told of one by its number, and asks for what followed, must miss none. Fewer are told between two backups,
/// unless those are a year apart. It is a part of [`EVENTS_MAX`]: what was told before the backup is still kept, for whoever has yet to hear of it.
const EVENTS_PASSED: i64 = EVENTS_MAX / 5;

/// The highest number that an order can have.
const ORDER_MAX: i64 = 0x7fff_ffff;

/// What was ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Sessions.
    pub sessions: u64,
    /// Setup links that nobody had used.
    pub setup_links: u64,
    /// API tokens that were good at that moment.
    pub api_tokens: u64,
    /// Codes that devices could join with at that moment.
    pub join_codes: u64,
    /// Welcomes that let devices in at that moment.
    pub welcomes: u64,
}

/// Ends what lets somebody in by a secret that may have been used up or taken back since this store was kept: sessions, setup links,
/// API tokens, join codes and welcomes. And passes over the numbers that may have been given away since. All in one transaction, in a file of the newest version
/// on which no server runs.
///
/// # Errors
/// [`StoreError::Behind`] if its tables are of an older version; else as any write.
pub async fn leave_behind(path: &Path, now: Timestamp) -> Result<LeftBehind, StoreError> {
    file::inspect(path)?;
    let options = sqlite::options(path);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let left = leave(&mut connection, now).await;
    let done = match left {
        Ok(_) => file::empty_log(&mut connection).await,
        Err(_) => Ok(()),
    };
    connection.close().await?;
    left.and_then(|left| done.map(|()| left))
}

async fn leave(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<LeftBehind, StoreError> {
    let found: u32 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *connection)
        .await?;
    let known = migrate::NEWEST;
    if found != known {
        return Err(StoreError::Behind { found, known });
    }
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let left = LeftBehind {
        sessions: change(&mut tx, "DELETE FROM sessions", &[]).await?,
        setup_links: change(&mut tx, "DELETE FROM setup_links", &[]).await?,
        api_tokens: change(
            &mut tx,
            "UPDATE api_tokens SET revoked = ?1 WHERE revoked IS NULL AND expires > ?1",
            &[micros(now)],
        )
        .await?,
        join_codes: change(
            &mut tx,
            "UPDATE join_codes SET revoked = ?1 WHERE revoked IS NULL AND expires > ?1 AND used < uses",
            &[micros(now)],
        )
        .await?,
        welcomes: change(
            &mut tx,
            "UPDATE welcomes SET revoked = ?1 WHERE revoked IS NULL AND expires > ?1 AND used < uses",
            &[micros(now)],
        )
        .await?,
    };
    let orders = "UPDATE order_numbers SET last = min(last + ?1, ?2)";
    change(&mut tx, orders, &[ORDERS_PASSED, ORDER_MAX]).await?;
    let rollouts = "UPDATE rollout_numbers SET last = last + ?1";
    change(&mut tx, rollouts, &[ROLLOUTS_PASSED]).await?;
    let events = "UPDATE event_numbers SET last = last + ?1";
    change(&mut tx, events, &[EVENTS_PASSED]).await?;
    tx.commit().await?;
    Ok(left)
}

/// Does it; tells how many rows it was done to.
async fn change(
    tx: &mut Transaction<'_, Sqlite>,
    sql: &'static str,
    values: &[i64],
) -> Result<u64, StoreError> {
    let query = values
        .iter()
        .fold(sqlx::query(sql), |query, value| query.bind(*value));
    Ok(query.execute(&mut **tx).await?.rows_affected())
}
