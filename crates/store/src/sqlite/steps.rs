//! Saving the outcome of a step: one transaction that proves on which state it was decided.

use mainstay_fleet::DeviceId;
use mainstay_rollout::{Action, Rollout, RolloutId};
use mainstay_telemetry::IncidentId;

use super::values::{from_json, micros, release_digest, to_json};
use super::{SqliteStore, Write, events, incidents, releases, rollouts};
use crate::events::told_of_step;
use crate::moves::{self, Enrolments, Moved, Names};
use crate::{NextStep, StoreError};

/// The enrolments of some devices, each looked up by its keys: a rollout may have a million others, and nobody else writes meanwhile.
const PROGRESS: &str =
    "SELECT d.id, e.device, e.progress, d.running_release FROM json_each(?2) AS v
     CROSS JOIN devices AS d ON d.id = v.value
     CROSS JOIN enrolments AS e ON e.rollout = ?1 AND e.device = d.key";

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

/// Changes the progress of the devices that go back or can't, in a few statements for all of them:
/// a halt may send thousands back.
async fn move_devices(tx: &mut Write, step: &NextStep<'_>) -> Result<(), StoreError> {
    let concerned: Vec<_> = moves::concerned(step.actions).collect();
    if concerned.is_empty() {
        return Ok(());
    }
    let known = progress_by_device(tx, step.rollout.id, &concerned).await?;
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
    id: RolloutId,
    devices: &[&DeviceId],
) -> Result<Enrolments, StoreError> {
    let names: Vec<_> = devices.iter().map(|device| device.as_str()).collect();
    let rows: Vec<(String, i64, String, Option<Vec<u8>>)> = sqlx::query_as(PROGRESS)
        .bind(id.0)
        .bind(to_json("step", &names)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Each table is asked for single rows; what is gone through is only the list of names.
    #[tokio::test]
    async fn no_device_is_read_that_a_step_does_not_concern() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mainstay.sqlite");
        let store = SqliteStore::create(&path).await.expect("a new database");
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {PROGRESS}"));
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain)
            .bind(1_i64)
            .bind("[]")
            .fetch_all(store.read())
            .await
            .expect("a plan");
        let lines: Vec<_> = plan.iter().map(|(.., line)| line.as_str()).collect();
        let [names, devices, enrolments] = lines[..] else {
            panic!("{lines:?}");
        };
        assert!(names.starts_with("SCAN v VIRTUAL TABLE"), "{lines:?}");
        let by_name = devices.starts_with("SEARCH d USING INDEX") && devices.ends_with("(id=?)");
        assert!(by_name, "{lines:?}");
        let by_both = "SEARCH e USING PRIMARY KEY (rollout=? AND device=?)";
        assert_eq!(enrolments, by_both, "{lines:?}");
    }
}
