//! What happened to each device, in PostgreSQL.

use std::borrow::Cow;

use jiff::Timestamp;

use super::Write;
use super::columns::{bearable, confirmed};
use super::values::micros;
use crate::devices::TIMELINE_KEPT;
use crate::{StoreError, StoredReport, TimelineKind};

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

/// Adds what a device reported, in this order.
pub(super) async fn add_reports(
    tx: &mut Write,
    device: i64,
    reports: &[Cow<'_, StoredReport>],
) -> Result<(), StoreError> {
    let times: Vec<_> = reports.iter().map(|report| micros(report.at)).collect();
    let texts: Vec<_> = reports
        .iter()
        .map(|report| bearable(&report.text))
        .collect();
    let events = reports.iter().map(|report| bearable(&report.event));
    let events: Vec<_> = events.collect();
    let confirmed: Vec<_> = reports
        .iter()
        .map(|report| confirmed(&report.event))
        .collect();
    sqlx::query(
        "INSERT INTO timeline (device, at, kind, text, event, confirmed)
         SELECT $1, v.at, $2, v.text, v.event, v.confirmed
         FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY AS v (at, text, event, confirmed, nth)
         ORDER BY v.nth",
    )
    .bind(device)
    .bind(TimelineKind::Reported.id())
    .bind(times)
    .bind(texts)
    .bind(events)
    .bind(confirmed)
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
