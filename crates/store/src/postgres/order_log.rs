//! What clients said about their orders, in PostgreSQL.

use mainstay_fleet::DeviceId;
use mainstay_rollout::order::OrderNumber;
use mainstay_rollout::order::log::LogEntry;

use super::values::{from_json, instant, micros, to_json};
use super::{PostgresStore, Write};
use crate::StoreError;
use crate::orders::LOGS_KEPT;

/// An entry's columns: at, word, details.
type Row = (i64, String, String);

/// See [`crate::Orders::order_log`].
pub(super) async fn of_order(
    store: &PostgresStore,
    device: &DeviceId,
    number: OrderNumber,
    limit: u32,
) -> Result<Vec<LogEntry>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT l.at, l.word, l.text FROM order_log AS l JOIN orders AS o ON o.number = l.number
             WHERE o.device = (SELECT key FROM devices WHERE id = $1) AND l.number = $2
             ORDER BY l.key DESC LIMIT $3",
    )
    .bind(device.as_str())
    .bind(i64::from(number.get()))
    .bind(i64::from(limit))
    .fetch_all(&mut *store.read().await?)
    .await?;
    rows.into_iter().map(entry).collect()
}

/// Adds one entry.
pub(super) async fn add(
    tx: &mut Write,
    number: OrderNumber,
    entry: &LogEntry,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO order_log (number, at, word, text) VALUES ($1, $2, $3, $4)")
        .bind(i64::from(number.get()))
        .bind(micros(entry.at))
        .bind(&entry.word)
        .bind(to_json("log", &entry.details)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets the logs of all but the newest [`LOGS_KEPT`] orders of a device.
pub(super) async fn forget_old(tx: &mut Write, device: i64) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM order_log WHERE number IN (
           SELECT number FROM orders WHERE device = $1 AND number <= (
             SELECT number FROM orders WHERE device = $1 ORDER BY number DESC LIMIT 1 OFFSET $2))",
    )
    .bind(device)
    .bind(i64::from(LOGS_KEPT))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn entry((at, word, text): Row) -> Result<LogEntry, StoreError> {
    Ok(LogEntry {
        at: instant("log", at)?,
        word,
        details: from_json("log", &text)?,
    })
}
