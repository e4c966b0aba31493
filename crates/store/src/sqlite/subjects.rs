//! The subjects of providers, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, Email, Subject};

use super::setup_links::refuse_another_role;
use super::values::micros;
use super::{SqliteStore, Write, accounts};
use crate::door_rows::{self, AccountRow};
use crate::subjects::check_bond;
use crate::{StoreError, Subjects};

#[async_trait]
impl Subjects for SqliteStore {
    async fn account_of_subject(&self, subject: &Subject) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT a.email AS account, a.role, a.password, a.totp_secret, a.totp_step,
                    a.since AS account_since, a.closed
             FROM subjects AS s JOIN accounts AS a ON a.email = s.email
             WHERE s.issuer = ?1 AND s.name = ?2",
        )
        .bind(&subject.issuer)
        .bind(&subject.name)
        .fetch_optional(self.read())
        .await?;
        row.map(door_rows::account).transpose()
    }

    async fn bind_subject(
        &self,
        subject: &Subject,
        account: &Account,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let who = &account.email;
        refuse_another_role(&mut tx, who, account.role).await?;
        let bound = bound(&mut tx, subject, who).await?;
        if check_bond(subject, who, bound)? {
            return Ok(());
        }
        if accounts::account(&mut tx, who).await?.is_none() {
            accounts::put(&mut tx, account).await?;
        }
        sqlx::query("INSERT INTO subjects (issuer, name, email, since) VALUES (?1, ?2, ?3, ?4)")
            .bind(&subject.issuer)
            .bind(&subject.name)
            .bind(who.as_str())
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

/// What the subject is bound to, and what the address is bound to at its issuer.
async fn bound(
    tx: &mut Write,
    subject: &Subject,
    who: &Email,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let to = sqlx::query_scalar("SELECT email FROM subjects WHERE issuer = ?1 AND name = ?2")
        .bind(&subject.issuer)
        .bind(&subject.name)
        .fetch_optional(&mut **tx)
        .await?;
    let by = sqlx::query_scalar("SELECT name FROM subjects WHERE issuer = ?1 AND email = ?2")
        .bind(&subject.issuer)
        .bind(who.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok((to, by))
}

/// Forgets who the owner of an address is to any provider.
pub(super) async fn unbind(tx: &mut Write, who: &Email) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM subjects WHERE email = ?1")
        .bind(who.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
