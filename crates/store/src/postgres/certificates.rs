//! Devices' certificates, in PostgreSQL.

use async_trait::async_trait;

use super::columns::bearable;
use super::failure::taken;
use super::values::micros;
use super::{PostgresStore, retried};
use crate::certificates::{Fingerprint, the_one};
use crate::door_rows::{self, RevokedRow};
use crate::{Certificates, Certified, RevokedCertificate, StoreError, rows};

#[async_trait]
impl Certificates for PostgresStore {
    async fn certified(
        &self,
        name: &str,
        fingerprint: &Fingerprint,
    ) -> Result<Option<Certified>, StoreError> {
        let rows: Vec<rows::Certified> = sqlx::query_as(
            "SELECT id, token_hash FROM devices
             WHERE key IN (SELECT key FROM devices WHERE id = $1 UNION SELECT device FROM controllers WHERE controller = $1)
               AND NOT EXISTS (SELECT 1 FROM revoked_certificates WHERE fingerprint = $2)",
        )
        .bind(name)
        .bind(&fingerprint[..])
        .fetch_all(&mut *self.read().await?)
        .await?;
        let found: Result<Vec<_>, _> = rows.into_iter().map(rows::certified).collect();
        Ok(the_one(found?))
    }

    async fn is_revoked(&self, fingerprint: &Fingerprint) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT at FROM revoked_certificates WHERE fingerprint = $1")
                .bind(&fingerprint[..])
                .fetch_optional(&mut *self.read().await?)
                .await?;
        Ok(found.is_some())
    }

    async fn revoke_certificate(&self, revoked: &RevokedCertificate) -> Result<(), StoreError> {
        retried(|| revoke(self, revoked)).await
    }

    async fn revoked_certificate(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<RevokedCertificate>, StoreError> {
        let row: Option<RevokedRow> = sqlx::query_as(
            "SELECT fingerprint, at, by_email, why FROM revoked_certificates WHERE fingerprint = $1",
        )
        .bind(&fingerprint[..])
        .fetch_optional(&mut *self.read().await?)
        .await?;
        row.map(door_rows::revoked).transpose()
    }

    async fn revoked_certificates_after(
        &self,
        after: Option<&RevokedCertificate>,
        most: u32,
    ) -> Result<Vec<RevokedCertificate>, StoreError> {
        let (at, fingerprint) = after.map_or((i64::MAX, &[][..]), |after| {
            (micros(after.at), &after.fingerprint[..])
        });
        let rows: Vec<RevokedRow> = sqlx::query_as(
            "SELECT fingerprint, at, by_email, why FROM revoked_certificates
             WHERE at <= $1 AND (at < $1 OR fingerprint > $2) ORDER BY at DESC, fingerprint LIMIT $3",
        )
        .bind(at)
        .bind(fingerprint)
        .bind(i64::from(most))
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(door_rows::revoked).collect()
    }
}

async fn revoke(store: &PostgresStore, revoked: &RevokedCertificate) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sqlx::query(
        "INSERT INTO revoked_certificates (fingerprint, at, by_email, why) VALUES ($1, $2, $3, $4)",
    )
    .bind(&revoked.fingerprint[..])
    .bind(micros(revoked.at))
    .bind(revoked.by.as_str())
    .bind(bearable(&revoked.why))
    .execute(&mut *tx)
    .await
    .map_err(|error| {
        taken(
            error,
            "revoked certificate",
            hex::encode(revoked.fingerprint),
        )
    })?;
    Ok(tx.commit().await?)
}
