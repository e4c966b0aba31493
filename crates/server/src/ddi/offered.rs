//! What rollouts have for a device with another client: what they have for any device, less what such a client mustn't or can't be told.
//!
//! Three things are asked here that a device of ours decides, or bears, by itself: whether the release fits the device ([`crate::fit`]), whether the
//! same went wrong a moment ago ([`again_at`]), and whether the client can be told of the file at all. And one that had begun, and has nothing of it any
//! more, waits for its window, its turn and a place again ([`begins_anew`]). All of it before anything is promised: a promise
//! holds a place, and says to people that the device is served. Read [`narrowed`].

use jiff::Timestamp;
use mainstay_api::ddi::Links;
use mainstay_fleet::{ClientProfile, Device};
use mainstay_rollout::order::{ORDERS_LOOKED_AT, Order, again_at, begins_anew};
use mainstay_rollout::{DeviceView, Progress, Wait, Withheld};
use mainstay_store::{Controller, StoreError};

use super::login::Client;
use super::parcel::Parcel;
use crate::App;
use crate::fit;
use crate::offers::{self, Considered};

/// Where links begin whose path alone is counted.
const ANYWHERE: &str = "http://localhost";

/// A device, as far as it matters what its client can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listener<'a> {
    /// The device.
    pub device: &'a Device,
    /// What is known of it under its client's name.
    pub controller: &'a Controller,
    /// Which client it is.
    pub profile: ClientProfile,
}

/// What the device's rollouts have for it now, the newest rollout first.
///
/// # Errors
/// If the store fails.
pub(super) async fn consider(app: &App, client: &Client) -> Result<Vec<Considered>, StoreError> {
    let considered = offers::consider(app, &client.device, client.now).await?;
    let listener = Listener {
        device: &client.device,
        controller: &client.controller,
        profile: client.profile,
    };
    narrowed(app, listener, considered, client.now).await
}

/// The same, less what this client isn't to be told now; each with the reason.
///
/// # Errors
/// If the store fails.
pub(crate) async fn narrowed(
    app: &App,
    listener: Listener<'_>,
    mut considered: Vec<Considered>,
    now: Timestamp,
) -> Result<Vec<Considered>, StoreError> {
    if considered.iter().all(|one| one.offer.is_err()) {
        return Ok(considered);
    }
    let device = &listener.device.id;
    let past = app.store.recent_orders(device, ORDERS_LOOKED_AT).await?;
    for one in &mut considered {
        if let Some(because) = withheld(app, listener, one, &past, now).await? {
            one.offer = Err(Wait::Withheld { because });
        } else if let Some(wait) = waits_anew(app, one, &past, now) {
            one.offer = Err(wait);
        }
    }
    Ok(considered)
}

/// What a device that begins anew waits for, if it does: the same as one that hasn't begun at all.
fn waits_anew(app: &App, one: &Considered, past: &[Order], now: Timestamp) -> Option<Wait> {
    let (offer, _) = one.offer.as_ref().ok()?;
    let open = past.iter().find(|order| order.is_open());
    if !begins_anew(&one.view.progress, open, one.rollout.id, offer) {
        return None;
    }
    let others = offers::others(app, &one.rollout, &one.view, now);
    let waiting = DeviceView {
        progress: Progress::Waiting,
        ..one.view.clone()
    };
    mainstay_rollout::offer(&one.rollout, &waiting, others, now).err()
}

async fn withheld(
    app: &App,
    listener: Listener<'_>,
    one: &Considered,
    past: &[Order],
    now: Timestamp,
) -> Result<Option<Withheld>, StoreError> {
    let Ok((offer, package)) = &one.offer else {
        return Ok(None);
    };
    let judgement = app.standing().await?.judge(&package.envelope);
    if let Some(unfit) = fit::unfit(listener.device, &one.rollout, offer, &judgement) {
        return Ok(Some(unfit));
    }
    if let Some(at) = again_at(past, &one.rollout, offer).filter(|at| now < *at) {
        return Ok(Some(Withheld::AfterAWhile { at }));
    }
    let parcel = Parcel::of(app, &offer.release).await?;
    let links = Links::of(
        ANYWHERE,
        app.config.tenant.as_str(),
        listener.controller.id.as_str(),
    );
    let reason = match parcel {
        None => Some(Parcel::NOT_MEASURED),
        Some(parcel) => parcel.unspeakable(&links, listener.profile),
    };
    let reason = reason.map(str::to_owned);
    Ok(reason.map(|reason| Withheld::Unspeakable { reason }))
}
