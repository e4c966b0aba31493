//! What happened to each device, in SQLite.

use jiff::Timestamp;

use super::Write;
use super::values::{instant, micros};
use crate::devices::TIMELINE_KEPT;
use crate::{StoreError, TimelineEntry, TimelineKind};

/// An entry's columns: at, kind, text, event.
pub(super) type Row = (i64, String, String, Option<String>);

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

/// The entry in a row.
pub(super) fn entry((at, kind, text, event): Row) -> Result<TimelineEntry, StoreError> {
    let unknown = || StoreError::damaged("timeline", format_args!("{kind:?} is no kind of entry"));
    let kind = TimelineKind::from_id(&kind).ok_or_else(unknown)?;
    let at = instant("timeline", at)?;
    Ok(TimelineEntry {
        at,
        kind,
        text,
        event,
    })
}
