//! The setup links, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::setup_link::SETUP_LINK_AGE_MAX;
use mainstay_access::{Account, Email, Role, SecretHash, SetupLink};

use super::sessions::whole;
use super::values::micros;
use super::{SqliteStore, Write, accounts, people, subjects};
use crate::door_rows::{self, LinkRow};
use crate::setup_links::{check_maker, check_role, conflict, expect_forgotten, working};
use crate::{LIST_MAX, SetupLinks, StoreError};

#[async_trait]
impl SetupLinks for SqliteStore {
    async fn add_setup_link(
        &self,
        link: &SetupLink,
        session: Option<&SecretHash>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let owner = match session {
            Some(session) => Some(whole(&mut tx, session, link.made).await?),
            None => None,
        };
        check_maker(link, owner.as_ref())?;
        if let Some(who) = &link.who {
            refuse_another_role(&mut tx, who, link.role).await?;
        }
        sqlx::query("DELETE FROM setup_links WHERE made <= ?1")
            .bind(micros(link.made - SETUP_LINK_AGE_MAX))
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO setup_links (hash, email, role, made, maker, maker_role, vouched_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .bind(&link.hash.0[..])
        .bind(link.who.as_ref().map(Email::as_str))
        .bind(link.role.id())
        .bind(micros(link.made))
        .bind(link.maker.as_ref().map(|maker| maker.who.as_str()))
        .bind(link.maker.as_ref().map(|maker| maker.role.id()))
        .bind(link.vouched_by.as_ref().map(Email::as_str))
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn vouch_for_setup_link(
        &self,
        hash: &SecretHash,
        session: &SecretHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let second = whole(&mut tx, session, now).await?;
        let row: Option<LinkRow> = sqlx::query_as(
            "SELECT hash, email, role, made, maker, maker_role, vouched_by FROM setup_links
             WHERE hash = ?1",
        )
        .bind(&hash.0[..])
        .fetch_optional(&mut *tx)
        .await?;
        let found = working(row, now)?;
        let found = found.ok_or_else(|| StoreError::not_found("setup link", "to vouch for"))?;
        let who = found.who.clone();
        found
            .vouched(&second, now)
            .map_err(|refused| conflict(who.as_ref(), refused))?;
        sqlx::query("UPDATE setup_links SET vouched_by = ?2 WHERE hash = ?1")
            .bind(&hash.0[..])
            .bind(second.email.as_str())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn setup_links(&self, now: Timestamp) -> Result<Vec<SetupLink>, StoreError> {
        let rows: Vec<LinkRow> = sqlx::query_as(
            "SELECT hash, email, role, made, maker, maker_role, vouched_by FROM setup_links
             WHERE email IS NOT NULL AND made > ?1 AND made < ?2
             ORDER BY made DESC, hash LIMIT ?3 + 0",
        )
        .bind(micros(now - SETUP_LINK_AGE_MAX))
        .bind(micros(now + SETUP_LINK_AGE_MAX))
        .bind(LIST_MAX)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(door_rows::link).collect()
    }

    async fn setup_link(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<SetupLink>, StoreError> {
        let row: Option<LinkRow> = sqlx::query_as(
            "SELECT hash, email, role, made, maker, maker_role, vouched_by FROM setup_links
             WHERE hash = ?1 AND (email IS NOT NULL OR NOT EXISTS (SELECT 1 FROM accounts))",
        )
        .bind(&hash.0[..])
        .fetch_optional(self.read())
        .await?;
        working(row, now)
    }

    async fn first_setup_link(&self, now: Timestamp) -> Result<Option<SetupLink>, StoreError> {
        let row: Option<LinkRow> = sqlx::query_as(
            "SELECT hash, email, role, made, maker, maker_role, vouched_by FROM setup_links
             WHERE email IS NULL AND NOT EXISTS (SELECT 1 FROM accounts)
             ORDER BY made DESC, hash LIMIT 1",
        )
        .fetch_optional(self.read())
        .await?;
        working(row, now)
    }

    async fn forget_setup_link(&self, hash: &SecretHash) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let forgotten =
            sqlx::query("DELETE FROM setup_links WHERE hash = ?1 AND email IS NOT NULL")
                .bind(&hash.0[..])
                .execute(&mut *tx)
                .await?;
        expect_forgotten(forgotten.rows_affected())?;
        Ok(tx.commit().await?)
    }

    async fn use_setup_link(
        &self,
        hash: &SecretHash,
        account: &Account,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let link = take(&mut tx, hash, now).await?;
        let link = link.ok_or_else(|| StoreError::not_found("setup link for", &account.email))?;
        let before = accounts::account(&mut tx, &account.email).await?;
        let opened = link
            .opens(account, before.as_ref(), now)
            .map_err(|refused| conflict(Some(&account.email), refused))?;
        refuse_another_role(&mut tx, &account.email, account.role).await?;
        accounts::put(&mut tx, &opened).await?;
        accounts::end_sessions(&mut tx, &account.email).await?;
        accounts::take_back(&mut tx, &account.email, now).await?;
        subjects::unbind(&mut tx, &account.email).await?;
        Ok(tx.commit().await?)
    }
}

/// Takes a link out: whoever commits that is its one user.
async fn take(
    tx: &mut Write,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Option<SetupLink>, StoreError> {
    let row: Option<LinkRow> = sqlx::query_as(
        "DELETE FROM setup_links
         WHERE hash = ?1 AND (email IS NOT NULL OR NOT EXISTS (SELECT 1 FROM accounts))
         RETURNING hash, email, role, made, maker, maker_role, vouched_by",
    )
    .bind(&hash.0[..])
    .fetch_optional(&mut **tx)
    .await?;
    working(row, now)
}

/// One address has one role, by its account or as a person.
pub(super) async fn refuse_another_role(
    tx: &mut Write,
    who: &Email,
    role: Role,
) -> Result<(), StoreError> {
    let account = accounts::account(tx, who).await?;
    let duty = people::duty_of(tx, who).await?;
    check_role(who, role, account.as_ref(), duty)
}
