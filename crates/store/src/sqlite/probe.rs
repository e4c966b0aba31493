//! A try whether a write would be kept.
//!
//! Two things are tried, because each lets pass what the other one finds: whether the file may grow, by rows that are taken back,
//! and whether the log reaches the disk, by a commit that changes nothing.

use async_trait::async_trait;

use super::SqliteStore;
use crate::{Probe, StoreError};

/// Rows of so many bytes must find room: more than any device's report with its timeline.
const ROOM_BYTES: i64 = 64 * 1024;

/// No root has this version, so the row is nobody's, also while it is there.
const NOBODYS: i64 = -1;

#[async_trait]
impl Probe for SqliteStore {
    async fn probe(&self) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::raw_sql("SAVEPOINT room").execute(&mut *tx).await?;
        sqlx::query("INSERT INTO roots (version, signed, at) VALUES (?1, zeroblob(?2), 0)")
            .bind(NOBODYS)
            .bind(ROOM_BYTES)
            .execute(&mut *tx)
            .await?;
        sqlx::raw_sql("ROLLBACK TO room; RELEASE room")
            .execute(&mut *tx)
            .await?;
        // "MNST", as every database of ours has it since its first migration: the first page is written as it was.
        sqlx::raw_sql("PRAGMA application_id = 1296978772")
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}
