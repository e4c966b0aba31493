//! What happened to each device, in SQLite.

use jiff::Timestamp;

use super::Write;
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
    sqlx::query("INSERT INTO timeline (device, at, kind, text, event) VALUES (?1, ?2, ?3, ?4, ?5)")
        .bind(device)
        .bind(micros(at))
        .bind(kind.id())
        .bind(text)
        .bind(event)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets all but the newest [`TIMELINE_KEPT`] entries of a device.
pub(super) async fn prune(tx: &mut Write, device: i64) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM timeline WHERE device = ?1 AND key <= (
           SELECT key FROM timeline WHERE device = ?1 ORDER BY key DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(device)
    .bind(TIMELINE_KEPT)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
