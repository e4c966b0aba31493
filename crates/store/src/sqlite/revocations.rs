//! The revocations, in SQLite.

use async_trait::async_trait;
use mainstay_access::Email;
use mainstay_api::event;

use super::failure::taken;
use super::values::{bytes32, instant, micros};
use super::{SqliteStore, events, roots};
use crate::{Revocations, StoreError, StoredRevocations};

type Row = (u32, Vec<u8>, Vec<u8>, Vec<u8>, i64, String);

#[async_trait]
impl Revocations for SqliteStore {
    async fn add_revocations(&self, revocations: &StoredRevocations) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO revocations (epoch, seq, digest, signed, at, by_email)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(revocations.epoch)
        .bind(&revocations.seq.to_be_bytes()[..])
        .bind(&revocations.digest[..])
        .bind(&revocations.signed)
        .bind(micros(revocations.at))
        .bind(revocations.by.as_str())
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "revocations", revocations.seq))?;
        roots::changed(&mut tx).await?;
        let StoredRevocations { epoch, seq, .. } = *revocations;
        let told = event::of_revocations(epoch, seq, &revocations.by, revocations.at);
        events::note(&mut tx, &[told]).await?;
        self.commit_raised(tx).await
    }

    async fn newest_revocations(
        &self,
        epoch: u32,
    ) -> Result<Option<StoredRevocations>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT epoch, seq, digest, signed, at, by_email FROM revocations
             WHERE epoch = ?1 ORDER BY seq DESC LIMIT 1",
        )
        .bind(epoch)
        .fetch_optional(self.read())
        .await?;
        row.map(revocations).transpose()
    }
}

fn revocations((epoch, seq, digest, signed, at, by): Row) -> Result<StoredRevocations, StoreError> {
    let number = <[u8; 8]>::try_from(&seq[..]);
    Ok(StoredRevocations {
        epoch,
        seq: u64::from_be_bytes(number.map_err(|error| StoreError::damaged("revocations", error))?),
        digest: bytes32("revocations", &digest)?,
        signed,
        at: instant("revocations", at)?,
        by: Email::new(&by).map_err(|error| StoreError::damaged("revocations", error))?,
    })
}
