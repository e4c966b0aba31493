//! The plans, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;

use super::values::{bytes32, instant, micros};
use super::{SqliteStore, events, roots};
use crate::events::told_of_activation;
use crate::{Activation, LIST_MAX, Plans, StoreError, StoredPlan};

type Row = (i64, String, Vec<u8>, i64, String);

#[async_trait]
impl Plans for SqliteStore {
    async fn activate_plan(
        &self,
        text: &str,
        digest: [u8; 32],
        by: &Email,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("INSERT INTO plans (text, digest, at, by_email) VALUES (?1, ?2, ?3, ?4)")
            .bind(text)
            .bind(&digest[..])
            .bind(micros(at))
            .bind(by.as_str())
            .execute(&mut *tx)
            .await?;
        roots::changed(&mut tx).await?;
        events::note(&mut tx, &[told_of_activation(digest, by, at)]).await?;
        self.commit_raised(tx).await
    }

    async fn was_in_force(&self, digest: [u8; 32]) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT revision FROM plans WHERE digest = ?1 LIMIT 1")
                .bind(&digest[..])
                .fetch_optional(self.read())
                .await?;
        Ok(found.is_some())
    }

    async fn revision_at(&self, at: Timestamp) -> Result<Option<i64>, StoreError> {
        let newest = sqlx::query_scalar("SELECT max(revision) FROM plans WHERE at <= ?1")
            .bind(micros(at))
            .fetch_one(self.read())
            .await?;
        Ok(newest)
    }

    async fn activations_from(&self, revision: i64) -> Result<Vec<Activation>, StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT revision, digest FROM plans WHERE revision = ?1
             UNION ALL
             SELECT * FROM (SELECT revision, digest FROM plans WHERE revision > ?1
                            ORDER BY revision DESC LIMIT ?2 + 0)
             ORDER BY revision",
        )
        .bind(revision)
        .bind(LIST_MAX)
        .fetch_all(self.read())
        .await?;
        let activation = |(revision, digest): (i64, Vec<u8>)| {
            Ok(Activation {
                revision,
                digest: bytes32("plan", &digest)?,
            })
        };
        rows.into_iter().map(activation).collect()
    }

    async fn plan_with(&self, digest: [u8; 32]) -> Result<Option<StoredPlan>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT revision, text, digest, at, by_email FROM plans WHERE digest = ?1
             ORDER BY revision DESC LIMIT 1",
        )
        .bind(&digest[..])
        .fetch_optional(self.read())
        .await?;
        row.map(plan).transpose()
    }

    async fn active_plan(&self) -> Result<Option<StoredPlan>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT revision, text, digest, at, by_email FROM plans ORDER BY revision DESC LIMIT 1",
        )
        .fetch_optional(self.read())
        .await?;
        row.map(plan).transpose()
    }

    async fn plan_at(&self, at: Timestamp) -> Result<Option<StoredPlan>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT revision, text, digest, at, by_email FROM plans WHERE at <= ?1
             ORDER BY revision DESC LIMIT 1",
        )
        .bind(micros(at))
        .fetch_optional(self.read())
        .await?;
        row.map(plan).transpose()
    }
}

fn plan((revision, text, digest, at, by): Row) -> Result<StoredPlan, StoreError> {
    Ok(StoredPlan {
        revision,
        text,
        digest: bytes32("plan", &digest)?,
        at: instant("plan", at)?,
        by: Email::new(&by).map_err(|error| StoreError::damaged("plan", error))?,
    })
}
