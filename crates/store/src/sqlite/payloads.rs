//! The facts of payloads, in SQLite.

use async_trait::async_trait;
use mainstay_trust::Digest;

use super::SqliteStore;
use crate::payloads::{PayloadRow, size, size_column, stored};
use crate::{Payloads, ReleasePayload, StoreError, StoredPayload};

#[async_trait]
impl Payloads for SqliteStore {
    async fn note_payload(&self, payload: &StoredPayload) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO payloads (image, bytes, sha1, md5, ending) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (image) DO NOTHING",
        )
        .bind(&payload.image.0[..])
        .bind(size_column(payload.bytes))
        .bind(&payload.checksums.sha1[..])
        .bind(&payload.checksums.md5[..])
        .bind(payload.ending.as_str())
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn payload_of(&self, image: &Digest) -> Result<Option<StoredPayload>, StoreError> {
        let row: Option<PayloadRow> =
            sqlx::query_as("SELECT bytes, sha1, md5, ending FROM payloads WHERE image = ?1")
                .bind(&image.0[..])
                .fetch_optional(self.read())
                .await?;
        row.map(|row| stored(*image, row)).transpose()
    }

    async fn payloads_of_releases(&self) -> Result<Vec<ReleasePayload>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT value ->> '$.image' AS image, max(value ->> '$.image_bytes')
             FROM releases GROUP BY image ORDER BY max(key) DESC",
        )
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(of_release).collect()
    }
}

fn of_release((image, bytes): (String, i64)) -> Result<ReleasePayload, StoreError> {
    let image = Digest::parse_hex(&image)
        .ok_or_else(|| StoreError::damaged("release", "its payload's digest isn't one"))?;
    Ok(ReleasePayload {
        image,
        bytes: size(bytes)?,
    })
}
