//! What devices report, in SQLite.

use std::borrow::Cow;

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::{DeviceId, Running};
use mainstay_rollout::{Candidate, Progress};

use super::values::{from_json, micros, to_json};
use super::{SqliteStore, Write, enrolments, timeline};
use crate::reports::{SaidThrough, Telling, fresh, is_asked_about};
use crate::rollouts::ENROLMENTS_MAX;
use crate::{Fold, Known, Reports, StoreError, StoredReport, TimelineKind};

#[async_trait]
impl Reports for SqliteStore {
    async fn record_through(
        &self,
        id: &DeviceId,
        running: Option<&Running>,
        heard: Timestamp,
        reports: &[StoredReport],
        said: Option<&SaidThrough>,
        fold: &Fold<'_>,
    ) -> Result<u32, StoreError> {
        let mut tx = self.write().await?;
        let (device, before) = acknowledged(&mut tx, id).await?;
        let fresh = fresh(reports, before);
        let after = fresh.last().map_or(before, |report| report.seq);
        hear(&mut tx, device, (heard, running), after).await?;
        note(&mut tx, device, &fresh).await?;
        let moved = fold_all(&mut tx, device, before, fold).await?;
        if let Some(said) = said {
            tell(&mut tx, device, said, moved, heard).await?;
        }
        tx.commit().await?;
        Ok(after)
    }
}

/// A device's key, and the number of its last report that is durable.
pub(super) async fn acknowledged(tx: &mut Write, id: &DeviceId) -> Result<(i64, u32), StoreError> {
    let row = sqlx::query_as("SELECT key, acknowledged FROM devices WHERE id = ?1")
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    row.ok_or_else(|| StoreError::not_found("device", id))
}

/// Notes that a device was heard, and what it runs if it said so; and up to which report.
pub(super) async fn hear(
    tx: &mut Write,
    device: i64,
    (heard, running): (Timestamp, Option<&Running>),
    acknowledged: u32,
) -> Result<(), StoreError> {
    let value = running.map(|running| to_json("device", running));
    sqlx::query(
        "UPDATE devices SET last_seen = max(?2, coalesce(last_seen, ?2)), acknowledged = ?3,
           running = coalesce(?4, running), running_release = coalesce(?5, running_release), verified = coalesce(?6, verified)
         WHERE key = ?1",
    )
    .bind(device)
    .bind(micros(heard))
    .bind(acknowledged)
    .bind(value.transpose()?)
    .bind(running.map(|running| &running.release.0[..]))
    .bind(running.map(|running| running.verified))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn note(
    tx: &mut Write,
    device: i64,
    fresh: &[Cow<'_, StoredReport>],
) -> Result<(), StoreError> {
    if fresh.is_empty() {
        return Ok(());
    }
    timeline::add_reports(tx, device, fresh).await?;
    timeline::prune(tx, device).await
}

/// Lets the timeline tell what a gateway said of a child, if it is to; `moved` if it moved the child in a rollout.
async fn tell(
    tx: &mut Write,
    device: i64,
    said: &SaidThrough,
    moved: bool,
    at: Timestamp,
) -> Result<(), StoreError> {
    let told = match said.told {
        Telling::Surely => true,
        _ if moved => true,
        Telling::Once => newest_said(tx, device).await?.as_ref() != Some(&said.text),
        Telling::IfItMoves => false,
    };
    if !told {
        return Ok(());
    }
    timeline::add(tx, device, at, TimelineKind::Reported, &said.text, None).await?;
    timeline::prune(tx, device).await
}

/// What was told last of what a gateway said: the newest word that is no report.
async fn newest_said(tx: &mut Write, device: i64) -> Result<Option<String>, StoreError> {
    let text = sqlx::query_scalar(
        "SELECT text FROM timeline WHERE device = ?1 AND kind = ?2 AND event IS NULL ORDER BY key DESC LIMIT 1",
    )
    .bind(device)
    .bind(TimelineKind::Reported.id())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(text)
}

/// Asks `fold` about the enrolments that a report may concern, and saves what changed; whether anything did.
pub(super) async fn fold_all(
    tx: &mut Write,
    device: i64,
    acknowledged: u32,
    fold: &Fold<'_>,
) -> Result<bool, StoreError> {
    let mut moved = false;
    let rows: Vec<(i64, String, String, String, bool)> = sqlx::query_as(
        "SELECT r.id, r.phase, r.candidate, e.progress, e.ran_nothing
         FROM enrolments AS e JOIN rollouts AS r ON r.id = e.rollout
         WHERE e.device = ?1 AND r.phase <> 'withdrawn' ORDER BY r.id DESC LIMIT ?2 + 0",
    )
    .bind(device)
    .bind(ENROLMENTS_MAX)
    .fetch_all(&mut **tx)
    .await?;
    for (newest, (rollout, phase, candidate, progress, ran_nothing)) in rows.into_iter().enumerate()
    {
        let before: Progress = from_json("enrolment", &progress)?;
        if !is_asked_about(newest, &phase, &before) {
            continue;
        }
        let candidate: Candidate = from_json("rollout", &candidate)?;
        let known = Known {
            acknowledged,
            ran_nothing,
        };
        let after = fold(&candidate, before.clone(), known);
        if after != before {
            enrolments::save(tx, rollout, device, &after).await?;
            moved = true;
        }
    }
    Ok(moved)
}
