//! The rollouts, in PostgreSQL. Their devices are in `enrolments.rs`, what changes them in `steps.rs` and
//! `promise.rs`.

use async_trait::async_trait;
use mainstay_fleet::DeviceId;
use mainstay_rollout::{DeviceView, Enrolment, FleetView, Progress, Rollout, RolloutId};
use mainstay_telemetry::IncidentId;

use super::failure::taken;
use super::locks::{self, Lock};
use super::values::{from_json, generation, phase, to_json};
use super::{PostgresStore, Write, draws, enrolments, events, promise, releases, retried, steps};
use crate::events::told_of_start;
use crate::{
    Enrolled, LIST_MAX, NextStep, Promise, PromiseRefusal, Promised, Rollouts, StageChange,
    StoreError, UnderWatch,
};

type Row = (String,);

#[async_trait]
impl Rollouts for PostgresStore {
    async fn reserve_rollout(&self) -> Result<RolloutId, StoreError> {
        let mut tx = self.write().await?;
        let (last,) = sqlx::query_as("UPDATE rollout_numbers SET last = last + 1 RETURNING last")
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(RolloutId(last))
    }

    async fn start_rollout(
        &self,
        rollout: &Rollout,
        enrolments: &[Enrolment],
        release: Option<StageChange<'_>>,
    ) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            locks::alone(&mut tx, Lock::Class(&rollout.candidate.class)).await?;
            insert(&mut tx, rollout).await?;
            check_class_free(&mut tx, rollout).await?;
            enrolments::enrol(&mut tx, rollout, enrolments).await?;
            if let Some(change) = release {
                releases::save(&mut tx, change, None).await?;
            }
            events::note(&mut tx, &told_of_start(rollout, release)).await?;
            self.commit_raised(tx).await
        })
        .await
    }

    async fn rollout(&self, id: RolloutId) -> Result<Option<Rollout>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT value FROM rollouts WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&mut *self.read().await?)
            .await?;
        row.map(rollout).transpose()
    }

    async fn active_rollouts(&self, class: Option<&str>) -> Result<Vec<Rollout>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT value FROM rollouts WHERE phase IN ('starting', 'rolling', 'awaits-human')
             AND class = coalesce($1, class) ORDER BY id",
        )
        .bind(class)
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(rollout).collect()
    }

    async fn rollouts_under_watch(&self) -> Result<UnderWatch, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT value FROM rollouts WHERE phase IN ('starting', 'rolling', 'awaits-human') OR id IN (
               SELECT id FROM rollouts WHERE phase = 'halted' ORDER BY id DESC LIMIT $1)
             ORDER BY id",
        )
        .bind(i64::from(LIST_MAX))
        .fetch_all(&mut *self.read().await?)
        .await?;
        let (mut rollouts, mut unread) = (Vec::with_capacity(rows.len()), None);
        for row in rows {
            match rollout(row) {
                Ok(read) => rollouts.push(read),
                Err(error) => unread = unread.or(Some(error)),
            }
        }
        Ok(UnderWatch { rollouts, unread })
    }

    async fn rollouts(&self) -> Result<Vec<Rollout>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT value FROM rollouts ORDER BY id DESC LIMIT $1")
            .bind(i64::from(LIST_MAX))
            .fetch_all(&mut *self.read().await?)
            .await?;
        rows.into_iter().map(rollout).collect()
    }

    async fn rollouts_after(
        &self,
        after: Option<RolloutId>,
        most: u32,
    ) -> Result<Vec<Rollout>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT value FROM rollouts WHERE id < $1 ORDER BY id DESC LIMIT $2")
                .bind(after.map_or(i64::MAX, |after| after.0))
                .bind(i64::from(most))
                .fetch_all(&mut *self.read().await?)
                .await?;
        rows.into_iter().map(rollout).collect()
    }

    async fn fleet_view(&self, id: RolloutId) -> Result<FleetView, StoreError> {
        enrolments::view(self, id).await
    }

    async fn enrolment(
        &self,
        id: RolloutId,
        device: &DeviceId,
    ) -> Result<Option<DeviceView>, StoreError> {
        enrolments::one(self, id, device).await
    }

    async fn enrolments_of(&self, device: &DeviceId) -> Result<Vec<Enrolled>, StoreError> {
        enrolments::of_device(self, device).await
    }

    async fn newest_progress_of(
        &self,
        devices: &[DeviceId],
    ) -> Result<Vec<(DeviceId, Progress)>, StoreError> {
        enrolments::newest_of_each(self, devices).await
    }

    async fn save_step(&self, step: &NextStep<'_>) -> Result<Vec<IncidentId>, StoreError> {
        retried(|| steps::save(self, step)).await
    }

    async fn promise(&self, promise: &Promise<'_>) -> Result<Promised, PromiseRefusal> {
        retried(|| promise::make(self, promise)).await
    }
}

/// One class has one rollout under way at a time.
pub(super) async fn check_class_free(tx: &mut Write, started: &Rollout) -> Result<(), StoreError> {
    let class = &started.candidate.class;
    let busy: Option<(i64,)> = sqlx::query_as(
        "SELECT id FROM rollouts WHERE phase IN ('starting', 'rolling', 'awaits-human') AND class = $1 AND id <> $2 LIMIT 1",
    )
    .bind(class)
    .bind(started.id.0)
    .fetch_optional(&mut **tx)
    .await?;
    match busy {
        None => Ok(()),
        Some((id,)) => Err(StoreError::Conflict {
            what: "device class",
            name: class.clone(),
            because: format!("rollout {id} is under way in it"),
        }),
    }
}

async fn insert(tx: &mut Write, rollout: &Rollout) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO rollouts (id, class, phase, generation, release, candidate, value)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(rollout.id.0)
    .bind(&rollout.candidate.class)
    .bind(phase(rollout))
    .bind(generation(rollout.generation))
    .bind(&rollout.candidate.release.0[..])
    .bind(to_json("rollout", &rollout.candidate)?)
    .bind(to_json("rollout", rollout)?)
    .execute(&mut **tx)
    .await
    .map_err(|error| taken(error, "rollout", rollout.id))?;
    Ok(())
}

/// Saves a rollout as part of `tx`; the caller has checked its generation there.
pub(super) async fn update(tx: &mut Write, rollout: &Rollout) -> Result<(), StoreError> {
    sqlx::query("UPDATE rollouts SET phase = $2, generation = $3, value = $4 WHERE id = $1")
        .bind(rollout.id.0)
        .bind(phase(rollout))
        .bind(generation(rollout.generation))
        .bind(to_json("rollout", rollout)?)
        .execute(&mut **tx)
        .await?;
    match rollout.is_over() {
        true => draws::forget(tx, rollout.id).await,
        false => Ok(()),
    }
}

fn rollout((value,): Row) -> Result<Rollout, StoreError> {
    from_json("rollout", &value)
}
