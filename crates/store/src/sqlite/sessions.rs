//! The sessions, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::session::AGE_MAX;
use mainstay_access::{
    Account, CodeRefusal, CodeTries, Email, PasswordHash, SecondFactor, SecretHash, Session,
};

use super::accounts::open_account;
use super::values::{micros, to_json};
use super::{SqliteStore, Write};
use crate::door_rows::{self, SessionRow};
use crate::sessions::{self, live};
use crate::{Sessions, StoreError};

#[async_trait]
impl Sessions for SqliteStore {
    async fn add_session(
        &self,
        session: &Session,
        verified: &PasswordHash,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let account = open_account(&mut tx, &session.who).await?;
        sessions::expect_password(&account, verified)?;
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
        end_the_oldest(&mut tx, &session.hash, &account).await?;
        Ok(tx.commit().await?)
    }

    async fn session(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, StoreError> {
        let row = sqlx::query_as(BY_HASH).bind(&hash.0[..]);
        let row: Option<SessionRow> = row.fetch_optional(self.read()).await?;
        Ok(live(row, now)?.map(|(session, account, _)| (session, account)))
    }

    async fn sessions_of(&self, who: &Email, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<SessionRow> = sqlx::query_as(
            "SELECT s.hash, s.email, s.since, s.seen, s.means, s.second_factor,
                    s.wrong_codes AS in_session, a.wrong_codes AS in_a_row, a.wrong_last,
                    a.email AS account, a.role, a.password, a.totp_secret, a.totp_step,
                    a.since AS account_since, a.closed
             FROM sessions AS s JOIN accounts AS a ON a.email = s.email
             WHERE s.email = ?1 ORDER BY s.since DESC, s.hash",
        )
        .bind(who.as_str())
        .fetch_all(self.read())
        .await?;
        sessions::all_live(rows, now)
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

    async fn show_code(
        &self,
        hash: &SecretHash,
        code: &str,
        renewed: &SecretHash,
        now: Timestamp,
    ) -> Result<Result<(), CodeRefusal>, StoreError> {
        let mut tx = self.write().await?;
        let found = live(by_hash(&mut tx, hash).await?, now)?;
        let (who, factor, tries) = sessions::asking(found)?;
        if let Err(refused) = tries.may(now) {
            return Ok(Err(refused));
        }
        let shown = factor.accept(code, now);
        match &shown {
            // Nothing was compared.
            Err(CodeRefusal::Malformed) => return Ok(Err(CodeRefusal::Malformed)),
            Err(_) => count_wrong(&mut tx, hash, &who, tries.counted(now)).await?,
            Ok(after) => let_in(&mut tx, hash, renewed, after, now).await?,
        }
        tx.commit().await?;
        Ok(shown.map(drop))
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

/// A session with its owner's account and the codes that were wrong, whether or not it is over.
const BY_HASH: &str = "SELECT s.hash, s.email, s.since, s.seen, s.means, s.second_factor,
            s.wrong_codes AS in_session, a.wrong_codes AS in_a_row, a.wrong_last,
            a.email AS account, a.role, a.password, a.totp_secret, a.totp_step,
            a.since AS account_since, a.closed
     FROM sessions AS s JOIN accounts AS a ON a.email = s.email WHERE s.hash = ?1";

async fn by_hash(tx: &mut Write, hash: &SecretHash) -> Result<Option<SessionRow>, StoreError> {
    let row = sqlx::query_as(BY_HASH).bind(&hash.0[..]);
    Ok(row.fetch_optional(&mut **tx).await?)
}

/// The owner of a session that is whole, as part of `tx`.
///
/// # Errors
/// [`StoreError::Conflict`] if it isn't whole.
pub(super) async fn whole(
    tx: &mut Write,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<Account, StoreError> {
    sessions::expect_whole(live(by_hash(tx, hash).await?, now)?, now)
}

/// The owner of a session that is whole and of `who`, as part of `tx`.
///
/// # Errors
/// [`StoreError::Conflict`] if it isn't.
pub(super) async fn expect_whole(
    tx: &mut Write,
    hash: &SecretHash,
    who: &Email,
    now: Timestamp,
) -> Result<Account, StoreError> {
    sessions::expect_owner(whole(tx, hash, now).await?, who)
}

/// Keeps how many codes were wrong by now; with the last one the session ends.
async fn count_wrong(
    tx: &mut Write,
    hash: &SecretHash,
    who: &Email,
    tries: CodeTries,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET wrong_codes = ?2, wrong_last = ?3 WHERE email = ?1")
        .bind(who.as_str())
        .bind(tries.in_a_row)
        .bind(tries.last.map(micros))
        .execute(&mut **tx)
        .await?;
    let session = if tries.end_the_session() {
        "DELETE FROM sessions WHERE hash = ?1 AND ?2 > 0"
    } else {
        "UPDATE sessions SET wrong_codes = ?2 WHERE hash = ?1"
    };
    sqlx::query(session)
        .bind(&hash.0[..])
        .bind(tries.in_session)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Keeps that a code was right, and makes the session whole under another secret.
async fn let_in(
    tx: &mut Write,
    hash: &SecretHash,
    renewed: &SecretHash,
    after: &SecondFactor,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE accounts SET totp_step = ?2, wrong_codes = 0, wrong_last = NULL
         WHERE email = (SELECT email FROM sessions WHERE hash = ?1)",
    )
    .bind(&hash.0[..])
    .bind(after.step())
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "UPDATE sessions SET hash = ?2, second_factor = ?3, wrong_codes = 0 WHERE hash = ?1",
    )
    .bind(&hash.0[..])
    .bind(&renewed.0[..])
    .bind(micros(now))
    .execute(&mut **tx)
    .await?;
    let row = by_hash(tx, renewed).await?;
    let row = row.ok_or_else(|| StoreError::not_found("session", "that was renewed"))?;
    let (_, account, _) = door_rows::session(row)?;
    end_the_oldest(tx, renewed, &account).await
}

/// Ends what a person has too many of, beside the session `newest`: of the whole ones, or of those in which a code is missing,
/// whichever it is one of. Where an account asks for a code, those without one lack it.
async fn end_the_oldest(
    tx: &mut Write,
    newest: &SecretHash,
    account: &Account,
) -> Result<(), StoreError> {
    let row = by_hash(tx, newest).await?;
    let (lacks_a_code, max) = sessions::kind(account, row.as_ref());
    sqlx::query(
        "DELETE FROM sessions WHERE email = ?1 AND hash IN
           (SELECT hash FROM sessions
            WHERE email = ?1 AND hash != ?2 AND (?3 AND second_factor IS NULL) = ?4
            ORDER BY since DESC LIMIT -1 OFFSET ?5 + 0)",
    )
    .bind(account.email.as_str())
    .bind(&newest.0[..])
    .bind(account.second_factor.is_some())
    .bind(lacks_a_code)
    .bind(max - 1)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
