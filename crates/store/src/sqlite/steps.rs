//! Saving the outcome of a step: one transaction that proves on which state it was decided.

use mainstay_rollout::{Action, Rollout, RolloutId};
use mainstay_telemetry::IncidentId;

use super::values::{from_json, micros, release_digest, to_json};
use super::{SqliteStore, Write, events, incidents, releases, rollouts};
use crate::events::told_of_step;
use crate::moves::{self, Enrolments, Moved, Names};
use crate::{NextStep, StoreError};

/// See [`crate::Rollouts::save_step`].
pub(super) async fn save(
    store: &SqliteStore,
    step: &NextStep<'_>,
) -> Result<Vec<IncidentId>, StoreError> {
    let mut tx = store.write().await?;
    let before = check_generation(&mut tx, step.rollout.id, step.expected_generation).await?;
    rollouts::update(&mut tx, step.rollout).await?;
    move_devices(&mut tx, step).await?;
    let mut opened = Vec::with_capacity(step.incidents.len());
    for incident in step.incidents {
        opened.push(incidents::open(&mut tx, incident).await?);
    }
    if let Some(change) = step.release {
        releases::save(&mut tx, change, None).await?;
    }
    events::note(&mut tx, &told_of_step(&before, step, &opened)).await?;
    match step.gives {
        true => store.commit_raised(tx).await?,
        false => tx.commit().await?,
    }
    Ok(opened)
}

/// The rollout as it is, if that is what something was decided on.
pub(super) async fn check_generation(
    tx: &mut Write,
    id: RolloutId,
    expected: u64,
) -> Result<Rollout, StoreError> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT generation, value FROM rollouts WHERE id = ?1")
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    let (found, value) = row.ok_or_else(|| StoreError::not_found("rollout", id))?;
    if u64::try_from(found) == Ok(expected) {
        return from_json("rollout", &value);
    }
    Err(StoreError::Conflict {
        what: "rollout",
        name: id.to_string(),
        because: format!("its generation was {expected} and is {found}"),
    })
}

/// Changes the progress of the devices that go back or can't, in two statements for all of them:
/// a halt may send thousands back.
async fn move_devices(tx: &mut Write, step: &NextStep<'_>) -> Result<(), StoreError> {
    if moves::concerned(step.actions).next().is_none() {
        return Ok(());
    }
    let known = progress_by_device(tx, step.rollout.id).await?;
    let names = names_of_targets(tx, step.actions).await?;
    save_moved(tx, step, &moves::of_step(&known, &names, step)?).await
}

async fn names_of_targets(tx: &mut Write, actions: &[Action]) -> Result<Names, StoreError> {
    let mut names = Names::new();
    for action in actions {
        if let Action::Return { to, .. } = action
            && !names.contains_key(to)
        {
            names.insert(*to, releases::name(tx, to).await?);
        }
    }
    Ok(names)
}

async fn progress_by_device(tx: &mut Write, id: RolloutId) -> Result<Enrolments, StoreError> {
    let rows: Vec<(String, i64, String, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT d.id, e.device, e.progress, d.running_release FROM enrolments AS e
         JOIN devices AS d ON d.key = e.device WHERE e.rollout = ?1",
    )
    .bind(id.0)
    .fetch_all(&mut **tx)
    .await?;
    let known = rows.into_iter().map(|(id, key, progress, running)| {
        let progress = from_json("enrolment", &progress)?;
        Ok((id, (key, progress, release_digest("device", running)?)))
    });
    known.collect()
}

async fn save_moved(
    tx: &mut Write,
    step: &NextStep<'_>,
    moved: &[Moved],
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(moved.len());
    for one in moved {
        let progress = to_json("enrolment", &one.progress)?;
        rows.push((one.key, progress, one.kind.id(), &one.text));
    }
    let rows = to_json("step", &rows)?;
    // All of them are there, so this only updates. `UPDATE .. FROM` would do the same by walking
    // the whole list anew for every enrolment: minutes for ten thousand.
    sqlx::query(
        "INSERT INTO enrolments (rollout, device, wave, progress)
         SELECT ?1, v.value ->> 0, 0, v.value ->> 1 FROM json_each(?2) AS v WHERE true
         ON CONFLICT (rollout, device) DO UPDATE SET progress = excluded.progress",
    )
    .bind(step.rollout.id.0)
    .bind(&rows)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO timeline (device, at, kind, text)
         SELECT v.value ->> 0, ?1, v.value ->> 2, v.value ->> 3 FROM json_each(?2) AS v",
    )
    .bind(micros(step.at))
    .bind(&rows)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
