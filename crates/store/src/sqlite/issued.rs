//! The certificates that were issued to devices, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::issued::may_be_given_one;
use mainstay_fleet::DeviceId;

use super::failure::taken;
use super::values::{instant, micros};
use super::{SqliteStore, Write};
use crate::door_rows::{self, IssuedRow};
use crate::issued::{KEPT_AFTER_END, no_device, revoked};
use crate::{
    IssueFailure, IssuedCertificate, IssuedCertificates, LIST_MAX, Revocation, RevokedCertificate,
    StoreError,
};

#[async_trait]
impl IssuedCertificates for SqliteStore {
    async fn note_issued(&self, issued: &IssuedCertificate) -> Result<(), IssueFailure> {
        let mut tx = self.write().await?;
        let device = key(&mut tx, &issued.device).await?;
        if let Some(with) = &issued.asked_with {
            expect_good(&mut tx, with).await?;
        }
        may_be_given_one(&given(&mut tx, device).await?, issued.at)?;
        add(&mut tx, device, issued).await?;
        forget_old(&mut tx, device, issued.at).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn issued_to(
        &self,
        device: &DeviceId,
    ) -> Result<Vec<(IssuedCertificate, Option<RevokedCertificate>)>, StoreError> {
        let rows: Vec<IssuedRow> = sqlx::query_as(
            "SELECT i.fingerprint, i.serial, i.at, i.ends, i.asked_with, r.at, r.by_email, r.why
             FROM issued_certificates i LEFT JOIN revoked_certificates r ON r.fingerprint = i.fingerprint
             WHERE i.device = (SELECT key FROM devices WHERE id = ?1)
             ORDER BY i.at DESC, i.fingerprint LIMIT ?2 + 0",
        )
        .bind(device.as_str())
        .bind(LIST_MAX)
        .fetch_all(self.read())
        .await?;
        let listed = rows.into_iter().map(|row| door_rows::issued(device, row));
        listed.collect()
    }

    async fn revoke_issued_to(
        &self,
        device: &DeviceId,
        revocation: &Revocation,
    ) -> Result<Vec<RevokedCertificate>, StoreError> {
        let mut tx = self.write().await?;
        let key = key(&mut tx, device).await?;
        let fingerprints: Vec<Vec<u8>> = sqlx::query_scalar(
            "INSERT INTO revoked_certificates (fingerprint, at, by_email, why)
             SELECT fingerprint, ?2, ?3, ?4 FROM issued_certificates WHERE device = ?1
             ON CONFLICT DO NOTHING RETURNING fingerprint",
        )
        .bind(key)
        .bind(micros(revocation.at))
        .bind(revocation.by.as_str())
        .bind(&revocation.why)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        revoked(fingerprints, revocation)
    }
}

async fn key(tx: &mut Write, device: &DeviceId) -> Result<i64, StoreError> {
    let key: Option<i64> = sqlx::query_scalar("SELECT key FROM devices WHERE id = ?1")
        .bind(device.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    key.ok_or_else(|| no_device(device))
}

/// That the certificate that was asked with isn't revoked by now.
async fn expect_good(tx: &mut Write, asked_with: &[u8; 32]) -> Result<(), IssueFailure> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT at FROM revoked_certificates WHERE fingerprint = ?1")
            .bind(&asked_with[..])
            .fetch_optional(&mut **tx)
            .await?;
    found.map_or(Ok(()), |_| Err(IssueFailure::Revoked))
}

/// When the device was given its newest ones, more than may be of one day.
async fn given(tx: &mut Write, device: i64) -> Result<Vec<Timestamp>, StoreError> {
    let given: Vec<i64> = sqlx::query_scalar(
        "SELECT at FROM issued_certificates WHERE device = ?1 ORDER BY at DESC LIMIT ?2 + 0",
    )
    .bind(device)
    .bind(LIST_MAX)
    .fetch_all(&mut **tx)
    .await?;
    let given = given
        .into_iter()
        .map(|at| instant("issued certificate", at));
    given.collect()
}

async fn add(tx: &mut Write, device: i64, issued: &IssuedCertificate) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO issued_certificates (fingerprint, device, serial, at, ends, asked_with) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(&issued.fingerprint[..])
    .bind(device)
    .bind(&issued.serial)
    .bind(micros(issued.at))
    .bind(micros(issued.ends))
    .bind(issued.asked_with.as_ref().map(|with| &with[..]))
    .execute(&mut **tx)
    .await
    .map_err(|error| taken(error, "issued certificate", hex::encode(issued.fingerprint)))?;
    Ok(())
}

async fn forget_old(tx: &mut Write, device: i64, now: Timestamp) -> Result<(), StoreError> {
    let Ok(before) = now.checked_sub(KEPT_AFTER_END) else {
        return Ok(());
    };
    sqlx::query("DELETE FROM issued_certificates WHERE device = ?1 AND ends < ?2")
        .bind(device)
        .bind(micros(before))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
