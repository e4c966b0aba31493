//! The keys of requests, and their answers, in SQLite.

use async_trait::async_trait;
use mainstay_access::Email;

use super::SqliteStore;
use super::values::micros;
use crate::answers::{KEYS_OF_ONE_MAX, Row, begun, forgotten_before};
use crate::{Answers, Begun, KeptAnswer, KeyedRequest, StoreError};

#[async_trait]
impl Answers for SqliteStore {
    async fn begin_answer(&self, request: &KeyedRequest<'_>) -> Result<Begun, StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM idempotency_keys WHERE at < ?1")
            .bind(forgotten_before(request))
            .execute(&mut *tx)
            .await?;
        let taken = sqlx::query(
            "INSERT INTO idempotency_keys (email, key, fingerprint, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (email, key) DO NOTHING",
        )
        .bind(request.who.as_str())
        .bind(request.key)
        .bind(&request.fingerprint[..])
        .bind(micros(request.at))
        .execute(&mut *tx)
        .await?;
        if taken.rows_affected() == 1 {
            sqlx::query(
                "DELETE FROM idempotency_keys WHERE email = ?1 AND status IS NOT NULL AND at < (
                   SELECT at FROM idempotency_keys WHERE email = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)",
            )
            .bind(request.who.as_str())
            .bind(i64::from(KEYS_OF_ONE_MAX))
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            return Ok(Begun::New);
        }
        let row: Option<Row> = sqlx::query_as(
            "SELECT fingerprint, at, status, media_type, body FROM idempotency_keys
             WHERE email = ?1 AND key = ?2",
        )
        .bind(request.who.as_str())
        .bind(request.key)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        // Forgotten between the two: whoever had it is done.
        let Some(row) = row else {
            return Ok(Begun::Unanswered(request.at));
        };
        begun(row, request.fingerprint)
    }

    async fn keep_answer(
        &self,
        who: &Email,
        key: &str,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE idempotency_keys SET status = ?3, media_type = ?4, body = ?5
             WHERE email = ?1 AND key = ?2 AND status IS NULL",
        )
        .bind(who.as_str())
        .bind(key)
        .bind(i64::from(answer.status))
        .bind(&answer.media_type)
        .bind(&answer.body)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn forget_answer(&self, who: &Email, key: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "DELETE FROM idempotency_keys WHERE email = ?1 AND key = ?2 AND status IS NULL",
        )
        .bind(who.as_str())
        .bind(key)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}
