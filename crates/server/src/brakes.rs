//! What stands between a rollout's offer and the device that it is for: holds, revocations, schedules.
//!
//! A rollout knows none of them. Everything here only denies, and a device would deny the same: asking
//! early spares the fleet downloads, and tells people why. Read [`package`].

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, ReleaseDigest};
use mainstay_keys::HostPrimitives;
use mainstay_release::Hold;
use mainstay_rollout::Withheld;
use mainstay_store::StoreError;
use mainstay_trust::manifest::Uuid;
use mainstay_trust::{Authority, Digest, Refusal, Schedule, verify};

use crate::App;
use crate::standing::{Standing, moment};

/// What a device needs in order to judge and fetch a release.
#[derive(Debug)]
pub(crate) struct Package {
    /// The envelope's bytes.
    pub envelope: Vec<u8>,
    /// The digest under which the payload is served.
    pub image: Digest,
    /// The payload's size.
    pub image_bytes: u32,
    /// The signed schedule, for a class that needs one.
    pub schedule: Option<Vec<u8>>,
}

/// The package of a release for one device, or what withholds it.
///
/// # Errors
/// If the store fails.
pub(crate) async fn package(
    app: &App,
    release: &ReleaseDigest,
    device: &DeviceId,
    now: Timestamp,
) -> Result<Result<Package, Withheld>, StoreError> {
    let standing = app.standing().await?;
    let Some((found, envelope)) = found(app, release).await? else {
        return Ok(Err(Withheld::NotHere));
    };
    if let Some(withheld) = withholds(&standing, release, &envelope, now) {
        return Ok(Err(withheld));
    }
    let judgement = standing.judge(&envelope);
    let schedule = match judgement.needs_schedule {
        true => match turn(app, &standing, release, judgement.class, device, now).await? {
            Ok(signed) => Some(signed),
            Err(withheld) => return Ok(Err(withheld)),
        },
        false => None,
    };
    Ok(Ok(Package {
        envelope,
        image: found.facts.image,
        image_bytes: u32::try_from(found.facts.image_bytes).unwrap_or(u32::MAX),
        schedule,
    }))
}

/// What withholds a release from every device, if anything does.
///
/// # Errors
/// If the store fails.
pub(crate) async fn on_release(
    app: &App,
    release: &ReleaseDigest,
    now: Timestamp,
) -> Result<Option<Withheld>, StoreError> {
    let standing = app.standing().await?;
    let Some((_, envelope)) = found(app, release).await? else {
        return Ok(Some(Withheld::NotHere));
    };
    if let Some(withheld) = withholds(&standing, release, &envelope, now) {
        return Ok(Some(withheld));
    }
    let judgement = standing.judge(&envelope);
    if !judgement.needs_schedule {
        return Ok(None);
    }
    let schedule = app.store.schedule(release, &judgement.class).await?;
    Ok(schedule.is_none().then_some(Withheld::Unscheduled))
}

/// All that would withhold a release from every device, if it were rolled out now. Before people have approved it, that
/// devices would miss their signatures isn't told: those are still to come.
///
/// # Errors
/// If the store fails.
pub(crate) async fn ahead(
    app: &App,
    release: &ReleaseDigest,
    is_approved: bool,
    now: Timestamp,
) -> Result<Vec<Withheld>, StoreError> {
    let standing = app.standing().await?;
    let Some((_, envelope)) = found(app, release).await? else {
        return Ok(vec![Withheld::NotHere]);
    };
    let judgement = standing.judge(&envelope);
    let refusal = match is_approved {
        true => judgement.refusal_at(now),
        false => judgement.withdrawn(),
    };
    let refused = refusal.map(|refusal| Withheld::Refused {
        refusal: refusal.id().to_owned(),
    });
    let unscheduled = match judgement.needs_schedule {
        true => app
            .store
            .schedule(release, &judgement.class)
            .await?
            .is_none(),
        false => false,
    };
    let held = standing.hold_on(release).map(held);
    let all = [
        held,
        standing.stops_installs(now),
        refused,
        unscheduled.then_some(Withheld::Unscheduled),
    ];
    Ok(all.into_iter().flatten().collect())
}

/// A release that is here whole: with its envelope, and with the payload that it is made of.
async fn found(
    app: &App,
    release: &ReleaseDigest,
) -> Result<Option<(mainstay_release::Release, Vec<u8>)>, StoreError> {
    let found = app.store.release_by_manifest(release).await?;
    let envelope = app.store.envelope(release).await?;
    let Some((found, envelope)) = found.zip(envelope) else {
        return Ok(None);
    };
    let damage = app.damage_of(&found.facts);
    Ok(damage.is_none().then_some((found, envelope)))
}

fn withholds(
    standing: &Standing,
    release: &ReleaseDigest,
    envelope: &[u8],
    now: Timestamp,
) -> Option<Withheld> {
    let held = standing.hold_on(release).map(held);
    let refused = || {
        let refusal = standing.judge(envelope).refusal_at(now)?;
        let refusal = refusal.id().to_owned();
        Some(Withheld::Refused { refusal })
    };
    held.or_else(|| standing.stops_installs(now))
        .or_else(refused)
}

/// A hold as the reason for which a release isn't offered.
pub(crate) fn held(hold: &Hold) -> Withheld {
    Withheld::Held {
        since: hold.at,
        who: hold.by.to_string(),
        why: hold.reason.clone(),
    }
}

/// The schedule under which it is this device's turn, or why it isn't.
async fn turn(
    app: &App,
    standing: &Standing,
    release: &ReleaseDigest,
    class: Uuid,
    device: &DeviceId,
    now: Timestamp,
) -> Result<Result<Vec<u8>, Withheld>, StoreError> {
    let Some(stored) = app.store.schedule(release, &class).await? else {
        return Ok(Err(Withheld::Unscheduled));
    };
    let schedule = match verified(standing, &stored.signed) {
        Ok(schedule) => schedule,
        // A new root has taken the signer's key away.
        Err(refusal) => {
            let refusal = refusal.id().to_owned();
            return Ok(Err(Withheld::ScheduleRefused { refusal }));
        }
    };
    Ok(match comes(&schedule, device, now) {
        None => Ok(stored.signed),
        Some(withheld) => Err(withheld),
    })
}

/// A schedule that role operations has signed, by the newest papers.
///
/// # Errors
/// As a device would refuse it.
pub(crate) fn verified(standing: &Standing, signed: &[u8]) -> Result<Schedule, Refusal> {
    let root = standing.root()?;
    let revocations = standing.revocations(&root)?;
    let authority = Authority::new(&root, revocations.as_ref());
    Ok(*verify::schedule(signed, authority, &HostPrimitives)?.get())
}

/// Why a device's turn isn't now; none if it is.
fn comes(schedule: &Schedule, device: &DeviceId, now: Timestamp) -> Option<Withheld> {
    let (opens, ends) = (moment(schedule.not_before), moment(schedule.expires));
    if now < opens {
        return Some(Withheld::ScheduleOpens { at: opens });
    }
    if now >= ends {
        return Some(Withheld::ScheduleOver { since: ends });
    }
    let included = schedule.includes(device.as_str().as_bytes(), &HostPrimitives);
    (!included).then_some(Withheld::OutsideShare {
        share: schedule.share,
    })
}
