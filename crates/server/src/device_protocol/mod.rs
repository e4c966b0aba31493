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
mod places;
pub(crate) mod poll;
mod range;
pub(crate) mod reported;
mod reports;
mod still;

use axum::routing::{get, post};
use mainstay_protocol::{CHECK_IN_PATH, JOIN_PATH, REPORTS_PATH};

use crate::places::{Credential, Place, Whom};

pub(crate) use alive::while_it_takes;
pub(crate) use asked::Asked;
pub(crate) use check_in::at_once;
pub(crate) use conditions::{Validators, is_known};
pub(crate) use download::{Download, one_range};
pub(crate) use line::Line;
pub(crate) use looks::Looks;
pub(crate) use papers::Handed;
pub(crate) use payload::may_fetch;
pub(crate) use places::DevicePlaces;
pub(crate) use still::{Since, while_let_in};

const DEVICE: Whom = Whom::Shows(Credential::Device);
const JOINS: Whom = Whom::Shows(Credential::JoinCode);

/// Where devices ask again and again.
pub(crate) const QUESTIONS: &[Place] = &[Place::new(CHECK_IN_PATH, &[("POST", DEVICE)], || {
    post(check_in::check_in)
})];

/// The other places of devices.
pub(crate) const PLACES: &[Place] = &[
    Place::new(REPORTS_PATH, &[("POST", DEVICE)], || post(reports::reports)),
    Place::new(JOIN_PATH, &[("POST", JOINS)], || post(join::join)),
    Place::new("/device/v1/payloads/{digest}", &[("GET", DEVICE)], || {
        get(payload::payload)
    }),
];
