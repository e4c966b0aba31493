//! The welcomes by which devices come in that nobody registered, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{NotWelcome, Welcome, WelcomeId};
use sqlx::SqliteConnection;

use super::failure::taken;
use super::values::{micros, to_json};
use super::{SqliteStore, Write, devices, timeline};
use crate::door_rows::{self, InvitationRow};
use crate::welcomes::{against, expect_welcome, no_welcome, told};
use crate::{
    Comes, Fingerprint, LIST_MAX, LetIn, Registration, StoreError, TimelineKind, Welcomes,
};

#[async_trait]
impl Welcomes for SqliteStore {
    async fn add_welcome(&self, welcome: &Welcome) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO welcomes (id, terms, uses, used, made, maker, expires, revoked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(&welcome.id.0[..])
        .bind(to_json("welcome", &welcome.terms)?)
        .bind(welcome.uses)
        .bind(welcome.used)
        .bind(micros(welcome.made))
        .bind(welcome.maker.as_str())
        .bind(micros(welcome.expires))
        .bind(welcome.revoked.map(micros))
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "welcome", welcome.id))?;
        Ok(tx.commit().await?)
    }

    async fn welcomes_after(
        &self,
        after: Option<&Welcome>,
        most: u32,
    ) -> Result<Vec<Welcome>, StoreError> {
        let (made, id) = after.map_or((i64::MAX, &[][..]), |after| {
            (micros(after.made), &after.id.0[..])
        });
        let rows: Vec<InvitationRow> = sqlx::query_as(
            "SELECT id, terms, uses, used, made, maker, expires, revoked FROM welcomes
             WHERE made <= ?1 AND (made < ?1 OR id > ?2) ORDER BY made DESC, id LIMIT ?3 + 0",
        )
        .bind(made)
        .bind(id)
        .bind(most)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(door_rows::welcome).collect()
    }

    async fn working_welcomes(&self, now: Timestamp) -> Result<Vec<Welcome>, StoreError> {
        let rows: Vec<InvitationRow> = sqlx::query_as(
            "SELECT id, terms, uses, used, made, maker, expires, revoked FROM welcomes
             WHERE expires > ?1 AND revoked IS NULL AND used < uses ORDER BY expires, id LIMIT ?2 + 0",
        )
        .bind(micros(now))
        .bind(LIST_MAX)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(door_rows::welcome).collect()
    }

    async fn welcome(&self, id: WelcomeId) -> Result<Option<Welcome>, StoreError> {
        let row: Option<InvitationRow> = sqlx::query_as(
            "SELECT id, terms, uses, used, made, maker, expires, revoked FROM welcomes WHERE id = ?1",
        )
        .bind(&id.0[..])
        .fetch_optional(self.read())
        .await?;
        row.map(door_rows::welcome).transpose()
    }

    async fn revoke_welcome(&self, id: WelcomeId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let revoked =
            sqlx::query("UPDATE welcomes SET revoked = coalesce(revoked, ?2) WHERE id = ?1")
                .bind(&id.0[..])
                .bind(micros(at))
                .execute(&mut *tx)
                .await?;
        expect_welcome(revoked.rows_affected())?;
        Ok(tx.commit().await?)
    }

    async fn stands_against(&self, comes: &Comes<'_>) -> Result<Option<LetIn>, StoreError> {
        let mut connection = self.read().acquire().await?;
        stands_against(&mut connection, comes).await
    }

    async fn let_in(
        &self,
        welcome: WelcomeId,
        new: &Registration,
        by: &Fingerprint,
    ) -> Result<LetIn, StoreError> {
        let mut tx = self.write().await?;
        let against = stands_against(&mut tx, &Comes::of(new, by)).await?;
        if let Some(against) = against {
            return Ok(against);
        }
        let welcome = take_use(&mut tx, welcome).await?;
        let at = new.device.registered_at;
        if !welcome.works_at(at) {
            return Ok(LetIn::Refused(NotWelcome::Nobody));
        }
        let key = devices::add(&mut tx, new).await?;
        let told = told(&welcome, by);
        timeline::add(&mut tx, key, at, TimelineKind::Registered, &told, None).await?;
        tx.commit().await?;
        Ok(LetIn::New)
    }
}

/// What stands against a device: one of its names is taken, or its certificate is revoked; the certificate was given by this house; or a code is for its name.
async fn stands_against(
    connection: &mut SqliteConnection,
    comes: &Comes<'_>,
) -> Result<Option<LetIn>, StoreError> {
    let [own, controller] = comes.names();
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT min(why) FROM (
             SELECT 0 AS why FROM devices WHERE id IN (?1, ?2)
             UNION ALL SELECT 0 FROM controllers WHERE controller IN (?1, ?2)
             UNION ALL SELECT 0 FROM revoked_certificates WHERE fingerprint = ?3
             UNION ALL SELECT 1 FROM issued_certificates WHERE fingerprint = ?3
             UNION ALL SELECT 2 FROM join_codes
             WHERE device = ?1 AND revoked IS NULL AND expires > ?4 AND used < uses) AS found",
    )
    .bind(own)
    .bind(controller)
    .bind(&comes.by[..])
    .bind(micros(comes.at))
    .fetch_one(connection)
    .await?;
    Ok(against(found))
}

/// The welcome as it was before this use. Whether it lets in one more is asked before it is committed.
async fn take_use(tx: &mut Write, id: WelcomeId) -> Result<Welcome, StoreError> {
    let row: Option<InvitationRow> = sqlx::query_as(
        "SELECT id, terms, uses, used, made, maker, expires, revoked FROM welcomes WHERE id = ?1",
    )
    .bind(&id.0[..])
    .fetch_optional(&mut **tx)
    .await?;
    let welcome = door_rows::welcome(row.ok_or_else(no_welcome)?)?;
    sqlx::query("UPDATE welcomes SET used = used + 1 WHERE id = ?1")
        .bind(&id.0[..])
        .execute(&mut **tx)
        .await?;
    Ok(welcome)
}
