//! The schedules, in SQLite.

use async_trait::async_trait;
use mainstay_access::Email;
use mainstay_api::event;
use mainstay_fleet::ReleaseDigest;

use super::values::{instant, micros};
use super::{SqliteStore, events, releases};
use crate::{Schedules, StoreError, StoredSchedule};

type Row = (Vec<u8>, i64, String);

#[async_trait]
impl Schedules for SqliteStore {
    async fn add_schedule(&self, schedule: &StoredSchedule) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO schedules (manifest, class, signed, at, by_email)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(&schedule.release.0[..])
        .bind(&schedule.class[..])
        .bind(&schedule.signed)
        .bind(micros(schedule.at))
        .bind(schedule.by.as_str())
        .execute(&mut *tx)
        .await?;
        let name = releases::name(&mut tx, &schedule.release).await?;
        let told = event::of_schedule(&name, &schedule.release, &schedule.by, schedule.at);
        events::note(&mut tx, &[told]).await?;
        self.commit_raised(tx).await
    }

    async fn schedule(
        &self,
        release: &ReleaseDigest,
        class: &[u8; 16],
    ) -> Result<Option<StoredSchedule>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT signed, at, by_email FROM schedules
             WHERE manifest = ?1 AND class = ?2 ORDER BY key DESC LIMIT 1",
        )
        .bind(&release.0[..])
        .bind(&class[..])
        .fetch_optional(self.read())
        .await?;
        row.map(|row| schedule(*release, *class, row)).transpose()
    }
}

fn schedule(
    release: ReleaseDigest,
    class: [u8; 16],
    (signed, at, by): Row,
) -> Result<StoredSchedule, StoreError> {
    Ok(StoredSchedule {
        release,
        class,
        signed,
        at: instant("schedule", at)?,
        by: Email::new(&by).map_err(|error| StoreError::damaged("schedule", error))?,
    })
}
