//! The setup links, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::setup_link::SETUP_LINK_AGE_MAX;
use mainstay_access::{Account, Email, Role, SecretHash, SetupLink};

use super::values::{bytes32, instant, micros};
use super::{SqliteStore, Write, accounts, people};
use crate::{SetupLinks, StoreError};

type Row = (Vec<u8>, Option<String>, String, i64);

#[async_trait]
impl SetupLinks for SqliteStore {
    async fn add_setup_link(&self, link: &SetupLink) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        if let Some(who) = &link.who {
            refuse_another_role(&mut tx, who, link.role).await?;
        }
        sqlx::query("DELETE FROM setup_links WHERE made <= ?1")
            .bind(micros(link.made - SETUP_LINK_AGE_MAX))
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO setup_links (hash, email, role, made) VALUES (?1, ?2, ?3, ?4)")
            .bind(&link.hash.0[..])
            .bind(link.who.as_ref().map(Email::as_str))
            .bind(link.role.id())
            .bind(micros(link.made))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn setup_link(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<SetupLink>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT hash, email, role, made FROM setup_links
             WHERE hash = ?1 AND (email IS NOT NULL OR NOT EXISTS (SELECT 1 FROM accounts))",
        )
        .bind(&hash.0[..])
        .fetch_optional(self.read())
        .await?;
        let found = row.map(link).transpose()?;
        Ok(found.filter(|link| link.works(now)))
    }

    async fn use_setup_link(
        &self,
        hash: &SecretHash,
        account: &Account,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let link = take(&mut tx, hash).await?.filter(|link| link.works(now));
        let link = link.ok_or_else(|| StoreError::not_found("setup link for", &account.email))?;
        link.opens(account, now)
            .map_err(|refused| StoreError::Conflict {
                what: "setup link for",
                name: account.email.to_string(),
                because: refused.to_string(),
            })?;
        refuse_another_role(&mut tx, &account.email, account.role).await?;
        accounts::put(&mut tx, account).await?;
        accounts::end_sessions(&mut tx, &account.email).await?;
        sqlx::query("DELETE FROM setup_links WHERE email = ?1")
            .bind(account.email.as_str())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

/// Takes a link out: whoever commits that is its one user.
async fn take(tx: &mut Write, hash: &SecretHash) -> Result<Option<SetupLink>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "DELETE FROM setup_links
         WHERE hash = ?1 AND (email IS NOT NULL OR NOT EXISTS (SELECT 1 FROM accounts))
         RETURNING hash, email, role, made",
    )
    .bind(&hash.0[..])
    .fetch_optional(&mut **tx)
    .await?;
    row.map(link).transpose()
}

/// One address has one role, whether by an account or as a person with a token; a closed account is nobody's any more.
async fn refuse_another_role(tx: &mut Write, who: &Email, role: Role) -> Result<(), StoreError> {
    let by_account = accounts::account(tx, who).await?;
    let is_closed = by_account
        .as_ref()
        .is_some_and(|account| account.closed.is_some());
    let as_person = people::duty_of(tx, who).await?.map(Role::from);
    let mut roles = by_account
        .map(|account| account.role)
        .into_iter()
        .chain(as_person);
    if is_closed || roles.any(|has| has != role) {
        return Err(StoreError::already_exists("account", who));
    }
    Ok(())
}

fn link((hash, email, role, made): Row) -> Result<SetupLink, StoreError> {
    Ok(SetupLink {
        hash: SecretHash(bytes32("setup link", &hash)?),
        who: email.as_deref().map(accounts::email).transpose()?,
        role: accounts::role(&role)?,
        made: instant("setup link", made)?,
    })
}
