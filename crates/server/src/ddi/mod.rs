//! What devices of other makes call: hawkBit's device protocol ("DDI v1"), for SWUpdate, RAUC's updater, Zephyr and others.
//!
//! It is a second door to the same house. Who gets what is decided by [`crate::offers`], the bytes leave over the same line as all
//! others, and a client's "success" never counts as an update: that takes the device's own version word (`version.rs`). A promise over this
//! door has a number, the *order* ([`mainstay_rollout::order`]), which these clients call an action. The wire is in [`mainstay_api::ddi`].
//! Read `login.rs`, then `base.rs` and `errand.rs`.

mod answer;
mod artifacts;
mod base;
mod cancel;
mod config_data;
mod confirmation;
mod cut;
mod deployment;
mod errand;
mod feedback;
mod heard;
mod installed;
mod login;
mod offered;
mod parcel;
pub(crate) mod reached;
mod revision;
mod sent;
mod taken;
mod unread;
mod version;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post, put};

pub(crate) use base::at_once;
pub(crate) use cut::instead_of_refusals;
pub(crate) use login::{rules, spoken_to};
pub(crate) use offered::{Listener, narrowed};
pub(crate) use unread::Unread;

use crate::App;
use crate::places::{self, Credential, Place, Whom};
use crate::problem::Refused;

const DEVICE: Whom = Whom::Shows(Credential::Device);

/// Where a client asks: below its tenant's name, by its own.
pub(crate) const CONTROLLER: &str = "/{tenant}/controller/v1/{controller}";

/// Where devices with other update clients ask again and again.
pub(crate) const QUESTIONS: &[Place] = &[Place::new(CONTROLLER, &[("GET", DEVICE)], || {
    get(base::base).head(not_a_look)
})];

/// Their other places, below [`CONTROLLER`].
pub(crate) const PLACES: &[Place] = &[
    Place::new("/configData", &[("PUT", DEVICE)], || put(config_data::keep)),
    Place::new("/deploymentBase/{number}", &[("GET", DEVICE)], || {
        get(deployment::one).head(not_a_look)
    }),
    Place::new(
        "/deploymentBase/{number}/feedback",
        &[("POST", DEVICE)],
        || post(feedback::of_order),
    ),
    Place::new("/cancelAction/{number}", &[("GET", DEVICE)], || {
        get(cancel::one).head(not_a_look)
    }),
    Place::new(
        "/cancelAction/{number}/feedback",
        &[("POST", DEVICE)],
        || post(feedback::of_cancel),
    ),
    Place::new("/installedBase", &[("PUT", DEVICE)], || {
        put(installed::said)
    }),
    Place::new("/installedBase/{number}", &[("GET", DEVICE)], || {
        get(installed::one)
    }),
    Place::new(
        "/softwaremodules/{number}/artifacts",
        &[("GET", DEVICE)],
        || get(artifacts::listed),
    ),
    Place::new(
        "/softwaremodules/{number}/artifacts/{file}",
        &[("GET", DEVICE)],
        || get(artifacts::file),
    ),
    Place::new("/confirmationBase", &[("GET", DEVICE)], || {
        get(confirmation::base)
    }),
    Place::new(
        "/confirmationBase/activateAutoConfirm",
        &[("POST", DEVICE)],
        || post(confirmation::activate),
    ),
    Place::new(
        "/confirmationBase/deactivateAutoConfirm",
        &[("POST", DEVICE)],
        || post(confirmation::deactivate),
    ),
    Place::new("/confirmationBase/{number}", &[("GET", DEVICE)], || {
        get(confirmation::one)
    }),
    Place::new(
        "/confirmationBase/{number}/feedback",
        &[("POST", DEVICE)],
        || post(confirmation::answered),
    ),
    Place::new("/{*rest}", NOTHING, || any(nowhere)),
];

/// What isn't served, by any method.
const NOTHING: &[(&str, Whom)] = &[
    ("GET", Whom::Anyone),
    ("POST", Whom::Anyone),
    ("PUT", Whom::Anyone),
    ("PATCH", Whom::Anyone),
    ("DELETE", Whom::Anyone),
];

/// The routes of these.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().nest(CONTROLLER, places::router(PLACES))
}

/// Who asks these is promised something, or is noted to have read it. Whoever only looks whether somebody answers, as proxies do, gets no place by that.
async fn not_a_look() -> answer::DdiRefused {
    Refused::wrong_method().into()
}

/// What isn't served has its refusal in the protocol's own form, and tells nobody whether a device of that name exists.
async fn nowhere() -> answer::DdiRefused {
    Refused::no_such_place().into()
}
