//! How both programs start: the boot loader after a reset, and what an application calls.

use mainstay_device::{Booted, OnFlash, Place, Slot, boot::power_up};
use mainstay_protocol::BootReason;
use mainstay_trust::RustCrypto;

use crate::board::{jump, restart, stack, stop};
use crate::handover;
use crate::line::serve;
use crate::map::{EXECUTION, region};
use crate::mapped::{Mapped, Parts};
use crate::services::{self, Poll};

/// The boot loader: decides what to boot, brings it into place, and jumps. With nothing to boot it serves the line.
pub fn boot() -> ! {
    stack::paint();
    // SAFETY: called once, at the start of the boot loader.
    let parts = unsafe { Parts::take() };
    let Ok(mut storage) = OnFlash::open(parts.region, region()) else {
        restart();
    };
    match decide(&mut storage) {
        Some(booted) if booted.slot.is_some() => {
            handover::leave(booted);
            jump(EXECUTION)
        }
        Some(booted) => serve(storage, parts.staging, booted, safe_mode),
        None => restart(),
    }
}

/// A boot loader with nothing beside its decision: with nothing to boot it stops.
pub fn boot_alone() -> ! {
    // SAFETY: called once, at the start of the boot loader.
    let parts = unsafe { Parts::take() };
    let storage = OnFlash::open(parts.region, region()).ok();
    let booted = storage.and_then(|mut storage| decide(&mut storage));
    match booted {
        Some(booted) if booted.slot.is_some() => {
            handover::leave(booted);
            jump(EXECUTION)
        }
        _ => stop(),
    }
}

/// The boot decision; none if flash fails. Apart, so that what it needs is gone while the line is served.
#[inline(never)]
fn decide(storage: &mut OnFlash<Mapped>) -> Option<Booted> {
    // The device has no clock: its reports say when in seconds since it started.
    power_up(storage, &RustCrypto, 0).ok()
}

extern "C" fn safe_mode() -> u32 {
    services::NOT_RUN
}

/// What an application calls: takes the boot decision's word, and serves the line.
pub extern "C" fn serve_application(poll: Poll) -> ! {
    // SAFETY: called once, by an application that was started; the boot loader that started it is gone.
    let parts = unsafe { Parts::take() };
    match OnFlash::open(parts.region, region()) {
        Ok(storage) => {
            let booted = handover::take().unwrap_or_else(|| started_otherwise(&storage));
            serve(storage, parts.staging, booted, poll)
        }
        Err(_) => restart(),
    }
}

/// What an application is that nobody handed a word to. It runs, so it lies in the first place; were it taken for
/// nothing, an update could be written over it.
fn started_otherwise(storage: &OnFlash<Mapped>) -> Booted {
    let slot = match storage.place(Slot::A) {
        Place::First => Slot::A,
        Place::Second => Slot::B,
    };
    Booted {
        slot: Some(slot),
        reason: BootReason::Confirmed,
    }
}
