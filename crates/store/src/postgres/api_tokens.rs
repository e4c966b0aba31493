//! The API tokens, in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_access::{Account, ApiToken, Email, SecretHash};

use super::failure::taken;
use super::sessions::expect_whole;
use super::values::{micros, to_json};
use super::{PostgresStore, retried};
use crate::api_tokens::check_count;
use crate::door_rows::{self, OwnedTokenRow, TokenRow};
use crate::{ApiTokens, LIST_MAX, StoreError};

#[async_trait]
impl ApiTokens for PostgresStore {
    async fn add_api_token(
        &self,
        token: &ApiToken,
        session: &SecretHash,
    ) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            expect_whole(&mut tx, session, &token.who, token.made).await?;
            let good: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM api_tokens WHERE email = $1 AND revoked IS NULL AND expires > $2",
            )
            .bind(token.who.as_str())
            .bind(micros(token.made))
            .fetch_one(&mut *tx)
            .await?;
            check_count(good, &token.who)?;
            sqlx::query(
                "INSERT INTO api_tokens (hash, email, name, scope, made, expires, revoked)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(&token.hash.0[..])
            .bind(token.who.as_str())
            .bind(&token.name)
            .bind(to_json("API token", &token.scope)?)
            .bind(micros(token.made))
            .bind(micros(token.expires))
            .bind(token.revoked.map(micros))
            .execute(&mut *tx)
            .await
            .map_err(|error| taken(error, "API token", &token.name))?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn api_token(
        &self,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<(ApiToken, Account)>, StoreError> {
        let row: Option<OwnedTokenRow> = sqlx::query_as(
            "SELECT t.hash, t.email, t.name, t.scope, t.made, t.expires, t.revoked,
                    a.email AS account, a.role, a.password, a.totp_secret, a.totp_step,
                    a.since AS account_since, a.closed
             FROM api_tokens AS t JOIN accounts AS a ON a.email = t.email
             WHERE t.hash = $1 AND a.closed IS NULL",
        )
        .bind(&hash.0[..])
        .fetch_optional(&mut *self.read().await?)
        .await?;
        let found = row.map(door_rows::owned_token).transpose()?;
        Ok(found.filter(|(token, _)| token.is_good(now)))
    }

    async fn api_tokens_of(&self, who: &Email) -> Result<Vec<ApiToken>, StoreError> {
        let rows: Vec<TokenRow> = sqlx::query_as(
            "SELECT hash, email, name, scope, made, expires, revoked
             FROM api_tokens WHERE email = $1 ORDER BY revoked IS NOT NULL, made DESC, key DESC LIMIT $2",
        )
        .bind(who.as_str())
        .bind(i64::from(LIST_MAX))
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(door_rows::token).collect()
    }

    async fn revoke_api_token(
        &self,
        who: &Email,
        name: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let revoked = sqlx::query(
            "UPDATE api_tokens SET revoked = $3
             WHERE email = $1 AND name = $2 AND revoked IS NULL",
        )
        .bind(who.as_str())
        .bind(name)
        .bind(micros(at))
        .execute(&mut *tx)
        .await?;
        if revoked.rows_affected() != 1 {
            return Err(StoreError::not_found("API token", name));
        }
        Ok(tx.commit().await?)
    }
}
