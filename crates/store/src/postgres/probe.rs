//! A try whether a write would be kept.
//!
//! Two things are tried, because each lets pass what the other one finds: whether the disk has room, by a new file that is taken
//! back at once, and whether the log reaches the disk, by a commit.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::{PostgresStore, Write};
use crate::{Probe, StoreError};

/// Rows of so many bytes must find room: more than any device's report with its timeline.
const ROOM_BYTES: i32 = 64 * 1024;

/// Longer than a try that succeeds waits for its connection and its lock.
const TRY_TIMEOUT: Duration = Duration::from_secs(30);

#[async_trait]
impl Probe for PostgresStore {
    async fn probe(&self) -> Result<(), StoreError> {
        // A machine that vanished never answers, and the next try waits for this one.
        let tried = timeout(TRY_TIMEOUT, attempt(self)).await;
        tried.unwrap_or_else(|silence| Err(StoreError::Unreachable(Box::new(silence))))
    }
}

async fn attempt(store: &PostgresStore) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sqlx::raw_sql("SAVEPOINT room").execute(&mut *tx).await?;
    match try_room(&mut tx).await {
        // Another server tries just now, or a backup has all tables open: that says nothing against writes.
        Ok(()) | Err(StoreError::Busy) => {}
        Err(error) => return Err(error),
    }
    sqlx::raw_sql("ROLLBACK TO room; RELEASE room")
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE probe SET tries = tries + 1")
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

/// What was freed in an old file would be used again, and tell nothing of the disk: a table that is emptied gets a new one.
async fn try_room(tx: &mut Write) -> Result<(), StoreError> {
    sqlx::raw_sql("LOCK probe_room IN ACCESS EXCLUSIVE MODE NOWAIT; TRUNCATE probe_room")
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO probe_room (bytes) VALUES (decode(repeat('00', $1), 'hex'))")
        .bind(ROOM_BYTES)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
