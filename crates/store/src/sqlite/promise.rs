//! Promising a device something: one transaction that proves on which state it was decided.

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_rollout::{Kind, Offer, Phase, Progress, Rollout, RolloutId, has_lapsed, has_room};

use super::values::{from_json, release_digest};
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
    let found = place.rollout.generation;
    if found != expected {
        return Err(PromiseRefusal::GenerationChanged { expected, found });
    }
    if holds::is_held(&mut tx, &offer.release).await? {
        return Err(PromiseRefusal::Held);
    }
    let standing = place.standing(at);
    let promised = progress::promised(&standing, offer, place.facts(), at);
    let promised = promised.map_err(|found| PromiseRefusal::MovedOn { found })?;
    if promised == standing {
        return same_again(tx, &place, offer).await;
    }
    if offer.kind == Kind::Forward {
        check_room(&mut tx, &place.rollout, at).await?;
        enrolments::note_before(&mut tx, id.0, place.device).await?;
    }
    enrolments::save(&mut tx, id.0, place.device, &promised).await?;
    note(&mut tx, &place, offer, at).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// A promise that is repeated: who hasn't taken it up yet may have lost in between what it ran when it was made.
async fn same_again(mut tx: Write, place: &Place, offer: &Offer) -> Result<(), PromiseRefusal> {
    let waits = matches!(place.progress, Progress::Promised { .. });
    if offer.kind == Kind::Forward && waits {
        enrolments::note_before(&mut tx, place.rollout.id.0, place.device).await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    Ok(())
}

/// A device's place in a rollout, both as they are by now: other servers have made promises too.
struct Place {
    rollout: Rollout,
    device: i64,
    progress: Progress,
    running: Option<ReleaseDigest>,
}

impl Place {
    /// Whether it runs the candidate, and whether the rollout is halted.
    fn facts(&self) -> (bool, bool) {
        let runs_it = self.running == Some(self.rollout.candidate.release);
        (runs_it, matches!(self.rollout.phase, Phase::Halted { .. }))
    }

    /// What the device has of its rollout. A promise that lapsed is none: it is counted again when it is made again.
    fn standing(&self, at: Timestamp) -> Progress {
        match has_lapsed(&self.rollout, &self.progress, at) {
            true => Progress::Waiting,
            false => self.progress.clone(),
        }
    }
}

/// Rollout, key of the device, its progress, what it runs.
type PlaceRow = (String, i64, String, Option<Vec<u8>>);

async fn place(
    tx: &mut Write,
    id: RolloutId,
    device: &DeviceId,
) -> Result<Option<Place>, StoreError> {
    let row: Option<PlaceRow> = sqlx::query_as(
        "SELECT r.value, e.device, e.progress, d.running_release
         FROM devices AS d JOIN enrolments AS e ON e.device = d.key
         JOIN rollouts AS r ON r.id = e.rollout WHERE d.id = ?1 AND e.rollout = ?2",
    )
    .bind(device.as_str())
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    let place = |(rollout, device, progress, running): PlaceRow| {
        Ok(Place {
            rollout: from_json("rollout", &rollout)?,
            device,
            progress: from_json("enrolment", &progress)?,
            running: release_digest("device", running)?,
        })
    };
    row.map(place).transpose()
}

async fn check_room(
    tx: &mut Write,
    rollout: &Rollout,
    at: Timestamp,
) -> Result<(), PromiseRefusal> {
    let under_way = enrolments::under_way(tx, at).await?;
    match has_room(rollout, &under_way, at) {
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
            let version = &place.rollout.candidate.version;
            (TimelineKind::Promised, format!("was promised {version}"))
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
