//! The start: what runs, why, and who decided that.

use std::cell::RefCell;

use mainstay_device::boot::decide;
use mainstay_device::observe::observe;
use mainstay_device::{Booted, Slot, Storage as _, Strategy};
use mainstay_protocol::BootReason;

use crate::boot_env::Scheme;
use crate::boot_env::grub::Grub;
use crate::boot_env::uboot::UBoot;
use crate::config::{self, Environment, Settings};
use crate::fault::Fault;
use crate::image_file::ImageFile;
use crate::log::{self, Level};
use crate::on_disk::OnDisk;
use crate::slots::boot_loader::BootLoader;
use crate::slots::directory::Directory;
use crate::slots::rauc::Rauc;
use crate::slots::{Origin, Switch};

/// Opens what the device keeps, and whoever starts its slots.
///
/// # Errors
/// If a folder or device that the configuration names can't be used.
pub fn open(settings: &Settings) -> Result<OnDisk, Fault> {
    std::fs::create_dir_all(&settings.state)
        .map_err(|error| Fault::io("make", &settings.state, &error))?;
    let (images, image_bytes_max, switch): (_, _, Box<dyn Switch>) = match settings.slots.clone() {
        config::Slots::Directory {
            folder,
            image_bytes_max,
            apply,
        } => {
            let images = [Slot::A, Slot::B].map(|slot| Directory::image(&folder, slot));
            let directory = Directory::open(folder, apply)?;
            (images, Some(image_bytes_max), Box::new(directory))
        }
        config::Slots::Files {
            places,
            image_bytes_max,
            parameter,
            command_line,
            environment,
        } => {
            let (environment, scheme) = environment_of(environment);
            let loader = BootLoader {
                environment,
                scheme,
                parameter,
                command_line,
            };
            (places, image_bytes_max, Box::new(loader))
        }
        config::Slots::Rauc {
            spool,
            image_bytes_max,
            rauc,
        } => {
            let images = [Slot::A, Slot::B].map(|slot| Rauc::bundle(&spool, slot));
            let rauc = Rauc::open(spool, rauc)?;
            (images, Some(image_bytes_max), Box::new(rauc))
        }
    };
    OnDisk::open(
        settings.state.clone(),
        images.map(ImageFile::at),
        image_bytes_max,
        switch,
        settings.after_install.clone(),
    )
}

fn environment_of(environment: Environment) -> (Box<dyn crate::boot_env::Environment>, Scheme) {
    match environment {
        Environment::UBoot(areas, scheme) => (Box::new(UBoot::new(areas)), scheme),
        Environment::Grub(file) => (Box::new(Grub::at(file)), Scheme::Order),
    }
}

/// Finds out what was booted, or decides it and starts it; `at` is Unix seconds. The record says so before
/// anything relies on it.
///
/// # Errors
/// If what was booted can't be found out, or can't be recorded.
pub fn boot(storage: &mut OnDisk, at: u64) -> Result<Booted, Fault> {
    let found = storage.record();
    let before = storage.known(found)?.unwrap_or_default();
    let mut record = before.clone();
    let trial = record.trial.map(|trial| trial.slot);
    let origin = storage.switch().origin(trial)?;
    let booted = match origin {
        Origin::Boot(seen) => observe(&mut record, seen, at),
        Origin::Open => {
            let looked_at = RefCell::new(&mut *storage);
            let intact = |slot| looked_at.borrow_mut().is_startable(slot);
            decide(&mut record, Strategy::DualBank, intact, at)
        }
    };
    if record != before {
        let saved = storage.save_record(&mut record);
        storage.known(saved)?;
    }
    storage.protect(booted.slot);
    if let (Origin::Open, Some(slot)) = (origin, booted.slot) {
        start(storage, slot, booted.reason);
    }
    Ok(booted)
}

/// Starts the slot that was decided on. If that fails the health checks find out, and the trial ends by them.
fn start(storage: &mut OnDisk, slot: Slot, reason: BootReason) {
    let anew = reason == BootReason::Trial;
    if let Err(fault) = storage.switch().start(slot, anew) {
        log::line(Level::Error, &fault);
    }
}
