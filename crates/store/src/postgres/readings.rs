//! What was read on devices that rollouts compare, in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_plan::SignalName;
use mainstay_rollout::{RolloutId, SoftReading};
use mainstay_telemetry::missed_polls;

use super::values::{device_id, instant, micros};
use super::{PostgresStore, Write, contacts, locks, retried};
use crate::{PollCount, Readings, StoreError, TakenReading};

/// Device, signal, instant, thousandths.
type Row = (String, String, i64, i64);

#[async_trait]
impl Readings for PostgresStore {
    async fn keep_readings(&self, taken: &[TakenReading]) -> Result<(), StoreError> {
        // Everybody in the same order: two that keep the same readings wait for each other once.
        let mut taken: Vec<_> = taken.iter().collect();
        taken.sort_by(|a, b| place(a).cmp(&place(b)));
        let taken = &taken[..];
        retried(|| async move {
            let mut tx = self.write().await?;
            for one in taken {
                keep(&mut tx, one).await?;
            }
            forget(&mut tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn count_missed_polls(
        &self,
        device: &DeviceId,
        last: Timestamp,
        now: Timestamp,
        counts: &[PollCount],
    ) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            let Some((key, known)) = heard(&mut tx, device).await? else {
                return Ok(());
            };
            let last = known.map_or(last, |known| last.max(known));
            for count in counts {
                let missed = missed_polls(last, now, count.since, count.poll);
                if missed > 0 {
                    add(&mut tx, key, count, missed).await?;
                }
            }
            contacts::touch(&mut tx, &[(device.clone(), now)]).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    async fn readings(&self, rollout: RolloutId) -> Result<Vec<SoftReading>, StoreError> {
        of_rollout(self, rollout).await
    }

    async fn missed_polls(
        &self,
        rollout: RolloutId,
        device: &DeviceId,
        since: Timestamp,
    ) -> Result<u32, StoreError> {
        let counted: Option<i64> = sqlx::query_scalar(
            "SELECT polls FROM missed_polls
             WHERE rollout = $1 AND device = (SELECT key FROM devices WHERE id = $2) AND since = $3",
        )
        .bind(rollout.0)
        .bind(device.as_str())
        .bind(micros(since))
        .fetch_optional(&mut *self.read().await?)
        .await?;
        let polls = u32::try_from(counted.unwrap_or(0));
        polls.map_err(|error| StoreError::damaged("missed polls", error))
    }
}

/// What a reading is kept under, and in which order.
fn place(taken: &TakenReading) -> (i64, &str, &str) {
    let reading = &taken.reading;
    (
        taken.rollout.0,
        reading.device.as_str(),
        reading.signal.id(),
    )
}

/// A device's key, and when it was last heard of as far as that is written, once it is locked.
async fn heard(
    tx: &mut Write,
    device: &DeviceId,
) -> Result<Option<(i64, Option<Timestamp>)>, StoreError> {
    let Some(key) = locks::device(tx, device).await? else {
        return Ok(None);
    };
    let (at,): (Option<i64>,) = sqlx::query_as(
        "SELECT greatest(d.last_seen, c.heard)
         FROM devices AS d LEFT JOIN contacts AS c ON c.device = d.key WHERE d.key = $1",
    )
    .bind(key)
    .fetch_one(&mut **tx)
    .await?;
    let at = at.map(|at| instant("device", at)).transpose()?;
    Ok(Some((key, at)))
}

/// Adds to one rollout's count, which is kept at 2^32 - 1 at most.
async fn add(
    tx: &mut Write,
    device: i64,
    count: &PollCount,
    missed: u32,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO missed_polls (rollout, device, since, polls) VALUES ($1, $2, $3, $4)
         ON CONFLICT (rollout, device) DO UPDATE SET since = excluded.since,
           polls = least(excluded.polls
             + CASE WHEN missed_polls.since = excluded.since THEN missed_polls.polls ELSE 0 END, $5)",
    )
    .bind(count.rollout.0)
    .bind(device)
    .bind(micros(count.since))
    .bind(i64::from(missed))
    .bind(i64::from(u32::MAX))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn keep(tx: &mut Write, taken: &TakenReading) -> Result<(), StoreError> {
    let reading = &taken.reading;
    sqlx::query(
        "INSERT INTO readings (rollout, device, signal, at, milli)
         SELECT $1, key, $3, $4, $5 FROM devices WHERE id = $2
         ON CONFLICT (rollout, device, signal) DO UPDATE SET at = excluded.at, milli = excluded.milli
         WHERE readings.at < $6",
    )
    .bind(taken.rollout.0)
    .bind(reading.device.as_str())
    .bind(reading.signal.id())
    .bind(micros(reading.at))
    .bind(i64::from(reading.milli))
    .bind(micros(taken.due))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What was found in them is part of their rollouts.
async fn forget(tx: &mut Write) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM readings
         WHERE rollout IN (SELECT id FROM rollouts WHERE phase IN ('halted', 'complete'))",
        "DELETE FROM missed_polls
         WHERE rollout IN (SELECT id FROM rollouts WHERE phase IN ('halted', 'complete'))",
    ] {
        sqlx::query(sql).execute(&mut **tx).await?;
    }
    Ok(())
}

/// All that are kept for a rollout.
pub(super) async fn of_rollout(
    store: &PostgresStore,
    id: RolloutId,
) -> Result<Vec<SoftReading>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT d.id, r.signal, r.at, r.milli FROM readings AS r
         JOIN devices AS d ON d.key = r.device WHERE r.rollout = $1 ORDER BY r.device, r.signal",
    )
    .bind(id.0)
    .fetch_all(&mut *store.read().await?)
    .await?;
    rows.into_iter().map(reading).collect()
}

fn reading((device, signal, at, milli): Row) -> Result<SoftReading, StoreError> {
    let unknown = || StoreError::damaged("reading", format!("{signal:?} is no signal"));
    Ok(SoftReading {
        device: device_id(device)?,
        signal: SignalName::from_id(&signal).ok_or_else(unknown)?,
        at: instant("reading", at)?,
        milli: u32::try_from(milli).map_err(|error| StoreError::damaged("reading", error))?,
    })
}
