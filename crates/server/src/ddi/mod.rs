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
use crate::problem::Refused;

/// What devices with other update clients ask again and again.
pub(crate) fn questions() -> Router<Arc<App>> {
    Router::new().route(
        "/{tenant}/controller/v1/{controller}",
        get(base::base).head(not_a_look),
    )
}

/// Their other routes.
pub(crate) fn routes() -> Router<Arc<App>> {
    let installed = get(installed::one);
    let controller = Router::new()
        .route("/configData", put(config_data::keep))
        .route(
            "/deploymentBase/{number}",
            get(deployment::one).head(not_a_look),
        )
        .route(
            "/deploymentBase/{number}/feedback",
            post(feedback::of_order),
        )
        .route("/cancelAction/{number}", get(cancel::one).head(not_a_look))
        .route("/cancelAction/{number}/feedback", post(feedback::of_cancel))
        .route("/installedBase", put(installed::said))
        .route("/installedBase/{number}", installed)
        .route("/confirmationBase", get(confirmation::base))
        .route(
            "/confirmationBase/activateAutoConfirm",
            post(confirmation::activate),
        )
        .route(
            "/confirmationBase/deactivateAutoConfirm",
            post(confirmation::deactivate),
        )
        .route("/confirmationBase/{number}", get(confirmation::one))
        .route(
            "/confirmationBase/{number}/feedback",
            post(confirmation::answered),
        )
        .route(
            "/softwaremodules/{number}/artifacts",
            get(artifacts::listed),
        )
        .route(
            "/softwaremodules/{number}/artifacts/{file}",
            get(artifacts::file),
        )
        .route("/{*rest}", any(nowhere));
    Router::new().nest("/{tenant}/controller/v1/{controller}", controller)
}

/// Who asks these is promised something, or is noted to have read it. Whoever only looks whether somebody answers, as proxies do, gets no place by that.
async fn not_a_look() -> answer::DdiRefused {
    Refused::wrong_method().into()
}

/// What isn't served has its refusal in the protocol's own form, and tells nobody whether a device of that name exists.
async fn nowhere() -> answer::DdiRefused {
    Refused::no_such_place().into()
}
