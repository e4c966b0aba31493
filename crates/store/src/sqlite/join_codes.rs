//! The codes by which devices join, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{JoinCode, JoinRefusal, SecretHash};

use super::failure::taken;
use super::values::{micros, to_json};
use super::{SqliteStore, Write, devices, gateways, timeline};
use crate::door_rows::{self, InvitationRow};
use crate::join_codes::{expect_code, gateway, no_code, told};
use crate::{JoinCodes, JoinFailure, Joining, Registration, StoreError, TimelineKind};

#[async_trait]
impl JoinCodes for SqliteStore {
    async fn add_join_code(&self, code: &JoinCode) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO join_codes (hash, terms, uses, used, made, maker, expires, revoked, device)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .bind(&code.hash.0[..])
        .bind(to_json("join code", &code.terms)?)
        .bind(code.uses)
        .bind(code.used)
        .bind(micros(code.made))
        .bind(code.maker.as_str())
        .bind(micros(code.expires))
        .bind(code.revoked.map(micros))
        .bind(code.terms.device.as_deref())
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "join code", code.name()))?;
        Ok(tx.commit().await?)
    }

    async fn join_codes_after(
        &self,
        after: Option<&JoinCode>,
        most: u32,
    ) -> Result<Vec<JoinCode>, StoreError> {
        let (made, hash) = after.map_or((i64::MAX, &[][..]), |after| {
            (micros(after.made), &after.hash.0[..])
        });
        let rows: Vec<InvitationRow> = sqlx::query_as(
            "SELECT hash, terms, uses, used, made, maker, expires, revoked FROM join_codes
             WHERE made <= ?1 AND (made < ?1 OR hash > ?2) ORDER BY made DESC, hash LIMIT ?3 + 0",
        )
        .bind(made)
        .bind(hash)
        .bind(most)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(door_rows::join_code).collect()
    }

    async fn join_code(&self, hash: &SecretHash) -> Result<Option<JoinCode>, StoreError> {
        let row: Option<InvitationRow> = sqlx::query_as(
            "SELECT hash, terms, uses, used, made, maker, expires, revoked FROM join_codes WHERE hash = ?1",
        )
        .bind(&hash.0[..])
        .fetch_optional(self.read())
        .await?;
        row.map(door_rows::join_code).transpose()
    }

    async fn revoke_join_code(&self, hash: &SecretHash, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let revoked =
            sqlx::query("UPDATE join_codes SET revoked = coalesce(revoked, ?2) WHERE hash = ?1")
                .bind(&hash.0[..])
                .bind(micros(at))
                .execute(&mut *tx)
                .await?;
        expect_code(revoked.rows_affected())?;
        Ok(tx.commit().await?)
    }

    async fn join(&self, code: &SecretHash, new: &Registration) -> Result<Joining, JoinFailure> {
        let mut tx = self.write().await?;
        if is_there(&mut tx, new).await? {
            return Ok(Joining::Again);
        }
        let code = take_use(&mut tx, code).await?;
        let at = new.device.registered_at;
        code.admits(new.device.id.as_str(), at)?;
        expect_unkept(&mut tx, &code, new).await?;
        let key = devices::add(&mut tx, new).await?;
        timeline::add(
            &mut tx,
            key,
            at,
            TimelineKind::Registered,
            &told(&code),
            None,
        )
        .await?;
        if let Some(gateway) = gateway(&code)? {
            gateways::put(&mut tx, &new.device.id, Some(&gateway), at).await?;
        }
        tx.commit().await?;
        Ok(Joining::New)
    }
}

/// Whether the device is registered, with this token.
async fn is_there(tx: &mut Write, new: &Registration) -> Result<bool, StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT key FROM devices WHERE id = ?1 AND token_hash = ?2")
            .bind(new.device.id.as_str())
            .bind(&new.token_hash[..])
            .fetch_optional(&mut **tx)
            .await?;
    Ok(found.is_some())
}

/// The code as it was before this use. Whether it admits one more is asked before it is committed.
async fn take_use(tx: &mut Write, hash: &SecretHash) -> Result<JoinCode, StoreError> {
    let row: Option<InvitationRow> = sqlx::query_as(
        "SELECT hash, terms, uses, used, made, maker, expires, revoked FROM join_codes WHERE hash = ?1",
    )
    .bind(&hash.0[..])
    .fetch_optional(&mut **tx)
    .await?;
    let code = door_rows::join_code(row.ok_or_else(no_code)?)?;
    sqlx::query("UPDATE join_codes SET used = used + 1 WHERE hash = ?1")
        .bind(&hash.0[..])
        .execute(&mut **tx)
        .await?;
    Ok(code)
}

/// That no name is taken by a code for any device which people keep for one, by a code for that alone that still works.
async fn expect_unkept(
    tx: &mut Write,
    code: &JoinCode,
    new: &Registration,
) -> Result<(), JoinFailure> {
    if code.terms.device.is_some() || !is_kept(tx, new).await? {
        return Ok(());
    }
    Err(JoinRefusal::Kept.into())
}

/// Whether people keep the name for one, by a code for that alone that still works.
async fn is_kept(tx: &mut Write, new: &Registration) -> Result<bool, StoreError> {
    let kept: Option<i64> = sqlx::query_scalar(
        "SELECT made FROM join_codes
         WHERE device = ?1 AND revoked IS NULL AND expires > ?2 AND used < uses LIMIT 1",
    )
    .bind(new.device.id.as_str())
    .bind(micros(new.device.registered_at))
    .fetch_optional(&mut **tx)
    .await?;
    Ok(kept.is_some())
}
