//! The welcomes by which devices come in that nobody registered, in PostgreSQL. Whoever lets one in has locked [`Lock::Registrations`] before the
//! welcome's row.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{NotWelcome, Welcome, WelcomeId};
use sqlx::PgConnection;

use super::failure::taken;
use super::locks::{self, Lock};
use super::values::{micros, to_json};
use super::{PostgresStore, Write, register, retried, timeline};
use crate::door_rows::{self, InvitationRow};
use crate::welcomes::{against, expect_welcome, no_welcome, told};
use crate::{
    Comes, Fingerprint, LIST_MAX, LetIn, Registration, StoreError, TimelineKind, Welcomes,
};

#[async_trait]
impl Welcomes for PostgresStore {
    async fn add_welcome(&self, welcome: &Welcome) -> Result<(), StoreError> {
        retried(|| add(self, welcome)).await
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
             WHERE made <= $1 AND (made < $1 OR id > $2) ORDER BY made DESC, id LIMIT $3",
        )
        .bind(made)
        .bind(id)
        .bind(i64::from(most))
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(door_rows::welcome).collect()
    }

    async fn working_welcomes(&self, now: Timestamp) -> Result<Vec<Welcome>, StoreError> {
        let rows: Vec<InvitationRow> = sqlx::query_as(
            "SELECT id, terms, uses, used, made, maker, expires, revoked FROM welcomes
             WHERE expires > $1 AND revoked IS NULL AND used < uses ORDER BY expires, id LIMIT $2",
        )
        .bind(micros(now))
        .bind(i64::from(LIST_MAX))
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(door_rows::welcome).collect()
    }

    async fn welcome(&self, id: WelcomeId) -> Result<Option<Welcome>, StoreError> {
        let row: Option<InvitationRow> = sqlx::query_as(
            "SELECT id, terms, uses, used, made, maker, expires, revoked FROM welcomes WHERE id = $1",
        )
        .bind(&id.0[..])
        .fetch_optional(&mut *self.read().await?)
        .await?;
        row.map(door_rows::welcome).transpose()
    }

    async fn revoke_welcome(&self, id: WelcomeId, at: Timestamp) -> Result<(), StoreError> {
        retried(|| revoke(self, id, at)).await
    }

    async fn stands_against(&self, comes: &Comes<'_>) -> Result<Option<LetIn>, StoreError> {
        let mut connection = self.read().await?;
        stands_against(&mut connection, comes).await
    }

    async fn let_in(
        &self,
        welcome: WelcomeId,
        new: &Registration,
        by: &Fingerprint,
    ) -> Result<LetIn, StoreError> {
        retried(|| let_in(self, welcome, new, by)).await
    }
}

async fn add(store: &PostgresStore, welcome: &Welcome) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sqlx::query(
        "INSERT INTO welcomes (id, terms, uses, used, made, maker, expires, revoked)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&welcome.id.0[..])
    .bind(to_json("welcome", &welcome.terms)?)
    .bind(i64::from(welcome.uses))
    .bind(i64::from(welcome.used))
    .bind(micros(welcome.made))
    .bind(welcome.maker.as_str())
    .bind(micros(welcome.expires))
    .bind(welcome.revoked.map(micros))
    .execute(&mut *tx)
    .await
    .map_err(|error| taken(error, "welcome", welcome.id))?;
    Ok(tx.commit().await?)
}

async fn revoke(store: &PostgresStore, id: WelcomeId, at: Timestamp) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    let revoked = sqlx::query("UPDATE welcomes SET revoked = coalesce(revoked, $2) WHERE id = $1")
        .bind(&id.0[..])
        .bind(micros(at))
        .execute(&mut *tx)
        .await?;
    expect_welcome(revoked.rows_affected())?;
    Ok(tx.commit().await?)
}

/// Whoever waits here for another one that is registered sees what that one did.
async fn let_in(
    store: &PostgresStore,
    welcome: WelcomeId,
    new: &Registration,
    by: &Fingerprint,
) -> Result<LetIn, StoreError> {
    let mut tx = store.write().await?;
    locks::alone(&mut tx, Lock::Registrations).await?;
    let against = stands_against(&mut tx, &Comes::of(new, by)).await?;
    if let Some(against) = against {
        return Ok(against);
    }
    let welcome = take_use(&mut tx, welcome).await?;
    let (id, at) = (&new.device.id, new.device.registered_at);
    if !welcome.works_at(at) {
        return Ok(LetIn::Refused(NotWelcome::Nobody));
    }
    register::add(&mut tx, std::slice::from_ref(new)).await?;
    let key = locks::device(&mut tx, id).await?;
    let key = key.ok_or_else(|| StoreError::not_found("device", id))?;
    let told = told(&welcome, by);
    timeline::add(&mut tx, key, at, TimelineKind::Registered, &told, None).await?;
    tx.commit().await?;
    Ok(LetIn::New)
}

/// What stands against a device: one of its names is taken, or its certificate is revoked; the certificate was given by this house; or a code is for its name.
async fn stands_against(
    connection: &mut PgConnection,
    comes: &Comes<'_>,
) -> Result<Option<LetIn>, StoreError> {
    let [own, controller] = comes.names();
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT min(why) FROM (
             SELECT 0::bigint AS why FROM devices WHERE id IN ($1, $2)
             UNION ALL SELECT 0::bigint FROM controllers WHERE controller IN ($1, $2)
             UNION ALL SELECT 0::bigint FROM revoked_certificates WHERE fingerprint = $3
             UNION ALL SELECT 1::bigint FROM issued_certificates WHERE fingerprint = $3
             UNION ALL SELECT 2::bigint FROM join_codes
             WHERE device = $1 AND revoked IS NULL AND expires > $4 AND used < uses) AS found",
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
        "SELECT id, terms, uses, used, made, maker, expires, revoked FROM welcomes
         WHERE id = $1 FOR NO KEY UPDATE",
    )
    .bind(&id.0[..])
    .fetch_optional(&mut **tx)
    .await?;
    let welcome = door_rows::welcome(row.ok_or_else(no_welcome)?)?;
    sqlx::query("UPDATE welcomes SET used = used + 1 WHERE id = $1")
        .bind(&id.0[..])
        .execute(&mut **tx)
        .await?;
    Ok(welcome)
}
