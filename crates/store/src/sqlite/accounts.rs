//! The accounts, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, Email, PasswordHash, Role, SecondFactor, TotpSecret};

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use super::values::{instant, micros};
use super::{SqliteStore, Write};
use crate::{Accounts, StoreError};

/// An account in a row, joined to others by its address or alone.
pub(super) struct AccountRow {
    email: String,
    role: String,
    password: String,
    totp_secret: Option<Vec<u8>>,
    totp_step: Option<i64>,
    account_since: i64,
    closed: Option<i64>,
}

impl FromRow<'_, SqliteRow> for AccountRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            email: row.try_get("account")?,
            role: row.try_get("role")?,
            password: row.try_get("password")?,
            totp_secret: row.try_get("totp_secret")?,
            totp_step: row.try_get("totp_step")?,
            account_since: row.try_get("account_since")?,
            closed: row.try_get("closed")?,
        })
    }
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn account(&self, who: &Email) -> Result<Option<Account>, StoreError> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT email AS account, role, password, totp_secret, totp_step,
                    since AS account_since, closed
             FROM accounts WHERE email = ?1",
        )
        .bind(who.as_str())
        .fetch_optional(self.read())
        .await?;
        row.map(Account::try_from).transpose()
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<AccountRow> = sqlx::query_as(
            "SELECT email AS account, role, password, totp_secret, totp_step,
                    since AS account_since, closed
             FROM accounts ORDER BY email",
        )
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(Account::try_from).collect()
    }

    async fn save_password(
        &self,
        who: &Email,
        before: &PasswordHash,
        after: &PasswordHash,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let saved = sqlx::query(
            "UPDATE accounts SET password = ?3, wrong_codes = 0, wrong_last = NULL
             WHERE email = ?1 AND password = ?2 AND closed IS NULL",
        )
        .bind(who.as_str())
        .bind(before.as_str())
        .bind(after.as_str())
        .execute(&mut *tx)
        .await?;
        expect_one(saved.rows_affected(), who)?;
        end_sessions(&mut tx, who).await?;
        Ok(tx.commit().await?)
    }

    async fn save_second_factor(
        &self,
        who: &Email,
        before: Option<&SecondFactor>,
        after: Option<&SecondFactor>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let saved = sqlx::query(
            "UPDATE accounts SET totp_secret = ?4, totp_step = ?5, wrong_codes = 0, wrong_last = NULL
             WHERE email = ?1 AND totp_secret IS ?2 AND totp_step IS ?3 AND closed IS NULL",
        )
        .bind(who.as_str())
        .bind(before.map(secret))
        .bind(before.map(SecondFactor::step))
        .bind(after.map(secret))
        .bind(after.map(SecondFactor::step))
        .execute(&mut *tx)
        .await?;
        expect_one(saved.rows_affected(), who)?;
        end_sessions(&mut tx, who).await?;
        Ok(tx.commit().await?)
    }

    async fn close_account(&self, who: &Email, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let closed =
            sqlx::query("UPDATE accounts SET closed = ?2 WHERE email = ?1 AND closed IS NULL")
                .bind(who.as_str())
                .bind(micros(at))
                .execute(&mut *tx)
                .await?;
        if closed.rows_affected() != 1 {
            return Err(StoreError::not_found("open account", who));
        }
        end_sessions(&mut tx, who).await?;
        take_back(&mut tx, who, at).await?;
        Ok(tx.commit().await?)
    }
}

fn expect_one(saved: u64, who: &Email) -> Result<(), StoreError> {
    if saved == 1 {
        return Ok(());
    }
    Err(StoreError::Conflict {
        what: "account",
        name: who.to_string(),
        because: "it isn't open with what it had before".to_owned(),
    })
}

/// The account of an address as part of `tx`, closed or not.
pub(super) async fn account(tx: &mut Write, who: &Email) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT email AS account, role, password, totp_secret, totp_step,
                since AS account_since, closed
         FROM accounts WHERE email = ?1",
    )
    .bind(who.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Account::try_from).transpose()
}

/// The account of an address, if there is one that is open.
pub(super) async fn open_account(tx: &mut Write, who: &Email) -> Result<Account, StoreError> {
    let account = account(tx, who).await?;
    let open = account.filter(|account| account.closed.is_none());
    open.ok_or_else(|| StoreError::not_found("open account", who))
}

/// Keeps an account as it is, whether or not it was there. Wrong codes count on against a second factor that stays.
pub(super) async fn put(tx: &mut Write, account: &Account) -> Result<(), StoreError> {
    let factor = account.second_factor.as_ref();
    sqlx::query(
        "INSERT INTO accounts (email, role, password, totp_secret, totp_step, since, closed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (email) DO UPDATE SET
           password = excluded.password, totp_secret = excluded.totp_secret,
           totp_step = excluded.totp_step,
           wrong_codes = iif(totp_secret IS excluded.totp_secret, wrong_codes, 0),
           wrong_last = iif(totp_secret IS excluded.totp_secret, wrong_last, NULL)",
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
    sqlx::query("DELETE FROM sessions WHERE email = ?1")
        .bind(who.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes back what somebody gave away who may have been a thief: revokes all API tokens of an address that aren't yet, and
/// forgets the links that it made or vouched for.
pub(super) async fn take_back(
    tx: &mut Write,
    who: &Email,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE api_tokens SET revoked = ?2 WHERE email = ?1 AND revoked IS NULL")
        .bind(who.as_str())
        .bind(micros(at))
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM setup_links WHERE maker = ?1 OR vouched_by = ?1")
        .bind(who.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn secret(factor: &SecondFactor) -> &[u8] {
    &factor.secret().bytes()[..]
}

/// An address of a row.
pub(super) fn email(text: &str) -> Result<Email, StoreError> {
    Email::new(text).map_err(|error| StoreError::damaged("account", error))
}

/// A role of a row.
pub(super) fn role(id: &str) -> Result<Role, StoreError> {
    let unknown = || StoreError::damaged("account", format_args!("{id:?} is no role"));
    Role::from_id(id).ok_or_else(unknown)
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        let damaged = |because: &str| StoreError::damaged("account", because);
        let password = PasswordHash::new(row.password);
        let second_factor = match (row.totp_secret, row.totp_step) {
            (Some(secret), Some(step)) => {
                let bytes = secret
                    .try_into()
                    .map_err(|_| damaged("a secret isn't 20 bytes long"))?;
                Some(SecondFactor::kept(TotpSecret::new(bytes), step))
            }
            (None, None) => None,
            _ => return Err(damaged("it has half a second factor")),
        };
        Ok(Self {
            email: email(&row.email)?,
            role: role(&row.role)?,
            password: password.ok_or_else(|| damaged("its password isn't hashed by Argon2id"))?,
            second_factor,
            since: instant("account", row.account_since)?,
            closed: row.closed.map(|at| instant("account", at)).transpose()?,
        })
    }
}
