//! The accounts, in PostgreSQL. What changes one has locked its address before ([`Lock::Person`]).

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, Email, PasswordHash, SecondFactor};

use super::locks::{self, Lock};
use super::values::micros;
use super::{PostgresStore, Write, retried};
use crate::accounts::{expect_open, expect_saved, secret};
use crate::door_rows::{self, AccountRow};
use crate::{Accounts, StoreError};

/// All accounts, by address.
const ALL: &str = "SELECT email AS account, role, password, totp_secret, totp_step,
                          since AS account_since, closed
                   FROM accounts ORDER BY email";

#[async_trait]
impl Accounts for PostgresStore {
    async fn account(&self, who: &Email) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT email AS account, role, password, totp_secret, totp_step,
                    since AS account_since, closed
             FROM accounts WHERE email = $1",
        )
        .bind(who.as_str())
        .fetch_optional(&mut *self.read().await?)
        .await?;
        row.map(door_rows::account).transpose()
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<AccountRow> = sqlx::query_as(ALL)
            .fetch_all(&mut *self.read().await?)
            .await?;
        rows.into_iter().map(door_rows::account).collect()
    }

    async fn save_password(
        &self,
        who: &Email,
        before: &PasswordHash,
        after: &PasswordHash,
    ) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            locks::alone(&mut tx, Lock::Links).await?;
            locks::alone(&mut tx, Lock::Person(who)).await?;
            let saved = sqlx::query(
                "UPDATE accounts SET password = $3, wrong_codes = 0, wrong_last = NULL
                 WHERE email = $1 AND password = $2 AND closed IS NULL",
            )
            .bind(who.as_str())
            .bind(before.as_str())
            .bind(after.as_str())
            .execute(&mut *tx)
            .await?;
            expect_saved(saved.rows_affected(), who)?;
            end_sessions(&mut tx, who).await?;
            forget_links(&mut tx, who).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn save_second_factor(
        &self,
        who: &Email,
        verified: &PasswordHash,
        before: Option<&SecondFactor>,
        after: Option<&SecondFactor>,
    ) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            locks::alone(&mut tx, Lock::Links).await?;
            locks::alone(&mut tx, Lock::Person(who)).await?;
            let saved = sqlx::query(
                "UPDATE accounts SET totp_secret = $4, totp_step = $5, wrong_codes = 0, wrong_last = NULL
                 WHERE email = $1 AND totp_secret IS NOT DISTINCT FROM $2
                   AND totp_step IS NOT DISTINCT FROM $3 AND closed IS NULL AND password = $6",
            )
            .bind(who.as_str())
            .bind(before.map(secret))
            .bind(before.map(SecondFactor::step))
            .bind(after.map(secret))
            .bind(after.map(SecondFactor::step))
            .bind(verified.as_str())
            .execute(&mut *tx)
            .await?;
            expect_saved(saved.rows_affected(), who)?;
            end_sessions(&mut tx, who).await?;
        forget_links(&mut tx, who).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn shut_out(&self, who: &Email, at: Timestamp) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            locks::alone(&mut tx, Lock::Links).await?;
            locks::alone(&mut tx, Lock::Person(who)).await?;
            open_account(&mut tx, who).await?;
            end_sessions(&mut tx, who).await?;
            take_back(&mut tx, who, at).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn close_account(&self, who: &Email, at: Timestamp) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            locks::alone(&mut tx, Lock::Links).await?;
            locks::alone(&mut tx, Lock::Person(who)).await?;
            let closing = open_account(&mut tx, who).await?;
            closing.check_closing(&all(&mut tx).await?)?;
            sqlx::query("UPDATE accounts SET closed = $2 WHERE email = $1")
                .bind(who.as_str())
                .bind(micros(at))
                .execute(&mut *tx)
                .await?;
            end_sessions(&mut tx, who).await?;
            take_back(&mut tx, who, at).await?;
            Ok(tx.commit().await?)
        })
        .await
    }
}

/// The account of an address as part of `tx`, closed or not.
pub(super) async fn account(tx: &mut Write, who: &Email) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT email AS account, role, password, totp_secret, totp_step,
                since AS account_since, closed
         FROM accounts WHERE email = $1",
    )
    .bind(who.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(door_rows::account).transpose()
}

/// The account of an address, if there is one that is open.
pub(super) async fn open_account(tx: &mut Write, who: &Email) -> Result<Account, StoreError> {
    expect_open(account(tx, who).await?, who)
}

/// All accounts as they are in `tx`.
async fn all(tx: &mut Write) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<AccountRow> = sqlx::query_as(ALL).fetch_all(&mut **tx).await?;
    rows.into_iter().map(door_rows::account).collect()
}

/// Keeps an account as it is, whether or not it was there. Wrong codes count on against a second factor that stays.
pub(super) async fn put(tx: &mut Write, account: &Account) -> Result<(), StoreError> {
    let factor = account.second_factor.as_ref();
    sqlx::query(
        "INSERT INTO accounts AS a (email, role, password, totp_secret, totp_step, since, closed)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (email) DO UPDATE SET
           password = excluded.password, totp_secret = excluded.totp_secret,
           totp_step = excluded.totp_step,
           wrong_codes = CASE WHEN a.totp_secret IS NOT DISTINCT FROM excluded.totp_secret
                              THEN a.wrong_codes ELSE 0 END,
           wrong_last = CASE WHEN a.totp_secret IS NOT DISTINCT FROM excluded.totp_secret
                             THEN a.wrong_last END",
    )
    .bind(account.email.as_str())
    .bind(account.role.id())
    .bind(account.password.as_str())
    .bind(factor.map(secret))
    .bind(factor.map(SecondFactor::step))
    .bind(micros(account.since))
    .bind(account.closed.map(micros))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends all sessions of an address.
pub(super) async fn end_sessions(tx: &mut Write, who: &Email) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE email = $1")
        .bind(who.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes back what somebody gave away who may have been a thief: revokes all API tokens of an address that aren't yet, and
/// forgets the links that it made or vouched for, and those for it.
pub(super) async fn take_back(
    tx: &mut Write,
    who: &Email,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE api_tokens SET revoked = $2 WHERE email = $1 AND revoked IS NULL")
        .bind(who.as_str())
        .bind(micros(at))
        .execute(&mut **tx)
        .await?;
    forget_links(tx, who).await
}

/// Forgets the links that an address made or vouched for, and those for it.
async fn forget_links(tx: &mut Write, who: &Email) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM setup_links WHERE maker = $1 OR vouched_by = $1 OR email = $1")
        .bind(who.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
