//! The devices of rollouts, in SQLite: read, enrolled, moved on.
//!
//! A rollout is looked at again and again with all of its devices, so the view has many of them in a row, read in one transaction (and what
//! was read on them beside).

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, Running};
use mainstay_rollout::{
    DeviceView, Enrolment, FleetView, Labels, Progress, Rollout, RolloutId, may_hold_places,
};

use super::values::{from_json, micros, to_json};
use super::{SqliteStore, Write, readings, together};
use crate::draws::part_to_json;
use crate::rollouts::ENROLMENTS_MAX;
use crate::{Enrolled, Rollouts as _, StoreError, TimelineKind, place, rows};

/// A view's columns after those of its rollout.
type RolloutRow = (
    String,
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    String,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

macro_rules! select {
    ($first:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $first,
            "d.id, d.hardware, d.attributes ->> 'site', d.zone, e.wave, iif(c.heard > d.last_seen OR d.last_seen IS NULL, c.heard, d.last_seen), e.progress, d.running_release, e.before ",
            $rest
        )
    };
}

pub(super) async fn view(store: &SqliteStore, id: RolloutId) -> Result<FleetView, StoreError> {
    let mut devices = rows::room(store.rollout(id).await?);
    // All as they are at one moment. No key is 0.
    let mut tx = store.read().begin().await?;
    together::read(&mut tx, id, 0, u32::MAX, |device| devices.push(device)).await?;
    tx.rollback().await?;
    let readings = readings::of_rollout(store, id).await?;
    Ok(FleetView {
        devices,
        readings: Some(readings),
        ..FleetView::default()
    })
}

/// Some devices of a rollout: those that follow one.
pub(super) async fn following(
    store: &SqliteStore,
    id: RolloutId,
    after: Option<&DeviceId>,
    most: u32,
) -> Result<Vec<DeviceView>, StoreError> {
    let mut tx = store.read().begin().await?;
    // No name is empty, and no key is 0.
    let key = "SELECT coalesce((SELECT key FROM devices WHERE id = ?1), 0)";
    let after = after.map_or("", DeviceId::as_str);
    let key = sqlx::query_scalar(key).bind(after).fetch_one(&mut *tx);
    let after: i64 = key.await?;
    let mut devices = Vec::new();
    together::read(&mut tx, id, after, most, |device| devices.push(device)).await?;
    tx.rollback().await?;
    Ok(devices)
}

/// The devices that were promised something, or have begun, by rollout: few, and found by an index of their own. A rollout that
/// is complete has judged all of its devices, and one that was halted long ago has none that still fetches.
///
/// The index is named, for SQLite would rather take the table's own order and read what all devices of the rollout do: of a million,
/// a fifth of a second for each promise, while nobody else writes.
pub(super) async fn under_way(
    tx: &mut Write,
    at: Timestamp,
) -> Result<Vec<(Rollout, FleetView)>, StoreError> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT r.value FROM rollouts AS r WHERE r.phase <> 'complete' AND EXISTS (
           SELECT 1 FROM enrolments AS e INDEXED BY enrolments_under_way
           WHERE e.rollout = r.id AND e.progress ->> 'state' IN ('promised', 'began'))",
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut under_way = Vec::new();
    for (value,) in rows {
        let rollout: Rollout = from_json("rollout", &value)?;
        if !may_hold_places(&rollout, at) {
            continue;
        }
        let view = under_way_in(tx, rollout.id).await?;
        under_way.push((rollout, view));
    }
    Ok(under_way)
}

/// How many [`under_way`] would find at most: an index of few rows is counted, and nothing is read.
pub(super) async fn count_under_way(tx: &mut Write) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar(
        "SELECT COUNT(*) FROM enrolments INDEXED BY enrolments_under_way WHERE progress ->> 'state' IN ('promised', 'began')",
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

async fn under_way_in(tx: &mut Write, id: RolloutId) -> Result<FleetView, StoreError> {
    let rows: Vec<rows::View> = sqlx::query_as(select!(
        "",
        "FROM enrolments AS e INDEXED BY enrolments_under_way
         JOIN devices AS d ON d.key = e.device LEFT JOIN contacts AS c ON c.device = d.key
         WHERE e.rollout = ?1 AND e.progress ->> 'state' IN ('promised', 'began') ORDER BY e.device"
    ))
    .bind(id.0)
    .fetch_all(&mut **tx)
    .await?;
    rows::fleet(rows)
}

pub(super) async fn one(
    store: &SqliteStore,
    id: RolloutId,
    device_id: &DeviceId,
) -> Result<Option<DeviceView>, StoreError> {
    let row: Option<rows::View> = sqlx::query_as(select!(
        "",
        "FROM devices AS d JOIN enrolments AS e ON e.device = d.key LEFT JOIN contacts AS c ON c.device = d.key
         WHERE d.id = ?1 AND e.rollout = ?2"
    ))
    .bind(device_id.as_str())
    .bind(id.0)
    .fetch_optional(store.read())
    .await?;
    row.map(|row| rows::view(row, &mut Labels::default()))
        .transpose()
}

pub(super) async fn of_device(
    store: &SqliteStore,
    device_id: &DeviceId,
) -> Result<Vec<Enrolled>, StoreError> {
    let rows: Vec<RolloutRow> = sqlx::query_as(select!(
        "r.value, ",
        "FROM devices AS d JOIN enrolments AS e ON e.device = d.key LEFT JOIN contacts AS c ON c.device = d.key
         JOIN rollouts AS r ON r.id = e.rollout
         WHERE d.id = ?1 AND (r.phase <> 'withdrawn' OR r.id = (SELECT max(rollout) FROM enrolments WHERE device = d.key))
         ORDER BY e.rollout DESC LIMIT ?2 + 0"
    ))
    .bind(device_id.as_str())
    .bind(ENROLMENTS_MAX)
    .fetch_all(store.read())
    .await?;
    rows.into_iter().map(enrolled).collect()
}

pub(super) async fn newest_of_each(
    store: &SqliteStore,
    devices: &[DeviceId],
) -> Result<Vec<(DeviceId, Progress)>, StoreError> {
    let names: Vec<_> = devices.iter().map(DeviceId::as_str).collect();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT d.id, e.progress FROM json_each(?1) AS v CROSS JOIN devices AS d ON d.id = v.value
         CROSS JOIN enrolments AS e ON e.device = d.key AND e.rollout = (
           SELECT max(n.rollout) FROM enrolments AS n JOIN rollouts AS r ON r.id = n.rollout
           WHERE n.device = d.key AND r.phase <> 'withdrawn')",
    )
    .bind(to_json("enrolment", &names)?)
    .fetch_all(store.read())
    .await?;
    rows.into_iter().map(rows::progress_of).collect()
}

fn enrolled(row: RolloutRow) -> Result<Enrolled, StoreError> {
    let (rollout, a, b, c, d, e, f, g, h, i) = row;
    let rollout = from_json("rollout", &rollout)?;
    Ok(Enrolled {
        rollout,
        device: rows::view((a, b, c, d, e, f, g, h, i), &mut Labels::default())?,
    })
}

/// Enrols devices as waiting, each with the verified release that it runs.
///
/// # Errors
/// [`StoreError::NotFound`] if one of them isn't registered.
pub(super) async fn enrol(
    tx: &mut Write,
    rollout: &Rollout,
    enrolments: &[Enrolment],
) -> Result<(), StoreError> {
    let rows = part_to_json(enrolments)?;
    let enrolled = sqlx::query(
        "INSERT INTO enrolments (rollout, device, wave, before, progress)
         SELECT ?1, d.key, v.value ->> 1, iif(d.verified OR d.running ->> 'last_resort', d.running_release, NULL), ?3
         FROM json_each(?2) AS v CROSS JOIN devices AS d ON d.id = v.value ->> 0 ORDER BY d.key",
    )
    .bind(rollout.id.0)
    .bind(rows.as_str())
    .bind(to_json("enrolment", &Progress::Waiting)?)
    .execute(&mut **tx)
    .await?;
    if enrolled.rows_affected() != enrolments.len() as u64 {
        return Err(unregistered(tx, enrolments).await?);
    }
    note(tx, rollout, &rows).await
}

async fn unregistered(tx: &mut Write, enrolments: &[Enrolment]) -> Result<StoreError, StoreError> {
    let ids: Vec<_> = enrolments.iter().map(|e| e.device.as_str()).collect();
    let (id,): (String,) = sqlx::query_as(
        "SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT id FROM devices) LIMIT 1",
    )
    .bind(to_json("enrolment", &ids)?)
    .fetch_one(&mut **tx)
    .await?;
    Ok(StoreError::not_found("device", id))
}

/// Notes in each device's timeline which wave it was drawn into.
async fn note(tx: &mut Write, rollout: &Rollout, rows: &str) -> Result<(), StoreError> {
    let texts = place::drawn(rollout);
    sqlx::query(
        "INSERT INTO timeline (device, at, kind, text)
         SELECT d.key, ?2, ?3, coalesce(?4 ->> (v.value ->> 1), '')
         FROM json_each(?1) AS v CROSS JOIN devices AS d ON d.id = v.value ->> 0 ORDER BY d.key",
    )
    .bind(rows)
    .bind(micros(rollout.started_at))
    .bind(TimelineKind::Enrolled.id())
    .bind(to_json("timeline", &texts)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes the verified release that a device runs, as the one it may go back to (what it runs unverified is none), and whether it runs
/// anything: safe mode is nobody's doing where it was there before.
pub(super) async fn note_before(
    tx: &mut Write,
    rollout: i64,
    device: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE enrolments SET before =
           coalesce((SELECT iif(d.verified OR d.running ->> 'last_resort', d.running_release, NULL) FROM devices AS d WHERE d.key = ?2), before),
           ran_nothing = coalesce((SELECT d.running_release = ?3 FROM devices AS d WHERE d.key = ?2), FALSE)
         WHERE rollout = ?1 AND device = ?2",
    )
    .bind(rollout)
    .bind(device)
    .bind(&Running::NOTHING.0[..])
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Saves the progress of one device.
pub(super) async fn save(
    tx: &mut Write,
    rollout: i64,
    device: i64,
    progress: &Progress,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE enrolments SET progress = ?3 WHERE rollout = ?1 AND device = ?2")
        .bind(rollout)
        .bind(device)
        .bind(to_json("enrolment", progress)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
