//! The devices of rollouts, in PostgreSQL: read, enrolled, moved on.
//!
//! A rollout is looked at again and again with all of its devices, so the view is one query (and one for
//! what was read on them).

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use mainstay_fleet::{DeviceId, Running};
use mainstay_rollout::{
    DeviceView, Enrolment, FleetView, Labels, Progress, Rollout, RolloutId, may_hold_places,
};

use super::values::{from_json, micros, to_json};
use super::{PostgresStore, Write, columns, readings};
use crate::rollouts::ENROLMENTS_MAX;
use crate::{Enrolled, Rollouts as _, StoreError, TimelineKind, place, rows};

/// A view's columns, then those of its rollout.
type RolloutRow = (
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    String,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    String,
);

/// A query for views of devices, with what follows their columns.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.hardware, d.site, d.zone, e.wave, greatest(d.last_seen, c.heard), e.progress, d.running_release, e.before",
            $rest
        )
    };
}

pub(super) async fn view(store: &PostgresStore, id: RolloutId) -> Result<FleetView, StoreError> {
    let devices = devices(store, id).await?;
    let readings = readings::of_rollout(store, id).await?;
    Ok(FleetView {
        devices,
        readings: Some(readings),
        ..FleetView::default()
    })
}

/// Each is read as soon as its row comes: the rows of a large fleet would take twice the room of its view. The connection is free again when this
/// returns.
async fn devices(store: &PostgresStore, id: RolloutId) -> Result<Vec<DeviceView>, StoreError> {
    let rows = sqlx::query_as(select!(
        " FROM enrolments AS e JOIN devices AS d ON d.key = e.device LEFT JOIN contacts AS c ON c.device = d.key
         WHERE e.rollout = $1 ORDER BY e.device"
    ));
    let (mut labels, mut devices) = (Labels::default(), rows::room(store.rollout(id).await?));
    let mut connection = store.read().await?;
    let mut rows = rows.bind(id.0).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        devices.push(rows::view(row, &mut labels)?);
    }
    Ok(devices)
}

/// Some devices of a rollout: those that follow one.
pub(super) async fn following(
    store: &PostgresStore,
    id: RolloutId,
    after: Option<&DeviceId>,
    most: u32,
) -> Result<Vec<DeviceView>, StoreError> {
    let mut connection = store.read().await?;
    // No name is empty, and no key is 0.
    let key: Option<i64> = sqlx::query_scalar("SELECT key FROM devices WHERE id = $1")
        .bind(after.map_or("", DeviceId::as_str))
        .fetch_optional(&mut *connection)
        .await?;
    // Where the list begins is said of each table, as in `walks.rs`.
    let rows: Vec<rows::View> = sqlx::query_as(select!(
        " FROM enrolments AS e JOIN devices AS d ON d.key = e.device AND d.key > $2
         LEFT JOIN contacts AS c ON c.device = d.key AND c.device > $2
         WHERE e.rollout = $1 AND e.device > $2 ORDER BY e.device LIMIT $3"
    ))
    .bind(id.0)
    .bind(key.unwrap_or(0))
    .bind(i64::from(most))
    .fetch_all(&mut *connection)
    .await?;
    Ok(rows::fleet(rows)?.devices)
}

/// The devices that were promised something, or have begun, by rollout: few, and found by an index of their own. A rollout that
/// is complete has judged all of its devices, and one that was halted long ago has none that still fetches.
pub(super) async fn under_way(
    tx: &mut Write,
    at: Timestamp,
) -> Result<Vec<(Rollout, FleetView)>, StoreError> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT r.value FROM rollouts AS r WHERE r.phase <> 'complete' AND EXISTS (
           SELECT 1 FROM enrolments AS e WHERE e.rollout = r.id AND e.state IN ('promised', 'began'))",
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
    let count =
        sqlx::query_scalar("SELECT COUNT(*) FROM enrolments WHERE state IN ('promised', 'began')")
            .fetch_one(&mut **tx)
            .await?;
    Ok(count)
}

async fn under_way_in(tx: &mut Write, id: RolloutId) -> Result<FleetView, StoreError> {
    let rows: Vec<rows::View> = sqlx::query_as(select!(
        " FROM enrolments AS e JOIN devices AS d ON d.key = e.device LEFT JOIN contacts AS c ON c.device = d.key
         WHERE e.rollout = $1 AND e.state IN ('promised', 'began') ORDER BY e.device"
    ))
    .bind(id.0)
    .fetch_all(&mut **tx)
    .await?;
    rows::fleet(rows)
}

pub(super) async fn one(
    store: &PostgresStore,
    id: RolloutId,
    device_id: &DeviceId,
) -> Result<Option<DeviceView>, StoreError> {
    let row: Option<rows::View> = sqlx::query_as(select!(
        " FROM devices AS d JOIN enrolments AS e ON e.device = d.key LEFT JOIN contacts AS c ON c.device = d.key
         WHERE d.id = $1 AND e.rollout = $2"
    ))
    .bind(device_id.as_str())
    .bind(id.0)
    .fetch_optional(&mut *store.read().await?)
    .await?;
    row.map(|row| rows::view(row, &mut Labels::default()))
        .transpose()
}

pub(super) async fn of_device(
    store: &PostgresStore,
    device_id: &DeviceId,
) -> Result<Vec<Enrolled>, StoreError> {
    let rows: Vec<RolloutRow> = sqlx::query_as(select!(
        ", r.value FROM devices AS d JOIN enrolments AS e ON e.device = d.key LEFT JOIN contacts AS c ON c.device = d.key
         JOIN rollouts AS r ON r.id = e.rollout
         WHERE d.id = $1 AND (r.phase <> 'withdrawn' OR r.id = (SELECT max(rollout) FROM enrolments WHERE device = d.key))
         ORDER BY e.rollout DESC LIMIT $2"
    ))
    .bind(device_id.as_str())
    .bind(i64::from(ENROLMENTS_MAX))
    .fetch_all(&mut *store.read().await?)
    .await?;
    rows.into_iter().map(enrolled).collect()
}

pub(super) async fn newest_of_each(
    store: &PostgresStore,
    devices: &[DeviceId],
) -> Result<Vec<(DeviceId, Progress)>, StoreError> {
    let names: Vec<_> = devices.iter().map(DeviceId::as_str).collect();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT d.id, e.progress FROM devices AS d JOIN enrolments AS e ON e.device = d.key AND e.rollout = (
           SELECT max(n.rollout) FROM enrolments AS n JOIN rollouts AS r ON r.id = n.rollout
           WHERE n.device = d.key AND r.phase <> 'withdrawn')
         WHERE d.id = ANY ($1)",
    )
    .bind(names)
    .fetch_all(&mut *store.read().await?)
    .await?;
    rows.into_iter().map(rows::progress_of).collect()
}

fn enrolled((a, b, c, d, e, f, g, h, i, rollout): RolloutRow) -> Result<Enrolled, StoreError> {
    Ok(Enrolled {
        rollout: from_json("rollout", &rollout)?,
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
    let ids: Vec<_> = enrolments.iter().map(|e| e.device.as_str()).collect();
    let wave = |e: &Enrolment| i64::try_from(e.wave);
    let waves: Result<Vec<_>, _> = enrolments.iter().map(wave).collect();
    let waves = waves.map_err(|error| StoreError::damaged("enrolment", error))?;
    let (state, _) = columns::of_progress(&Progress::Waiting);
    let enrolled = sqlx::query(
        "INSERT INTO enrolments (rollout, device, wave, before, progress, state)
         SELECT $1, d.key, v.wave, CASE WHEN d.verified OR d.last_resort THEN d.running_release END, $4, $5
         FROM unnest($2::text[], $3::bigint[]) AS v (id, wave) JOIN devices AS d ON d.id = v.id ORDER BY d.key",
    )
    .bind(rollout.id.0)
    .bind(&ids)
    .bind(&waves)
    .bind(to_json("enrolment", &Progress::Waiting)?)
    .bind(state)
    .execute(&mut **tx)
    .await?;
    if enrolled.rows_affected() != enrolments.len() as u64 {
        return Err(unregistered(tx, &ids).await?);
    }
    note(tx, rollout, &ids, &waves).await
}

async fn unregistered(tx: &mut Write, ids: &[&str]) -> Result<StoreError, StoreError> {
    let missing: Option<(String,)> = sqlx::query_as(
        "SELECT v.id FROM unnest($1::text[]) AS v (id)
         WHERE NOT EXISTS (SELECT 1 FROM devices AS d WHERE d.id = v.id) LIMIT 1",
    )
    .bind(ids)
    .fetch_optional(&mut **tx)
    .await?;
    // One that isn't missing any more was registered between the two looks: the next try finds it.
    Ok(missing.map_or(StoreError::Busy, |(id,)| {
        StoreError::not_found("device", id)
    }))
}

/// Notes in each device's timeline which wave it was drawn into.
async fn note(
    tx: &mut Write,
    rollout: &Rollout,
    ids: &[&str],
    waves: &[i64],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO timeline (device, at, kind, text)
         SELECT d.key, $2, $3, coalesce(($4::text[])[(v.wave + 1)::integer], '')
         FROM unnest($1::text[], $5::bigint[]) AS v (id, wave) JOIN devices AS d ON d.id = v.id ORDER BY d.key",
    )
    .bind(ids)
    .bind(micros(rollout.started_at))
    .bind(TimelineKind::Enrolled.id())
    .bind(place::drawn(rollout))
    .bind(waves)
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
        "UPDATE enrolments AS e SET
           before = coalesce(CASE WHEN d.verified OR d.last_resort THEN d.running_release END, e.before),
           ran_nothing = coalesce(d.running_release = $3, FALSE)
         FROM devices AS d WHERE d.key = e.device AND e.rollout = $1 AND e.device = $2",
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
    let (state, good_again_from) = columns::of_progress(progress);
    sqlx::query(
        "UPDATE enrolments SET progress = $3, state = $4, good_again_from = $5
         WHERE rollout = $1 AND device = $2",
    )
    .bind(rollout)
    .bind(device)
    .bind(to_json("enrolment", progress)?)
    .bind(state)
    .bind(good_again_from)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
