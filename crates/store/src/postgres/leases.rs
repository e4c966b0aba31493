//! Who does which job, in PostgreSQL.
//!
//! The clock is `clock_timestamp()`, which goes on within a transaction: one that waited for a row's lock must not go by the moment at
//! which it began to wait.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use super::{PostgresStore, Write, retried};
use crate::StoreError;
use crate::leases::{self, Bid, Lease, Leases, Row};
use crate::values::generation;

/// Whoever dies or hangs is done without after so long. Several times as long as a step over a large fleet keeps a processor, in which
/// nothing is renewed.
const LASTS: Duration = Duration::from_secs(6);

#[async_trait]
impl Leases for PostgresStore {
    fn lease_lasts(&self) -> Duration {
        LASTS
    }

    async fn take_lease(&self, bid: &Bid<'_>) -> Result<Option<u64>, StoreError> {
        // Who only waits for its turn locks nothing, and follows whatever its clock says.
        let found = seen(self.read_by(&self.keeper).await?).await?;
        let found = found.iter().find(|lease| lease.job == bid.job);
        if found.is_some_and(|found| leases::granted(bid, found).is_none()) {
            return Ok(None);
        }
        leases::expect_clock(bid, clock(self).await?)?;
        retried(|| take(self, bid)).await
    }

    async fn give_lease_back(
        &self,
        job: &str,
        holder: &str,
        number: u64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE leases SET until = 0 WHERE job = $1 AND holder = $2 AND generation = $3",
        )
        .bind(job)
        .bind(holder)
        .bind(generation(number))
        .execute(&mut *self.read_by(&self.keeper).await?)
        .await?;
        Ok(())
    }

    async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        // People and monitoring ask this, and must not stand in the line of renewals.
        seen(self.read().await?).await
    }
}

async fn seen(mut connection: PoolConnection<Postgres>) -> Result<Vec<Lease>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT job, holder, generation, until - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
         FROM leases WHERE NOT starts_with(job, 'line of ') ORDER BY job",
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter().map(leases::lease).collect()
}

/// The database's clock, in microseconds since 1970.
async fn clock(store: &PostgresStore) -> Result<i64, StoreError> {
    let micros =
        sqlx::query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            .fetch_one(&mut *store.read_by(&store.keeper).await?)
            .await?;
    Ok(micros)
}

async fn take(store: &PostgresStore, bid: &Bid<'_>) -> Result<Option<u64>, StoreError> {
    let mut tx = store.write_by(&store.keeper).await?;
    let granted = match locked(&mut tx, bid.job).await? {
        Some(found) => leases::granted(bid, &found),
        None => return first(tx, bid).await,
    };
    let Some(number) = granted else {
        return Ok(None);
    };
    sqlx::query(
        "UPDATE leases SET holder = $2, generation = $3,
           until = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $4
         WHERE job = $1",
    )
    .bind(bid.job)
    .bind(bid.holder)
    .bind(generation(number))
    .bind(leases::lasts(bid))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(number))
}

/// The lease as it is once nobody else can change it.
async fn locked(tx: &mut Write, job: &str) -> Result<Option<Lease>, StoreError> {
    sqlx::query("SELECT 1 FROM leases WHERE job = $1 FOR NO KEY UPDATE")
        .bind(job)
        .execute(&mut **tx)
        .await?;
    let row: Option<Row> = sqlx::query_as(
        "SELECT job, holder, generation, until - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
         FROM leases WHERE job = $1",
    )
    .bind(job)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(leases::lease).transpose()
}

/// Takes a job that nobody has ever had; none if somebody was a moment faster.
async fn first(mut tx: Write, bid: &Bid<'_>) -> Result<Option<u64>, StoreError> {
    let taken = sqlx::query(
        "INSERT INTO leases (job, holder, generation, until)
         VALUES ($1, $2, 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3)
         ON CONFLICT (job) DO NOTHING",
    )
    .bind(bid.job)
    .bind(bid.holder)
    .bind(leases::lasts(bid))
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok((taken.rows_affected() == 1).then_some(1))
}
