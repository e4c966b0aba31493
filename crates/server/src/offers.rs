//! The one path from a check-in to a promise.
//!
//! Whether a device gets something now is decided by the `rollout` crate; what it gets is durable,
//! in a transaction that checks the rollout's generation, before the device hears of it. Nobody else
//! in this server hands out an envelope. Read [`decide`] first.

use jiff::Timestamp;
use mainstay_fleet::Device;
use mainstay_rollout::{DeviceView, Kind, Offer, Rollout, Wait, holds_place, instead, past_stones};
use mainstay_store::{Enrolled, Promise, PromiseRefusal, Promised, StoreError};

use crate::App;
use crate::brakes::{self, Package};
use crate::problem::Refused;

/// A promise fails when the rollout moved on between decision and transaction; the second decision
/// is made on its new state. If that fails too, the device asks again at its next poll.
pub(crate) const DECISIONS_MAX: u32 = 2;

/// What a device that checks in is told.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Nothing to do now.
    Nothing {
        /// When its turn comes, as far as that is known.
        turn: Option<Timestamp>,
        /// Whether that stays so until then, unless people, a step or the device itself say otherwise.
        rests: bool,
    },
    /// Something was promised to it, durably.
    Install {
        /// What it installs.
        package: Package,
    },
}

/// In which way a device asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// It decides for itself, by what it is shown.
    ByItself,
    /// It has another update client, for which each promise has a number.
    ByNumber,
}

/// One rollout that a device is enrolled in, and what it has for it now.
pub(crate) struct Considered {
    /// What the server's word rested on before anything of this was looked at.
    pub standing: i64,
    /// The rollout.
    pub rollout: Rollout,
    /// The device, as the rollout sees it.
    pub view: DeviceView,
    /// An offer with its package, or the reason why there is none.
    pub offer: Result<(Offer, Package), Wait>,
}

/// Decides for a device of ours that checks in at `now`, and makes a promise durable.
///
/// # Errors
/// If the store fails.
pub(crate) async fn decide(
    app: &App,
    device: &Device,
    now: Timestamp,
) -> Result<Decision, Refused> {
    let mut turns = None;
    for _ in 0..DECISIONS_MAX {
        let considered = consider(app, device, now).await?;
        turns = soonest(app, &considered, now);
        let rests = rest(&considered);
        let Some(one) = newest(considered, device) else {
            return Ok(Decision::Nothing { turn: turns, rests });
        };
        let promised = promise(app, &one, Asks::ByItself, now).await?;
        if let (Some(_), Ok((_, package))) = (promised, one.offer) {
            return Ok(Decision::Install { package });
        }
    }
    Ok(Decision::Nothing {
        turn: turns,
        rests: false,
    })
}

/// Whether none of these, which have nothing for the device now, has something for it before its turn comes, unless people, a step or
/// the device itself say otherwise. Where a way back isn't offered because it went further, only its own word changes that.
pub(crate) fn rest(considered: &[Considered]) -> bool {
    let rests = |one: &Considered| match &one.offer {
        Err(wait) => mainstay_rollout::rest::rests(&one.view, wait),
        Ok(_) => true,
    };
    considered.iter().all(rests)
}

/// When the first of these has something for the device, as far as that is known.
pub(crate) fn soonest(app: &App, considered: &[Considered], now: Timestamp) -> Option<Timestamp> {
    considered
        .iter()
        .filter_map(|one| turn(app, one, now))
        .min()
}

/// The newest rollout that has an offer.
pub(crate) fn newest(considered: Vec<Considered>, device: &Device) -> Option<Considered> {
    considered.into_iter().find(|one| is_offered(one, device))
}

/// Whether a rollout has an offer. A device that has since gone further than a halted candidate,
/// through a later rollout, is past it: sending it back would take the later release away from it.
pub(crate) fn is_offered(one: &Considered, device: &Device) -> bool {
    let Ok((offer, _package)) = &one.offer else {
        return false;
    };
    let runs = device
        .running
        .as_ref()
        .map_or(0, |running| running.sequence);
    offer.kind != Kind::Return || runs <= one.rollout.candidate.sequence
}

/// What each rollout that the device is enrolled in has for it, the newest rollout first.
///
/// # Errors
/// If the store fails.
pub(crate) async fn consider(
    app: &App,
    device: &Device,
    now: Timestamp,
) -> Result<Vec<Considered>, StoreError> {
    let standing = app.store.standing_generation().await?;
    let enrolments = app.store.enrolments_of(&device.id).await?;
    let mut considered = Vec::with_capacity(enrolments.len());
    for Enrolled {
        rollout,
        device: view,
    } in enrolments
    {
        let others = others(app, &rollout, &view, now);
        let runs = device.running.as_ref().filter(|one| !one.is_on_trial());
        let runs = runs.map(|running| running.version.as_str());
        let offer = past_stones(&rollout, &view, runs)
            .and_then(|()| mainstay_rollout::offer(&rollout, &view, others, now));
        let offer = match offer {
            Ok(offer) => packed(app, &rollout, offer, &view, now).await?,
            Err(wait) => Err(wait),
        };
        considered.push(Considered {
            standing,
            rollout,
            view,
            offer,
        });
    }
    Ok(considered)
}

/// The offer with its package, unless something withholds it. A device that has nothing to run is offered what it ran before then.
async fn packed(
    app: &App,
    rollout: &Rollout,
    offer: Offer,
    view: &DeviceView,
    now: Timestamp,
) -> Result<Result<(Offer, Package), Wait>, StoreError> {
    let because = match brakes::package(app, &offer.release, &view.id, now).await? {
        Ok(package) => return Ok(Ok((offer, package))),
        Err(because) => because,
    };
    if let Some(other) = instead(rollout, view).filter(|other| *other != offer)
        && let Ok(package) = brakes::package(app, &other.release, &view.id, now).await?
    {
        return Ok(Ok((other, package)));
    }
    Ok(Err(Wait::Withheld { because }))
}

/// How many other devices hold a place in the budget of downloads.
pub(crate) fn others(app: &App, rollout: &Rollout, view: &DeviceView, now: Timestamp) -> u32 {
    let all = app.memory.in_flight();
    all.saturating_sub(u32::from(holds_place(rollout, view, now)))
}

/// When the turn of a device that waits will come.
pub(crate) fn turn(app: &App, one: &Considered, now: Timestamp) -> Option<Timestamp> {
    let wait = one.offer.as_ref().err()?;
    let in_flight = others(app, &one.rollout, &one.view, now);
    mainstay_rollout::turn::turn(&one.rollout, &one.view, wait, in_flight, now)
}

/// Makes an offer durable; none when the rollout has moved on meanwhile, or what the server's word rests on, or the release was put
/// on hold, or there is no room.
///
/// # Errors
/// If the store fails.
pub(crate) async fn promise(
    app: &App,
    one: &Considered,
    asks: Asks,
    now: Timestamp,
) -> Result<Option<Promised>, Refused> {
    let (rollout, device) = (&one.rollout, &one.view.id);
    let Ok((offer, _)) = &one.offer else {
        return Ok(None);
    };
    let promise = Promise {
        rollout: rollout.id,
        expected_generation: rollout.generation,
        expected_standing: one.standing,
        device,
        offer: *offer,
        at: now,
        numbered: asks == Asks::ByNumber,
    };
    match app.store.promise(&promise).await {
        Ok(promised) => {
            if offer.kind == Kind::Forward && !holds_place(rollout, &one.view, now) {
                app.memory.promised(rollout.id);
            }
            Ok(Some(promised))
        }
        Err(PromiseRefusal::Store(error)) => Err(error.into()),
        Err(PromiseRefusal::NoRoom { limit }) => {
            app.memory.full(rollout.id, limit);
            Ok(None)
        }
        Err(moved_on) => {
            tracing::debug!(%device, rollout = %rollout.id, %moved_on, "no promise this time");
            Ok(None)
        }
    }
}
