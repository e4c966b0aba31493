//! Whether an offer is of today: by a status, or offline by a bundle's statement.
//!
//! | the device has | the status must | what counts as now |
//! |---|---|---|
//! | no clock that it trusts | echo the nonce of this check-in | the later of its time floor and the status's issue |
//! | a clock that it trusts | echo the nonce, or not have expired by that clock | as above, and the clock |
//!
//! An echoed nonce proves freshness by itself, so a wrong clock can't make a fresh status stale. The
//! clock never moves the time floor; only what was signed does. Network time alone is no clock.

use crate::admission::{DeviceFacts, Freshness};
use crate::bundle::BundleStatement;
use crate::list::List;
use crate::manifest::Manifest;
use crate::mark::Mark;
use crate::primitives::Primitives;
use crate::refusal::Refusal;
use crate::revocations::Revocations;
use crate::status::Status;
use crate::verify;
use crate::{Digest, Role};
use subtle::ConstantTimeEq;

/// What a fresh offer tells.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Fresh<'o> {
    /// What counts as now, in Unix seconds.
    pub(crate) now: u64,
    /// The device's new time floor, in Unix seconds.
    pub(crate) time: u64,
    /// The status's mark, or for a bundle the one that the device had.
    pub(crate) status: Mark,
    /// Releases on hold.
    pub(crate) held: List<'o, Digest>,
}

/// Verifies what vouches for the freshness of an offer, and asks whether it does, here and now.
pub(crate) fn check<'o>(
    freshness: &Freshness<'o>,
    manifest: &Manifest<'_>,
    device: &DeviceFacts<'_>,
    primitives: &impl Primitives,
) -> Result<Fresh<'o>, Refusal> {
    match *freshness {
        Freshness::Status([]) => Err(Refusal::StatusMissing),
        Freshness::Status(signed) => {
            let status = verify::status(signed, device.authority, primitives)?;
            by_status(status.get(), device)
        }
        Freshness::Bundle(signed) => {
            let statement = verify::bundle_statement(signed, device.authority, primitives)?;
            by_bundle(statement.get(), manifest, device)
        }
    }
}

fn by_status<'o>(status: &Status<'o>, device: &DeviceFacts<'_>) -> Result<Fresh<'o>, Refusal> {
    let root = device.authority.root();
    if status.root_version != root.version {
        return Err(Refusal::RootMismatch);
    }
    let floor = device.counters.time;
    let lived_by = if answers(status, device)? {
        floor
    } else {
        device.clock.unwrap_or(0).max(floor)
    };
    let mark = Mark::of_status(root, status.seq);
    if mark < device.counters.status {
        return Err(Refusal::StatusReplayed);
    }
    if status.expires <= lived_by {
        return Err(Refusal::StatusStale);
    }
    check_named(status.revocations, device)?;
    let time = floor.max(status.issued);
    Ok(Fresh {
        now: device.clock.unwrap_or(0).max(time),
        time,
        status: mark,
        held: status.held,
    })
}

/// Whether the status echoes the nonce of this check-in. One without a nonce is for devices with a
/// clock; one with another nonce is for another check-in.
fn answers(status: &Status<'_>, device: &DeviceFacts<'_>) -> Result<bool, Refusal> {
    match (status.nonce, &device.nonce) {
        (Some(echo), Some(own)) if bool::from(echo.ct_eq(own)) => Ok(true),
        (None, _) if device.clock.is_some() => Ok(false),
        _ => Err(Refusal::StatusNonce),
    }
}

/// The status names the revocations that count; the device must hold those.
fn check_named(named: Option<Digest>, device: &DeviceFacts<'_>) -> Result<(), Refusal> {
    let held = device.authority.revocations();
    match (named, held) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(Refusal::RevocationsMissing),
        (Some(named), Some(held)) if named.ct_eq(&held.digest) => Ok(()),
        _ => Err(Refusal::RevocationsMismatch),
    }
}

fn by_bundle<'o>(
    statement: &BundleStatement,
    manifest: &Manifest<'_>,
    device: &DeviceFacts<'_>,
) -> Result<Fresh<'o>, Refusal> {
    if !statement.release.ct_eq(&manifest.digest) {
        return Err(Refusal::BundleMismatch);
    }
    let known = device.authority.revocations().map(Revocations::mark);
    let known = known.unwrap_or_default();
    if known > statement.revocations {
        return Err(Refusal::BundleStale);
    }
    if known < statement.revocations {
        return Err(Refusal::RevocationsMissing);
    }
    let now = device.clock.unwrap_or(0).max(device.counters.time);
    if statement.expires <= now {
        return Err(Refusal::BundleExpired);
    }
    Ok(Fresh {
        now,
        time: device.counters.time,
        status: device.counters.status,
        held: List::default(),
    })
}

/// Where people can revoke, their word must be there, be of the root's own epoch, and not be frozen.
/// What a thief once withdrew, or kept quiet about, ends with the epoch, even where a device still
/// holds it.
pub(crate) fn check_revocations(device: &DeviceFacts<'_>, now: u64) -> Result<(), Refusal> {
    let rule = device.authority.root().role(Role::Revocation);
    match device.authority.revocations() {
        Some(revocations) if revocations.epoch != rule.epoch => Err(Refusal::RevocationsEpoch),
        Some(revocations) if now < revocations.next_update => Ok(()),
        Some(_) => Err(Refusal::RevocationsStale),
        None if rule.is_held() => Err(Refusal::RevocationsMissing),
        None => Ok(()),
    }
}
