//! Promising a device something: one transaction that proves on which state it was decided.
//!
//! Whatever could stop a promise waits until it is committed, or is seen by it: the hold, the step, the device's own word, and the
//! promises of others that take a place.

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_rollout::order::begins_anew;
use mainstay_rollout::{Kind, Offer, Progress, Rollout, RolloutId, has_room};

use super::locks::{self, Lock};
use super::{PostgresStore, Write, enrolments, holds, orders, releases, roots, timeline};
use crate::place::{self, Place};
use crate::progress;
use crate::{Promise, PromiseRefusal, Promised, StoreError};

/// See [`crate::Rollouts::promise`].
pub(super) async fn make(
    store: &PostgresStore,
    promise: &Promise<'_>,
) -> Result<Promised, PromiseRefusal> {
    let (id, expected, offer) = (promise.rollout, promise.expected_generation, &promise.offer);
    let mut tx = store.write().await?;
    locks::shared(&mut tx, Lock::Standing).await?;
    locks::shared(&mut tx, Lock::Rollout(id)).await?;
    let place = place(&mut tx, id, promise.device).await?;
    let not_enrolled = || PromiseRefusal::NotEnrolled {
        device: promise.device.clone(),
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
    check_standing(&mut tx, promise.expected_standing).await?;
    let changed = move_on(&mut tx, &place, promise).await?;
    let order = match promise.numbered {
        true => Some(orders::number(&mut tx, place.device, id, offer, promise.at).await?),
        false => None,
    };
    if changed || order.is_some() {
        tx.commit().await.map_err(StoreError::from)?;
    }
    Ok(Promised { order })
}

/// What was answered to whoever revoked a release, or put another plan into force, holds for every later promise: also for one that was
/// decided before.
async fn check_standing(tx: &mut Write, expected: i64) -> Result<(), PromiseRefusal> {
    match roots::generation(tx).await? {
        found if found == expected => Ok(()),
        found => Err(PromiseRefusal::StandingChanged { expected, found }),
    }
}

/// Moves the device's progress on to what it is promised; returns whether anything was written.
async fn move_on(
    tx: &mut Write,
    place: &Place,
    promise: &Promise<'_>,
) -> Result<bool, PromiseRefusal> {
    let (id, offer, at) = (place.rollout.id.0, &promise.offer, promise.at);
    let standing = standing(tx, place, promise).await?;
    let promised = progress::promised(&standing, offer, place.facts(), at);
    let promised = promised.map_err(|found| PromiseRefusal::MovedOn { found })?;
    if promised == standing {
        return Ok(same_again(tx, place, offer).await?);
    }
    if offer.kind == Kind::Forward {
        check_room(tx, &place.rollout, at).await?;
        enrolments::note_before(tx, id, place.device).await?;
    }
    enrolments::save(tx, id, place.device, &promised).await?;
    note(tx, place, offer, at).await?;
    Ok(true)
}

/// What the device has of its rollout. One whose client has nothing in hand begins anew, and gives back the place that it held.
async fn standing(
    tx: &mut Write,
    place: &Place,
    promise: &Promise<'_>,
) -> Result<Progress, StoreError> {
    let standing = place.standing(promise.at);
    if !promise.numbered || !matches!(standing, Progress::Began { .. }) {
        return Ok(standing);
    }
    let open = orders::open(tx, place.device).await?;
    let id = place.rollout.id;
    if !begins_anew(&standing, open.as_ref(), id, &promise.offer) {
        return Ok(standing);
    }
    enrolments::save(tx, id.0, place.device, &Progress::Waiting).await?;
    Ok(Progress::Waiting)
}

/// A promise that is repeated: who hasn't taken it up yet may have lost in between what it ran when it was made.
async fn same_again(tx: &mut Write, place: &Place, offer: &Offer) -> Result<bool, StoreError> {
    let waits = matches!(place.progress, Progress::Promised { .. });
    if offer.kind == Kind::Forward && waits {
        enrolments::note_before(tx, place.rollout.id.0, place.device).await?;
        return Ok(true);
    }
    Ok(false)
}

/// The device's place, as it is once the device is locked.
async fn place(
    tx: &mut Write,
    id: RolloutId,
    device: &DeviceId,
) -> Result<Option<Place>, StoreError> {
    let Some(device) = locks::device(tx, device).await? else {
        return Ok(None);
    };
    let row: Option<place::Row> = sqlx::query_as(
        "SELECT r.value, e.device, e.progress, d.running_release
         FROM devices AS d JOIN enrolments AS e ON e.device = d.key
         JOIN rollouts AS r ON r.id = e.rollout WHERE d.key = $1 AND e.rollout = $2",
    )
    .bind(device)
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Place::read).transpose()
}

/// Whether there is a place left, of all that are promised by now. From here on to the end of the transaction nobody else takes one.
async fn check_room(
    tx: &mut Write,
    rollout: &Rollout,
    at: Timestamp,
) -> Result<(), PromiseRefusal> {
    locks::alone(tx, Lock::Places).await?;
    // Who is under way is counted quickly, and nobody else holds a place: only where they could be too many is looked at each of them.
    let limit = rollout.rules.limits.downloads;
    if enrolments::count_under_way(tx).await? < i64::from(limit) {
        return Ok(());
    }
    let under_way = enrolments::under_way(tx, at).await?;
    match has_room(rollout, &under_way, at) {
        true => Ok(()),
        false => Err(PromiseRefusal::NoRoom { limit }),
    }
}

async fn note(
    tx: &mut Write,
    place: &Place,
    offer: &Offer,
    at: Timestamp,
) -> Result<(), StoreError> {
    let name = match offer.kind {
        Kind::Forward => place.rollout.candidate.version.clone(),
        Kind::Return => releases::name(tx, &offer.release).await?,
    };
    let (kind, text) = place::told(offer.kind, &name);
    timeline::add(tx, place.device, at, kind, &text, None).await
}
