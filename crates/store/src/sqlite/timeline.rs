//! What happened to each device, in SQLite.

use std::borrow::Cow;

use jiff::Timestamp;

use super::Write;
use super::values::micros;
use crate::devices::TIMELINE_KEPT;
use crate::{StoreError, StoredReport, TimelineKind};

/// So many reports are added by one statement, which is always the same one and so is read once: an update that goes well is told in four, and fewer leave the
/// rest of it empty.
const AT_ONCE: usize = 4;

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

/// Adds what a device reported, in this order. No report is without a time.
pub(super) async fn add_reports(
    tx: &mut Write,
    device: i64,
    reports: &[Cow<'_, StoredReport>],
) -> Result<(), StoreError> {
    for some in reports.chunks(AT_ONCE) {
        let mut statement = sqlx::query(
            "INSERT INTO timeline (device, at, kind, text, event)
             SELECT ?1, column1, ?2, column2, column3
             FROM (VALUES (?3, ?4, ?5), (?6, ?7, ?8), (?9, ?10, ?11), (?12, ?13, ?14)) WHERE column1 IS NOT NULL",
        )
        .bind(device)
        .bind(TimelineKind::Reported.id());
        for nth in 0..AT_ONCE {
            let report = some.get(nth);
            statement = statement
                .bind(report.map(|report| micros(report.at)))
                .bind(report.map(|report| report.text.as_str()))
                .bind(report.map(|report| report.event.as_str()));
        }
        statement.execute(&mut **tx).await?;
    }
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
