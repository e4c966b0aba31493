//! Who does which job, in SQLite. Its clock is that of the machine, and one for all processes that have the file open: no server's is
//! compared with it, and simulated ones may show another time.

use std::time::Duration;

use async_trait::async_trait;

use super::{SqliteStore, Write};
use crate::StoreError;
use crate::leases::{self, Bid, Lease, Leases, Row};
use crate::values::generation;

/// One server works on a file, so nobody waits for a job to be taken over; and what is written seldom wears out no card.
const LASTS: Duration = Duration::from_secs(30);

#[async_trait]
impl Leases for SqliteStore {
    fn lease_lasts(&self) -> Duration {
        LASTS
    }

    async fn take_lease(&self, bid: &Bid<'_>) -> Result<Option<u64>, StoreError> {
        // Who only waits for its turn writes nothing.
        let found = self.leases().await?;
        let found = found.iter().find(|lease| lease.job == bid.job);
        if found.is_some_and(|found| leases::granted(bid, found).is_none()) {
            return Ok(None);
        }
        let mut tx = self.write().await?;
        let granted = match found_now(&mut tx, bid.job).await? {
            None => Some(1),
            Some(found) => leases::granted(bid, &found),
        };
        let Some(number) = granted else {
            return Ok(None);
        };
        sqlx::query(
            "INSERT INTO leases (job, holder, generation, until)
             VALUES (?1, ?2, ?3, CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER) + ?4)
             ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, generation = excluded.generation, until = excluded.until",
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

    async fn give_lease_back(
        &self,
        job: &str,
        holder: &str,
        number: u64,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE leases SET until = 0 WHERE job = ?1 AND holder = ?2 AND generation = ?3",
        )
        .bind(job)
        .bind(holder)
        .bind(generation(number))
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT job, holder, generation, until - CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)
             FROM leases WHERE job NOT LIKE 'line of %' ORDER BY job",
        )
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(leases::lease).collect()
    }
}

async fn found_now(tx: &mut Write, job: &str) -> Result<Option<Lease>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT job, holder, generation, until - CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)
         FROM leases WHERE job = ?1",
    )
    .bind(job)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(leases::lease).transpose()
}
