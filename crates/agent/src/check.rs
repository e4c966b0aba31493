//! `mainstay-agent check`: whether all that the configuration names can be used. Changes nothing that runs.

use mainstay_keys::HostPrimitives;
use mainstay_trust::verify;

use crate::agent::config;
use crate::come_up;
use crate::config::Settings;
use crate::fault::Fault;
use crate::link::{Limits, Link};

/// Everything that can't be used.
#[must_use]
pub fn findings(settings: &Settings) -> Vec<Fault> {
    [root(settings), slots(settings), link(settings)]
        .into_iter()
        .filter_map(Result::err)
        .collect()
}

fn root(settings: &Settings) -> Result<(), Fault> {
    let root = config(settings)?.root;
    match verify::pinned_root(&root, &HostPrimitives) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(Fault::new(refusal.id(), refusal.cause(), refusal.cure())),
    }
}

fn slots(settings: &Settings) -> Result<(), Fault> {
    come_up::open(settings)?.switch().origin(None).map(|_| ())
}

fn link(settings: &Settings) -> Result<(), Fault> {
    Link::new(
        &settings.server,
        Limits::of(&settings.server),
        settings.trusts_clock,
    )
    .map(|_| ())
}
