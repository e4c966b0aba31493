//! The plans, in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::Email;

use super::locks::{self, Lock};
use super::values::{bytes32, instant, micros};
use super::{PostgresStore, events, retried, roots};
use crate::events::told_of_activation;
use crate::{Activation, LIST_MAX, Plans, StoreError, StoredPlan};

type Row = (i64, String, Vec<u8>, i64, String);

#[async_trait]
impl Plans for PostgresStore {
    async fn activate_plan(
        &self,
        text: &str,
        digest: [u8; 32],
        by: &Email,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        retried(|| activate(self, text, digest, by, at)).await
    }

    async fn was_in_force(&self, digest: [u8; 32]) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT revision FROM plans WHERE digest = $1 LIMIT 1")
                .bind(&digest[..])
                .fetch_optional(&mut *self.read().await?)
                .await?;
        Ok(found.is_some())
    }

    async fn revision_at(&self, at: Timestamp) -> Result<Option<i64>, StoreError> {
        let newest = sqlx::query_scalar("SELECT max(revision) FROM plans WHERE at <= $1")
            .bind(micros(at))
            .fetch_one(&mut *self.read().await?)
            .await?;
        Ok(newest)
    }

    async fn activations_from(&self, revision: i64) -> Result<Vec<Activation>, StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT revision, digest FROM plans WHERE revision = $1
             UNION ALL
             SELECT * FROM (SELECT revision, digest FROM plans WHERE revision > $1
                            ORDER BY revision DESC LIMIT $2) AS later
             ORDER BY revision",
        )
        .bind(revision)
        .bind(i64::from(LIST_MAX))
        .fetch_all(&mut *self.read().await?)
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
            "SELECT revision, text, digest, at, by_email FROM plans WHERE digest = $1
             ORDER BY revision DESC LIMIT 1",
        )
        .bind(&digest[..])
        .fetch_optional(&mut *self.read().await?)
        .await?;
        row.map(plan).transpose()
    }

    async fn active_plan(&self) -> Result<Option<StoredPlan>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT revision, text, digest, at, by_email FROM plans ORDER BY revision DESC LIMIT 1",
        )
        .fetch_optional(&mut *self.read().await?)
        .await?;
        row.map(plan).transpose()
    }

    async fn plan_at(&self, at: Timestamp) -> Result<Option<StoredPlan>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT revision, text, digest, at, by_email FROM plans WHERE at <= $1
             ORDER BY revision DESC LIMIT 1",
        )
        .bind(micros(at))
        .fetch_optional(&mut *self.read().await?)
        .await?;
        row.map(plan).transpose()
    }
}

/// Its number is the one after the newest's: no other can be put into force meanwhile.
async fn activate(
    store: &PostgresStore,
    text: &str,
    digest: [u8; 32],
    by: &Email,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    locks::alone(&mut tx, Lock::Standing).await?;
    sqlx::query(
        "INSERT INTO plans (revision, text, digest, at, by_email)
         SELECT coalesce(max(revision), 0) + 1, $1, $2, $3, $4 FROM plans",
    )
    .bind(text)
    .bind(&digest[..])
    .bind(micros(at))
    .bind(by.as_str())
    .execute(&mut *tx)
    .await?;
    roots::changed(&mut tx).await?;
    events::note(&mut tx, &[told_of_activation(digest, by, at)]).await?;
    store.commit_raised(tx).await
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
