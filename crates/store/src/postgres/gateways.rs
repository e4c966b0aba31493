//! Which device stands behind which gateway, in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_fleet::gateway::{Known, may_stand_behind, moved};

use super::{PostgresStore, Write, locks, timeline};
use crate::gateways::{AsksFor, Children};
use crate::rows::{self, AsksForRow};
use crate::values::device_id;
use crate::{Gateways, StoreError, TimelineKind};

#[async_trait]
impl Gateways for PostgresStore {
    async fn asks_for(
        &self,
        token_hash: &[u8; 32],
        child: &DeviceId,
    ) -> Result<Option<AsksFor>, StoreError> {
        let row: Option<AsksForRow> = sqlx::query_as(
            "SELECT g.id, d.token_hash FROM devices AS g
             LEFT JOIN children AS c ON c.gateway = g.key AND c.device = (SELECT key FROM devices WHERE id = $2)
             LEFT JOIN devices AS d ON d.key = c.device
             WHERE g.token_hash = $1",
        )
        .bind(&token_hash[..])
        .bind(child.as_str())
        .fetch_optional(&mut *self.read().await?)
        .await?;
        row.map(rows::asks_for).transpose()
    }

    async fn gateway_of(&self, device: &DeviceId) -> Result<Option<DeviceId>, StoreError> {
        let id: Option<String> = sqlx::query_scalar(
            "SELECT g.id FROM children AS c JOIN devices AS g ON g.key = c.gateway
             WHERE c.device = (SELECT key FROM devices WHERE id = $1)",
        )
        .bind(device.as_str())
        .fetch_optional(&mut *self.read().await?)
        .await?;
        id.map(device_id).transpose()
    }

    async fn children_of(&self, gateway: &DeviceId, most: u32) -> Result<Children, StoreError> {
        let mut reader = self.read().await?;
        let all: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM children WHERE gateway = (SELECT key FROM devices WHERE id = $1)",
        )
        .bind(gateway.as_str())
        .fetch_one(&mut *reader)
        .await?;
        if all == 0 {
            return Ok(Children::default());
        }
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT d.id FROM children AS c JOIN devices AS d ON d.key = c.device
             WHERE c.gateway = (SELECT key FROM devices WHERE id = $1) ORDER BY d.id LIMIT $2",
        )
        .bind(gateway.as_str())
        .bind(i64::from(most))
        .fetch_all(&mut *reader)
        .await?;
        rows::children(ids, all)
    }
}

/// Puts a device behind a gateway, or behind none, and lets its timeline tell it. Both are locked: whether it may stand there is asked of what is so
/// once nobody else can change it.
pub(super) async fn put(
    tx: &mut Write,
    child: &DeviceId,
    gateway: Option<&DeviceId>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let both: Vec<_> = [Some(child), gateway].into_iter().flatten().collect();
    let both: Vec<_> = both.into_iter().map(DeviceId::as_str).collect();
    locks::devices(tx, &both).await?;
    let row: Option<(i64, Option<String>)> = sqlx::query_as(
        "SELECT d.key, g.id FROM devices AS d LEFT JOIN children AS c ON c.device = d.key
         LEFT JOIN devices AS g ON g.key = c.gateway WHERE d.id = $1",
    )
    .bind(child.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    let (key, before) = row.ok_or_else(|| StoreError::not_found("device", child))?;
    let before = before.map(device_id).transpose()?;
    let Some(text) = moved(before.as_ref(), gateway) else {
        return Ok(());
    };
    match gateway {
        Some(gateway) => stand_behind(tx, (key, child), gateway).await?,
        None => {
            sqlx::query("DELETE FROM children WHERE device = $1")
                .bind(key)
                .execute(&mut **tx)
                .await?;
        }
    }
    if before.is_some() {
        // The gateway may have used its numbers up: what the device reports from now on counts anew.
        sqlx::query("UPDATE devices SET acknowledged = 0 WHERE key = $1")
            .bind(key)
            .execute(&mut **tx)
            .await?;
    }
    timeline::add(tx, key, at, TimelineKind::Restated, &text, None).await?;
    timeline::prune(tx, key).await
}

async fn stand_behind(
    tx: &mut Write,
    (key, child): (i64, &DeviceId),
    gateway: &DeviceId,
) -> Result<(), StoreError> {
    let row: Option<(i64, bool, bool)> = sqlx::query_as(
        "SELECT key, EXISTS (SELECT 1 FROM children WHERE device = key), EXISTS (SELECT 1 FROM children WHERE gateway = $2)
         FROM devices WHERE id = $1",
    )
    .bind(gateway.as_str())
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?;
    let known = row.map_or(
        Known::default(),
        |(_, gateway_stands_behind, has_children)| Known {
            gateway_is_registered: true,
            gateway_stands_behind,
            child_has_children: has_children,
        },
    );
    may_stand_behind(child, gateway, known)?;
    sqlx::query(
        "INSERT INTO children (device, gateway) VALUES ($1, $2)
         ON CONFLICT (device) DO UPDATE SET gateway = excluded.gateway",
    )
    .bind(key)
    .bind(row.map(|(gateway, ..)| gateway))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
