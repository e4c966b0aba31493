//! What happened to each device, in PostgreSQL.

use jiff::Timestamp;

use super::Write;
use super::columns::{bearable, confirmed};
use super::values::micros;
use crate::devices::TIMELINE_KEPT;
use crate::{StoreError, TimelineKind};

/// Adds one entry.
pub(super) async fn add(
    tx: &mut Write,
    device: i64,
    at: Timestamp,
    kind: TimelineKind,
    text: &str,
    event: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO timeline (device, at, kind, text, event, confirmed) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(device)
    .bind(micros(at))
    .bind(kind.id())
    .bind(bearable(text))
    .bind(event.map(bearable))
    .bind(event.and_then(confirmed))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets all but the newest [`TIMELINE_KEPT`] entries of a device.
pub(super) async fn prune(tx: &mut Write, device: i64) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM timeline WHERE device = $1 AND key <= (
           SELECT key FROM timeline WHERE device = $1 ORDER BY key DESC LIMIT 1 OFFSET $2)",
    )
    .bind(device)
    .bind(i64::from(TIMELINE_KEPT))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
