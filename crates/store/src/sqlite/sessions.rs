//! The sessions, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::session::AGE_MAX;
use mainstay_access::{Account, SecondFactor, SecretHash, Session, SessionStanding};

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use super::SqliteStore;
use super::accounts::{AccountRow, email, open_account};
use super::values::{bytes32, from_json, instant, micros, to_json};
use crate::sessions::SESSIONS_MAX;
use crate::{Sessions, StoreError};

struct Row {
    hash: Vec<u8>,
    email: String,
    since: i64,
    seen: i64,
    means: String,
    second_factor: Option<i64>,
    account: AccountRow,
}

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            hash: row.try_get("hash")?,
            email: row.try_get("email")?,
            since: row.try_get("since")?,
            seen: row.try_get("seen")?,
            means: row.try_get("means")?,
            second_factor: row.try_get("second_factor")?,
            account: AccountRow::from_row(row)?,
        })
    }
}

#[async_trait]
impl Sessions for SqliteStore {
    async fn add_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        open_account(&mut tx, &session.who).await?;
        sqlx::query("DELETE FROM sessions WHERE since <= ?1")
            .bind(micros(session.since - AGE_MAX))
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO sessions (hash, email, since, seen, means, second_factor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(&session.hash.0[..])
        .bind(session.who.as_str())
        .bind(micros(session.since))
        .bind(micros(session.seen))
        .bind(to_json("session", &session.means)?)
        .bind(session.second_factor.map(micros))
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE email = ?1 AND hash NOT IN
               (SELECT hash FROM sessions WHERE email = ?1 ORDER BY since DESC LIMIT ?2 + 0)",
        )
        .bind(session.who.as_str())
        .bind(SESSIONS_MAX)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn session(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT s.hash, s.email, s.since, s.seen, s.means, s.second_factor,
                    a.email AS account, a.role, a.password, a.totp_secret, a.totp_step,
                    a.since AS account_since, a.closed
             FROM sessions AS s JOIN accounts AS a ON a.email = s.email WHERE s.hash = ?1",
        )
        .bind(&hash.0[..])
        .fetch_optional(self.read())
        .await?;
        let found = row.map(session).transpose()?;
        Ok(found
            .filter(|(session, account)| session.standing(account, now) != SessionStanding::Over))
    }

    async fn session_seen(&self, hash: &SecretHash, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE sessions SET seen = ?2 WHERE hash = ?1 AND seen < ?2")
            .bind(&hash.0[..])
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn code_shown(
        &self,
        hash: &SecretHash,
        after: &SecondFactor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let used = sqlx::query(
            "UPDATE accounts SET totp_step = ?3
             WHERE email = (SELECT email FROM sessions WHERE hash = ?1)
               AND totp_secret = ?2 AND totp_step < ?3 AND closed IS NULL",
        )
        .bind(&hash.0[..])
        .bind(&after.secret().bytes()[..])
        .bind(after.step())
        .execute(&mut *tx)
        .await?;
        if used.rows_affected() != 1 {
            return Ok(false);
        }
        sqlx::query("UPDATE sessions SET second_factor = ?2 WHERE hash = ?1")
            .bind(&hash.0[..])
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM sessions WHERE hash = ?1")
            .bind(&hash.0[..])
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

fn session(row: Row) -> Result<(Session, Account), StoreError> {
    let at = |micros| instant("session", micros);
    let session = Session {
        hash: SecretHash(bytes32("session", &row.hash)?),
        who: email(&row.email)?,
        since: at(row.since)?,
        seen: at(row.seen)?,
        means: from_json("session", &row.means)?,
        second_factor: row.second_factor.map(at).transpose()?,
    };
    Ok((session, row.account.try_into()?))
}
