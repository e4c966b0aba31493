//! The releases, in SQLite.

use async_trait::async_trait;
use mainstay_api::event;
use mainstay_fleet::ReleaseDigest;
use mainstay_release::{Release, ReleaseId, StageName};

use super::failure::taken;
use super::values::{bytes32, from_json, to_json};
use super::{SqliteStore, Write, events};
use crate::{Releases, StageChange, StoreError};

type Row = (String,);

#[async_trait]
impl Releases for SqliteStore {
    async fn add_release(&self, release: &Release, envelope: &[u8]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO releases (id, manifest, stage, value, envelope) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(release.id.as_str())
        .bind(&release.facts.manifest.0[..])
        .bind(release.stage.name().id())
        .bind(to_json("release", release)?)
        .bind(envelope)
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "release", &release.id))?;
        events::note(&mut tx, &[event::of_added_release(release)]).await?;
        self.commit_raised(tx).await
    }

    async fn save_release(
        &self,
        change: StageChange<'_>,
        envelope: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        save(&mut tx, change, envelope).await?;
        let moved = event::of_moved_release(change.release, change.expected, None);
        events::note(&mut tx, moved.as_slice()).await?;
        self.commit_raised(tx).await
    }

    async fn release(&self, id: &ReleaseId) -> Result<Option<Release>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT value FROM releases WHERE id = ?1")
            .bind(id.as_str())
            .fetch_optional(self.read())
            .await?;
        row.map(release).transpose()
    }

    async fn release_by_manifest(
        &self,
        manifest: &ReleaseDigest,
    ) -> Result<Option<Release>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT value FROM releases WHERE manifest = ?1")
            .bind(&manifest.0[..])
            .fetch_optional(self.read())
            .await?;
        row.map(release).transpose()
    }

    async fn releases_after(
        &self,
        after: Option<&ReleaseId>,
        most: u32,
    ) -> Result<Vec<Release>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT value FROM releases
             WHERE key < CASE WHEN ?1 IS NULL THEN 9223372036854775807 ELSE (SELECT key FROM releases WHERE id = ?1) END
             ORDER BY key DESC LIMIT ?2 + 0",
        )
        .bind(after.map(ReleaseId::as_str))
        .bind(most)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(release).collect()
    }

    async fn revoked_releases(&self) -> Result<Vec<ReleaseDigest>, StoreError> {
        let rows: Vec<(Vec<u8>,)> =
            sqlx::query_as("SELECT manifest FROM releases WHERE stage = ?1 ORDER BY key DESC")
                .bind(StageName::Revoked.id())
                .fetch_all(self.read())
                .await?;
        let digest = |(manifest,): (Vec<u8>,)| Ok(ReleaseDigest(bytes32("release", &manifest)?));
        rows.into_iter().map(digest).collect()
    }

    async fn envelope(&self, manifest: &ReleaseDigest) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Vec<u8>,)> =
            sqlx::query_as("SELECT envelope FROM releases WHERE manifest = ?1")
                .bind(&manifest.0[..])
                .fetch_optional(self.read())
                .await?;
        Ok(row.map(|(envelope,)| envelope))
    }
}

/// Saves a release that has moved on, as part of `tx`.
pub(super) async fn save(
    tx: &mut Write,
    change: StageChange<'_>,
    envelope: Option<&[u8]>,
) -> Result<(), StoreError> {
    let StageChange { release, expected } = change;
    let saved = sqlx::query(
        "UPDATE releases SET stage = ?3, value = ?4, envelope = coalesce(?5, envelope)
         WHERE id = ?1 AND stage = ?2",
    )
    .bind(release.id.as_str())
    .bind(expected.id())
    .bind(release.stage.name().id())
    .bind(to_json("release", release)?)
    .bind(envelope)
    .execute(&mut **tx)
    .await?;
    if saved.rows_affected() == 1 {
        return Ok(());
    }
    Err(why_not_saved(tx, change).await?)
}

async fn why_not_saved(tx: &mut Write, change: StageChange<'_>) -> Result<StoreError, StoreError> {
    let id = &change.release.id;
    let stage: Option<Row> = sqlx::query_as("SELECT stage FROM releases WHERE id = ?1")
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(match stage {
        None => StoreError::not_found("release", id),
        Some((found,)) => StoreError::Conflict {
            what: "release",
            name: id.to_string(),
            because: format!("it was {:?} and is {found:?}", change.expected.id()),
        },
    })
}

/// A release's name, or the start of its digest if it isn't one of ours.
pub(super) async fn name(tx: &mut Write, release: &ReleaseDigest) -> Result<String, StoreError> {
    let row: Option<(String,)> = sqlx::query_as("SELECT id FROM releases WHERE manifest = ?1")
        .bind(&release.0[..])
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map_or_else(|| release.short(), |(id,)| id))
}

fn release((value,): Row) -> Result<Release, StoreError> {
    from_json("release", &value)
}
