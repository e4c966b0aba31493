//! The sessions, in PostgreSQL. What is decided on one is decided once its owner's address is locked ([`Lock::Person`]).

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::session::AGE_MAX;
use mainstay_access::{
    Account, CodeRefusal, CodeTries, Email, PasswordHash, SecondFactor, SecretHash, Session,
};
use sqlx::PgConnection;

use super::accounts::open_account;
use super::locks::{self, Lock};
use super::values::{micros, to_json};
use super::{PostgresStore, Write, retried};
use crate::door_rows::{self, SessionRow};
use crate::sessions::{self, live};
use crate::{Sessions, StoreError};

#[async_trait]
impl Sessions for PostgresStore {
    async fn add_session(
        &self,
        session: &Session,
        verified: &PasswordHash,
    ) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            locks::alone(&mut tx, Lock::Person(&session.who)).await?;
            let account = open_account(&mut tx, &session.who).await?;
            sessions::expect_password(&account, verified)?;
            insert(&mut tx, session).await?;
            end_the_oldest(&mut tx, &session.hash, &account).await?;
            forget_old(&mut tx, session.since).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn session(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, StoreError> {
        let row = by_hash(&mut *self.read().await?, hash).await?;
        Ok(live(row, now)?.map(|(session, account, _)| (session, account)))
    }

    async fn sessions_of(&self, who: &Email, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<SessionRow> = sqlx::query_as(
            "SELECT s.hash, s.email, s.since, s.seen, s.means, s.second_factor,
                    s.wrong_codes AS in_session, a.wrong_codes AS in_a_row, a.wrong_last,
                    a.email AS account, a.role, a.password, a.totp_secret, a.totp_step,
                    a.since AS account_since, a.closed
             FROM sessions AS s JOIN accounts AS a ON a.email = s.email
             WHERE s.email = $1 ORDER BY s.since DESC, s.hash",
        )
        .bind(who.as_str())
        .fetch_all(&mut *self.read().await?)
        .await?;
        sessions::all_live(rows, now)
    }

    async fn session_seen(&self, hash: &SecretHash, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE sessions SET seen = $2 WHERE hash = $1 AND seen < $2")
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
        retried(|| async move {
            let mut tx = self.write().await?;
            let found = live(locked(&mut tx, hash).await?, now)?;
            let (who, factor, tries) = sessions::asking(found)?;
            if let Err(refused) = tries.may(now) {
                return Ok(Err(refused));
            }
            let shown = factor.accept(code, now);
            match &shown {
                // Nothing was compared.
                Err(CodeRefusal::Malformed) => return Ok(Err(CodeRefusal::Malformed)),
                Err(_) => count_wrong(&mut tx, hash, &who, tries.counted(now)).await?,
                Ok(after) => let_in(&mut tx, (hash, renewed), &who, after, now).await?,
            }
            tx.commit().await?;
            Ok(shown.map(drop))
        })
        .await
    }

    async fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM sessions WHERE hash = $1")
            .bind(&hash.0[..])
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

/// A session with its owner's account and the codes that were wrong, whether or not it is over.
async fn by_hash(
    connection: &mut PgConnection,
    hash: &SecretHash,
) -> Result<Option<SessionRow>, StoreError> {
    let row = sqlx::query_as(
        "SELECT s.hash, s.email, s.since, s.seen, s.means, s.second_factor,
                s.wrong_codes AS in_session, a.wrong_codes AS in_a_row, a.wrong_last,
                a.email AS account, a.role, a.password, a.totp_secret, a.totp_step,
                a.since AS account_since, a.closed
         FROM sessions AS s JOIN accounts AS a ON a.email = s.email WHERE s.hash = $1",
    );
    Ok(row.bind(&hash.0[..]).fetch_optional(connection).await?)
}

/// The same once its owner's address is locked. A session never changes its owner.
async fn locked(tx: &mut Write, hash: &SecretHash) -> Result<Option<SessionRow>, StoreError> {
    let owner: Option<(String,)> = sqlx::query_as("SELECT email FROM sessions WHERE hash = $1")
        .bind(&hash.0[..])
        .fetch_optional(&mut **tx)
        .await?;
    let Some((owner,)) = owner else {
        return Ok(None);
    };
    locks::alone(tx, Lock::Person(&door_rows::email(&owner)?)).await?;
    by_hash(tx, hash).await
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
    sessions::expect_whole(live(locked(tx, hash).await?, now)?, now)
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

async fn insert(tx: &mut Write, session: &Session) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (hash, email, since, seen, means, second_factor)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&session.hash.0[..])
    .bind(session.who.as_str())
    .bind(micros(session.since))
    .bind(micros(session.seen))
    .bind(to_json("session", &session.means)?)
    .bind(session.second_factor.map(micros))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets what is too old, whosever it is. Another server that has one of them in hand forgets it too, or ends it: it isn't waited for,
/// and this comes last in its transaction, so that no two wait for each other.
async fn forget_old(tx: &mut Write, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM sessions WHERE hash IN
           (SELECT hash FROM sessions WHERE since <= $1 FOR UPDATE SKIP LOCKED)",
    )
    .bind(micros(now - AGE_MAX))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps how many codes were wrong by now; with the last one the session ends.
async fn count_wrong(
    tx: &mut Write,
    hash: &SecretHash,
    who: &Email,
    tries: CodeTries,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET wrong_codes = $2, wrong_last = $3 WHERE email = $1")
        .bind(who.as_str())
        .bind(i64::from(tries.in_a_row))
        .bind(tries.last.map(micros))
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE sessions SET wrong_codes = $2 WHERE hash = $1")
        .bind(&hash.0[..])
        .bind(i64::from(tries.in_session))
        .execute(&mut **tx)
        .await?;
    if tries.end_the_session() {
        sqlx::query("DELETE FROM sessions WHERE hash = $1")
            .bind(&hash.0[..])
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Keeps that a code was right, and makes the session whole under another secret.
async fn let_in(
    tx: &mut Write,
    (hash, renewed): (&SecretHash, &SecretHash),
    who: &Email,
    after: &SecondFactor,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE accounts SET totp_step = $2, wrong_codes = 0, wrong_last = NULL WHERE email = $1",
    )
    .bind(who.as_str())
    .bind(after.step())
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "UPDATE sessions SET hash = $2, second_factor = $3, wrong_codes = 0 WHERE hash = $1",
    )
    .bind(&hash.0[..])
    .bind(&renewed.0[..])
    .bind(micros(now))
    .execute(&mut **tx)
    .await?;
    // Somebody may have signed out meanwhile, for which no address is locked.
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
        "DELETE FROM sessions WHERE email = $1 AND hash IN
           (SELECT hash FROM sessions
            WHERE email = $1 AND hash <> $2 AND ($3 AND second_factor IS NULL) = $4
            ORDER BY since DESC OFFSET $5)",
    )
    .bind(account.email.as_str())
    .bind(&newest.0[..])
    .bind(account.second_factor.is_some())
    .bind(lacks_a_code)
    .bind(i64::from(max - 1))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
