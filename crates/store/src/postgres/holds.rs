//! The holds, in PostgreSQL.

use async_trait::async_trait;
use mainstay_api::event;
use mainstay_fleet::ReleaseDigest;
use mainstay_release::Hold;

use super::failure::taken;
use super::locks::{self, Lock};
use super::values::{from_json, to_json};
use super::{PostgresStore, Write, events, roots};
use crate::{Holds, StoreError};

type Row = (String,);

#[async_trait]
impl Holds for PostgresStore {
    async fn add_hold(&self, hold: &Hold, others: usize) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        locks::alone(&mut tx, Lock::Standing).await?;
        insert(&mut tx, hold).await?;
        let (found,): (i64,) = sqlx::query_as("SELECT count(*) FROM holds WHERE in_force")
            .fetch_one(&mut *tx)
            .await?;
        if usize::try_from(found) != Ok(others + 1) {
            return Err(StoreError::Conflict {
                what: "hold",
                name: hold.release.to_string(),
                because: format!("{others} others were in force, and now {}", found - 1),
            });
        }
        roots::changed(&mut tx).await?;
        events::note(&mut tx, &[event::of_hold(hold)]).await?;
        self.commit_raised(tx).await
    }

    async fn save_hold(&self, before: &Hold, after: &Hold) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        locks::alone(&mut tx, Lock::Standing).await?;
        let saved = sqlx::query(
            "UPDATE holds SET value = $3, in_force = $4
             WHERE manifest = $1 AND in_force AND value = $2",
        )
        .bind(&before.manifest.0[..])
        .bind(to_json("hold", before)?)
        .bind(to_json("hold", after)?)
        .bind(after.is_in_force())
        .execute(&mut *tx)
        .await?;
        if saved.rows_affected() != 1 {
            return Err(StoreError::Conflict {
                what: "hold",
                name: before.release.to_string(),
                because: format!("it was {} and is so no more", before.state),
            });
        }
        roots::changed(&mut tx).await?;
        events::note(&mut tx, &[event::of_hold(after)]).await?;
        self.commit_raised(tx).await
    }

    async fn hold(&self, manifest: &ReleaseDigest) -> Result<Option<Hold>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT value FROM holds WHERE manifest = $1 AND in_force")
                .bind(&manifest.0[..])
                .fetch_optional(&mut *self.read().await?)
                .await?;
        row.map(hold).transpose()
    }

    async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT value FROM holds WHERE in_force ORDER BY key DESC")
                .fetch_all(&mut *self.read().await?)
                .await?;
        rows.into_iter().map(hold).collect()
    }
}

async fn insert(tx: &mut Write, hold: &Hold) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO holds (manifest, in_force, value) VALUES ($1, $2, $3)")
        .bind(&hold.manifest.0[..])
        .bind(hold.is_in_force())
        .bind(to_json("hold", hold)?)
        .execute(&mut **tx)
        .await
        .map_err(|error| taken(error, "hold on", &hold.release))?;
    Ok(())
}

/// Whether a release is on hold, as part of `tx`.
pub(super) async fn is_held(tx: &mut Write, release: &ReleaseDigest) -> Result<bool, StoreError> {
    let (held,) =
        sqlx::query_as("SELECT EXISTS (SELECT 1 FROM holds WHERE manifest = $1 AND in_force)")
            .bind(&release.0[..])
            .fetch_one(&mut **tx)
            .await?;
    Ok(held)
}

fn hold((value,): Row) -> Result<Hold, StoreError> {
    from_json("hold", &value)
}
