//! What devices call: check-in, reports, payloads; and joining, for those that have no token yet. Bodies are deterministic CBOR.
//!
//! Nothing here decides whether a device gets something: [`crate::offers`] does. Read [`check_in`]
//! first.

mod alive;
mod asked;
mod budget;
mod check_in;
mod conditions;
mod download;
mod join;
mod line;
mod looks;
mod message;
mod multipart;
mod papers;
mod payload;
pub(crate) mod poll;
mod range;
pub(crate) mod reported;
mod reports;
mod still;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use mainstay_protocol::{CHECK_IN_PATH, JOIN_PATH, PAYLOADS_PATH, REPORTS_PATH};

use crate::App;

pub(crate) use alive::while_it_takes;
pub(crate) use asked::Asked;
pub(crate) use check_in::at_once;
pub(crate) use conditions::{Validators, is_known};
pub(crate) use download::{Download, one_range};
pub(crate) use line::Line;
pub(crate) use looks::Looks;
pub(crate) use papers::Handed;
pub(crate) use payload::may_fetch;
pub(crate) use still::{Since, while_let_in};

/// What devices ask again and again.
pub(crate) fn questions() -> Router<Arc<App>> {
    Router::new().route(CHECK_IN_PATH, post(check_in::check_in))
}

/// The other routes of devices.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(REPORTS_PATH, post(reports::reports))
        .route(JOIN_PATH, post(join::join))
        .route(&format!("{PAYLOADS_PATH}{{digest}}"), get(payload::payload))
}
