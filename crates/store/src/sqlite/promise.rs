//! Promising a device something: one transaction that proves on which state it was decided.

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_rollout::{Candidate, Kind, Offer, Progress, Rollout, RolloutId, has_room};

use super::values::from_json;
use super::{SqliteStore, Write, enrolments, holds, releases, timeline};
use crate::progress;
use crate::{PromiseRefusal, StoreError, TimelineKind};

/// See [`crate::Rollouts::promise`].
pub(super) async fn make(
    store: &SqliteStore,
    id: RolloutId,
    expected: u64,
    device: &DeviceId,
    offer: &Offer,
    at: Timestamp,
) -> Result<(), PromiseRefusal> {
    let mut tx = store.write().await?;
    let place = place(&mut tx, id, device).await?;
    let not_enrolled = || PromiseRefusal::NotEnrolled {
        device: device.clone(),
        rollout: id,
    };
    let place = place.ok_or_else(not_enrolled)?;
    if place.generation != expected {
        let found = place.generation;
        return Err(PromiseRefusal::GenerationChanged { expected, found });
    }
    if holds::is_held(&mut tx, &offer.release).await? {
        return Err(PromiseRefusal::Held);
    }
    let promised = progress::promised(&place.progress, offer, at);
    let promised = promised.map_err(|found| PromiseRefusal::MovedOn { found })?;
    if promised == place.progress {
        return Ok(());
    }
    if offer.kind == Kind::Forward {
        check_room(&mut tx, id, at).await?;
        enrolments::note_before(&mut tx, id.0, place.device).await?;
    }
    enrolments::save(&mut tx, id.0, place.device, &promised).await?;
    note(&mut tx, &place, offer, at).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// A device's place in a rollout.
struct Place {
    generation: u64,
    candidate: String,
    device: i64,
    progress: Progress,
}

async fn place(
    tx: &mut Write,
    id: RolloutId,
    device: &DeviceId,
) -> Result<Option<Place>, StoreError> {
    let row: Option<(i64, String, i64, String)> = sqlx::query_as(
        "SELECT r.generation, r.candidate, e.device, e.progress
         FROM devices AS d JOIN enrolments AS e ON e.device = d.key
         JOIN rollouts AS r ON r.id = e.rollout WHERE d.id = ?1 AND e.rollout = ?2",
    )
    .bind(device.as_str())
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    let Some((generation, candidate, device, progress)) = row else {
        return Ok(None);
    };
    let generation =
        u64::try_from(generation).map_err(|error| StoreError::damaged("rollout", error))?;
    let progress = from_json("enrolment", &progress)?;
    Ok(Some(Place {
        generation,
        candidate,
        device,
        progress,
    }))
}

/// Asks the newest state: other servers have made promises too.
async fn check_room(tx: &mut Write, id: RolloutId, at: Timestamp) -> Result<(), PromiseRefusal> {
    let (value,): (String,) = sqlx::query_as("SELECT value FROM rollouts WHERE id = ?1")
        .bind(id.0)
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::from)?;
    let rollout: Rollout = from_json("rollout", &value)?;
    let under_way = enrolments::under_way(tx, id).await?;
    match has_room(&rollout, &under_way, at) {
        true => Ok(()),
        false => Err(PromiseRefusal::NoRoom {
            limit: rollout.rules.limits.downloads,
        }),
    }
}

async fn note(
    tx: &mut Write,
    place: &Place,
    offer: &Offer,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (kind, text) = match offer.kind {
        Kind::Forward => {
            let candidate: Candidate = from_json("rollout", &place.candidate)?;
            (
                TimelineKind::Promised,
                format!("was promised {}", candidate.version),
            )
        }
        Kind::Return => {
            let text = format!(
                "was told to go back to {}",
                releases::name(tx, &offer.release).await?
            );
            (TimelineKind::Returning, text)
        }
    };
    timeline::add(tx, place.device, at, kind, &text, None).await
}
