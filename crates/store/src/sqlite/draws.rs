//! What was drawn for rollouts that are starting, in SQLite.

use async_trait::async_trait;
use mainstay_api::event;
use mainstay_rollout::{Enrolment, Rollout, RolloutId};

use super::{SqliteStore, Write, enrolments, events, rollouts, steps};
use crate::draws::{part_from_json, part_left, part_to_json};
use crate::{Draws, StoreError};

#[async_trait]
impl Draws for SqliteStore {
    async fn keep_draw(
        &self,
        rollout: &Rollout,
        expected_generation: u64,
        parts: &[&[Enrolment]],
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        steps::check_generation(&mut tx, rollout.id, expected_generation).await?;
        rollouts::update(&mut tx, rollout).await?;
        for (number, part) in (0_i64..).zip(parts) {
            sqlx::query("INSERT INTO draws (rollout, part, devices) VALUES (?1, ?2, ?3)")
                .bind(rollout.id.0)
                .bind(number)
                .bind(part_to_json(part)?)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn enrol_part(&self, rollout: &Rollout) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        steps::check_generation(&mut tx, rollout.id, rollout.generation).await?;
        let first: Option<(String,)> = sqlx::query_as(
            "DELETE FROM draws WHERE rollout = ?1 AND part = (SELECT min(part) FROM draws WHERE rollout = ?1)
             RETURNING devices",
        )
        .bind(rollout.id.0)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((devices,)) = first else {
            return Ok(false);
        };
        enrolments::enrol(&mut tx, rollout, &part_from_json(&devices)?).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn begin_rollout(
        &self,
        rollout: &Rollout,
        expected_generation: u64,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        steps::check_generation(&mut tx, rollout.id, expected_generation).await?;
        if is_left(&mut tx, rollout.id).await? {
            return Err(part_left(rollout));
        }
        rollouts::check_class_free(&mut tx, rollout).await?;
        rollouts::update(&mut tx, rollout).await?;
        events::note(&mut tx, &[event::of_start(rollout)]).await?;
        self.commit_raised(tx).await
    }
}

async fn is_left(tx: &mut Write, id: RolloutId) -> Result<bool, StoreError> {
    let left: Option<(i64,)> = sqlx::query_as("SELECT part FROM draws WHERE rollout = ?1 LIMIT 1")
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(left.is_some())
}

/// Forgets what was drawn for a rollout that is over before all of it was enrolled.
pub(super) async fn forget(tx: &mut Write, id: RolloutId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM draws WHERE rollout = ?1")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
