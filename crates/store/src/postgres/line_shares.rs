//! Who has which part of the line, in PostgreSQL. The clock is `clock_timestamp()`, as of the leases.

use async_trait::async_trait;
use sqlx::PgConnection;

use super::locks::{Lock, alone};
use super::{PostgresStore, retried};
use crate::StoreError;
use crate::leases::Row;
use crate::line_shares::{FORGOTTEN_AFTER_US, JOB, LineShares, SHARE_LASTS, granted};

#[async_trait]
impl LineShares for PostgresStore {
    async fn share_line(&self, server: &str, uses_ppm: u32) -> Result<u32, StoreError> {
        // Who keeps what it has locks nothing, and writes four times a minute.
        let found = shares(&mut *self.read_by(&self.keeper).await?).await?;
        let granted = granted(server, uses_ppm, &found);
        match granted.is_noted {
            true => Ok(granted.share_ppm),
            false => retried(|| share(self, server, uses_ppm)).await,
        }
    }

    async fn leave_line(&self, server: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM leases WHERE job = $1")
            .bind(format!("{JOB}{server}"))
            .execute(&mut *self.read_by(&self.keeper).await?)
            .await?;
        Ok(())
    }
}

async fn share(store: &PostgresStore, server: &str, uses_ppm: u32) -> Result<u32, StoreError> {
    let mut tx = store.write_by(&store.keeper).await?;
    // What is free must not be given out twice.
    alone(&mut tx, Lock::Line).await?;
    let granted = granted(server, uses_ppm, &shares(&mut tx).await?);
    sqlx::query(
        "INSERT INTO leases (job, holder, generation, until)
         VALUES ($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $4)
         ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, generation = excluded.generation, until = excluded.until",
    )
    .bind(format!("{JOB}{server}"))
    .bind(server)
    .bind(i64::from(granted.noted_ppm))
    .bind(i64::try_from(SHARE_LASTS.as_micros()).expect("a minute is no large number"))
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "DELETE FROM leases WHERE starts_with(job, $1)
           AND until + $2 < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    )
    .bind(JOB)
    .bind(FORGOTTEN_AFTER_US)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(granted.share_ppm)
}

async fn shares(connection: &mut PgConnection) -> Result<Vec<Row>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT job, holder, generation, until - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
         FROM leases WHERE starts_with(job, $1)",
    )
    .bind(JOB)
    .fetch_all(connection)
    .await?;
    Ok(rows)
}
