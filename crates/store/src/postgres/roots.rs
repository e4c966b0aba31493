//! The roots, in PostgreSQL; and the number that counts the changes of all that the server's word rests
//! on.

use async_trait::async_trait;
use mainstay_access::Email;
use mainstay_api::event;

use super::failure::taken;
use super::locks::{self, Lock};
use super::values::{instant, micros};
use super::{PostgresStore, Write, events};
use crate::{Roots, StoreError, StoredRoot};

type Row = (i64, Vec<u8>, i64, Option<String>);

#[async_trait]
impl Roots for PostgresStore {
    async fn add_root(&self, root: &StoredRoot) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        locks::alone(&mut tx, Lock::Standing).await?;
        sqlx::query("INSERT INTO roots (version, signed, at, by_email) VALUES ($1, $2, $3, $4)")
            .bind(i64::from(root.version))
            .bind(&root.signed)
            .bind(micros(root.at))
            .bind(root.by.as_ref().map(Email::as_str))
            .execute(&mut *tx)
            .await
            .map_err(|error| taken(error, "root", root.version))?;
        changed(&mut tx).await?;
        let told = event::of_root(root.version, root.by.as_ref(), root.at);
        events::note(&mut tx, &[told]).await?;
        self.commit_raised(tx).await
    }

    async fn root(&self, version: u32) -> Result<Option<StoredRoot>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT version, signed, at, by_email FROM roots WHERE version = $1")
                .bind(i64::from(version))
                .fetch_optional(&mut *self.read().await?)
                .await?;
        row.map(root).transpose()
    }

    async fn roots(&self) -> Result<Vec<StoredRoot>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT version, signed, at, by_email FROM roots ORDER BY version")
                .fetch_all(&mut *self.read().await?)
                .await?;
        rows.into_iter().map(root).collect()
    }

    async fn standing_generation(&self) -> Result<i64, StoreError> {
        let (generation,) = sqlx::query_as("SELECT generation FROM standing")
            .fetch_one(&mut *self.read().await?)
            .await?;
        Ok(generation)
    }
}

/// The same as [`crate::Roots::standing_generation`], as `tx` sees it.
pub(super) async fn generation(tx: &mut Write) -> Result<i64, StoreError> {
    let (generation,) = sqlx::query_as("SELECT generation FROM standing")
        .fetch_one(&mut **tx)
        .await?;
    Ok(generation)
}

/// Notes, as part of `tx`, that something changed on which the server's word rests.
pub(super) async fn changed(tx: &mut Write) -> Result<(), StoreError> {
    sqlx::query("UPDATE standing SET generation = generation + 1")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn root((version, signed, at, by): Row) -> Result<StoredRoot, StoreError> {
    let by = by.map(|by| Email::new(&by).map_err(|error| StoreError::damaged("root", error)));
    Ok(StoredRoot {
        version: u32::try_from(version).map_err(|error| StoreError::damaged("root", error))?,
        signed,
        at: instant("root", at)?,
        by: by.transpose()?,
    })
}
