//! What happened to each device, in PostgreSQL.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

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

/// PostgreSQL's texts bear every sign but one. It has no meaning in what devices say, and must not keep their later words from being
/// recorded.
fn bearable(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}

/// The release that a device says it has confirmed, if that is what it says; nothing in particular if it names none.
fn confirmed(event: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        event: Cow<'a, str>,
        release: Option<String>,
    }
    let said: Said<'_> = serde_json::from_str(event).ok()?;
    let release = said.release.unwrap_or_default();
    (said.event == "confirmed").then(|| bearable(&release).into_owned())
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
