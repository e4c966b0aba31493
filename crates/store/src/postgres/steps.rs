//! Saving the outcome of a step: one transaction that proves on which state it was decided.

use mainstay_rollout::{Action, Rollout, RolloutId};
use mainstay_telemetry::IncidentId;

use super::locks::{self, Lock};
use super::values::{from_json, micros, release_digest, to_json};
use super::{PostgresStore, Write, columns, events, incidents, releases, rollouts};
use crate::events::told_of_step;
use crate::moves::{self, Enrolments, Moved, Names};
use crate::{NextStep, StoreError};

/// See [`crate::Rollouts::save_step`].
pub(super) async fn save(
    store: &PostgresStore,
    step: &NextStep<'_>,
) -> Result<Vec<IncidentId>, StoreError> {
    let mut tx = store.write().await?;
    locks::alone(&mut tx, Lock::Rollout(step.rollout.id)).await?;
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
        sqlx::query_as("SELECT generation, value FROM rollouts WHERE id = $1")
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

/// Changes the progress of the devices that go back or can't, in a few statements for all of them:
/// a halt may send thousands back.
async fn move_devices(tx: &mut Write, step: &NextStep<'_>) -> Result<(), StoreError> {
    let concerned: Vec<_> = moves::concerned(step.actions).collect();
    if concerned.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = concerned.iter().map(|id| id.as_str()).collect();
    let keys = locks::devices(tx, &ids).await?;
    let known = progress_by_device(tx, step, &keys).await?;
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

async fn progress_by_device(
    tx: &mut Write,
    step: &NextStep<'_>,
    keys: &[i64],
) -> Result<Enrolments, StoreError> {
    let rows: Vec<(String, i64, String, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT d.id, e.device, e.progress, d.running_release FROM enrolments AS e
         JOIN devices AS d ON d.key = e.device WHERE e.rollout = $1 AND e.device = ANY ($2)",
    )
    .bind(step.rollout.id.0)
    .bind(keys)
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
    let devices: Vec<_> = moved.iter().map(|one| one.key).collect();
    let json = |one: &Moved| to_json("enrolment", &one.progress);
    let progress: Result<Vec<_>, _> = moved.iter().map(json).collect();
    let columns = moved.iter().map(|one| columns::of_progress(&one.progress));
    let (states, good_again): (Vec<_>, Vec<_>) = columns.unzip();
    sqlx::query(
        "UPDATE enrolments AS e SET progress = v.progress, state = v.state, good_again_from = v.good_again_from
         FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[]) AS v (device, progress, state, good_again_from)
         WHERE e.rollout = $1 AND e.device = v.device",
    )
    .bind(step.rollout.id.0)
    .bind(&devices)
    .bind(progress?)
    .bind(states)
    .bind(good_again)
    .execute(&mut **tx)
    .await?;
    note(tx, step, moved, &devices).await
}

async fn note(
    tx: &mut Write,
    step: &NextStep<'_>,
    moved: &[Moved],
    devices: &[i64],
) -> Result<(), StoreError> {
    let kinds: Vec<_> = moved.iter().map(|one| one.kind.id()).collect();
    let texts: Vec<_> = moved.iter().map(|one| one.text.as_str()).collect();
    sqlx::query(
        "INSERT INTO timeline (device, at, kind, text)
         SELECT device, $1, kind, text FROM unnest($2::bigint[], $3::text[], $4::text[]) AS v (device, kind, text)",
    )
    .bind(micros(step.at))
    .bind(devices)
    .bind(kinds)
    .bind(texts)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
