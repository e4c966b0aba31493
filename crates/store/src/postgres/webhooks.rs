//! The subscriptions of those who are told by HTTP, in PostgreSQL.

use async_trait::async_trait;
use mainstay_api::webhook::{Subscription, WEBHOOKS_MAX};

use super::failure::taken;
use super::locks::{self, Lock};
use super::values::to_json;
use super::{PostgresStore, Write};
use crate::webhooks::{
    CLOSED_DELIVERIES_MAX, DeliveryRow, WebhookRow, delivery, moved_on, too_many, webhook,
};
use crate::{StoreError, StoredDelivery, StoredWebhook, Webhooks};

#[async_trait]
impl Webhooks for PostgresStore {
    async fn add_webhook(&self, webhook: &StoredWebhook) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        locks::alone(&mut tx, Lock::Webhooks).await?;
        let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM webhooks")
            .fetch_one(&mut *tx)
            .await?;
        if usize::try_from(count).is_ok_and(|count| count >= WEBHOOKS_MAX) {
            return Err(too_many(&webhook.id, WEBHOOKS_MAX));
        }
        sqlx::query(
            "INSERT INTO webhooks (id, secret, position, value)
             SELECT $1, $2, last, $3 FROM event_numbers",
        )
        .bind(&webhook.id)
        .bind(&webhook.secret)
        .bind(to_json("webhook", &webhook.subscription)?)
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "webhook", &webhook.id))?;
        Ok(tx.commit().await?)
    }

    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, StoreError> {
        let rows: Vec<WebhookRow> =
            sqlx::query_as("SELECT id, value, secret, position FROM webhooks ORDER BY id")
                .fetch_all(&mut *self.read().await?)
                .await?;
        rows.into_iter().map(webhook).collect()
    }

    async fn webhook(&self, id: &str) -> Result<Option<StoredWebhook>, StoreError> {
        let row: Option<WebhookRow> =
            sqlx::query_as("SELECT id, value, secret, position FROM webhooks WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut *self.read().await?)
                .await?;
        row.map(webhook).transpose()
    }

    async fn remove_webhook(&self, id: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        // Who makes out, or notes, waits here, and finds nothing then.
        sqlx::query("SELECT 1 FROM webhooks WHERE id = $1 FOR UPDATE")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM deliveries WHERE webhook = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        let removed = sqlx::query("DELETE FROM webhooks WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        if removed.rows_affected() == 0 {
            return Err(StoreError::not_found("webhook", id));
        }
        Ok(tx.commit().await?)
    }

    async fn make_out(
        &self,
        id: &str,
        (from, to): (i64, i64),
        deliveries: &[StoredDelivery],
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let moved =
            sqlx::query("UPDATE webhooks SET position = $3 WHERE id = $1 AND position = $2")
                .bind(id)
                .bind(from)
                .bind(to)
                .execute(&mut *tx)
                .await?;
        if moved.rows_affected() != 1 {
            return Err(moved_on(id, from));
        }
        for made in deliveries {
            insert(&mut tx, id, made).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn open_deliveries(&self, id: &str) -> Result<u64, StoreError> {
        let (count,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM deliveries WHERE webhook = $1 AND is_open")
                .bind(id)
                .fetch_one(&mut *self.read().await?)
                .await?;
        u64::try_from(count).map_err(|error| StoreError::damaged("delivery", error))
    }

    async fn next_deliveries(&self, id: &str) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows: Vec<DeliveryRow> = sqlx::query_as(
            "SELECT event, subject, value FROM deliveries WHERE webhook = $1 AND event IN (
               SELECT min(event) FROM deliveries WHERE webhook = $1 AND is_open GROUP BY subject)
             ORDER BY event",
        )
        .bind(id)
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(delivery).collect()
    }

    async fn save_delivery(
        &self,
        id: &str,
        made: &StoredDelivery,
        subscription: &Subscription,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE webhooks SET value = $2 WHERE id = $1")
            .bind(id)
            .bind(to_json("webhook", subscription)?)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE deliveries SET is_open = $3, value = $4
             WHERE webhook = $1 AND event = $2 AND is_open",
        )
        .bind(id)
        .bind(made.event)
        .bind(made.delivery.is_open())
        .bind(to_json("delivery", &made.delivery)?)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM deliveries WHERE webhook = $1 AND NOT is_open AND event <= (
               SELECT event FROM deliveries WHERE webhook = $1 AND NOT is_open
               ORDER BY event DESC LIMIT 1 OFFSET $2)",
        )
        .bind(id)
        .bind(i64::from(CLOSED_DELIVERIES_MAX))
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn deliveries(&self, id: &str, limit: u32) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows: Vec<DeliveryRow> = sqlx::query_as(
            "SELECT event, subject, value FROM deliveries WHERE webhook = $1
             ORDER BY event DESC LIMIT $2",
        )
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(delivery).collect()
    }
}

async fn insert(tx: &mut Write, id: &str, made: &StoredDelivery) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO deliveries (webhook, event, subject, is_open, value)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(made.event)
    .bind(&made.subject)
    .bind(made.delivery.is_open())
    .bind(to_json("delivery", &made.delivery)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
