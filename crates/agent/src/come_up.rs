//! The start: what runs, why, and who decided that.

use std::cell::RefCell;

use mainstay_device::boot::{decide, unsaved};
use mainstay_device::observe::observe;
use mainstay_device::{Booted, Record, Slot, Storage as _, Strategy};
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

/// What was started, and what kept the record from saying so.
#[derive(Debug)]
pub struct CameUp {
    /// What runs, and why.
    pub booted: Booted,
    /// Why the record couldn't be saved. What runs then is what was confirmed, if the agent decides: an image on
    /// trial waits until its boots can be counted.
    pub unsaved: Option<Fault>,
}

/// Finds out what was booted, or decides it and starts it; `at` is Unix seconds. The record says so before
/// anything relies on it; a disk that is full or can't be written to keeps nothing confirmed from starting.
///
/// # Errors
/// If what was booted can't be found out, or the record is damaged.
pub fn boot(storage: &mut OnDisk, at: u64) -> Result<CameUp, Fault> {
    let before = storage.kept_record()?.unwrap_or_default();
    let mut record = before.clone();
    let trial = record.trial.map(|trial| trial.slot);
    let origin = storage.switch().origin(trial)?;
    let decided = match origin {
        Origin::Boot(seen) => observe(&mut record, seen, at),
        Origin::Open => judge(storage, |intact| {
            decide(&mut record, Strategy::DualBank, intact, at)
        }),
    };
    let came_up = match record != before {
        true => record_it(storage, &mut record, origin, decided)?,
        false => CameUp {
            booted: decided,
            unsaved: None,
        },
    };
    let Booted { slot, reason } = came_up.booted;
    storage.protect(slot);
    if let (Origin::Open, Some(slot)) = (origin, slot) {
        start(storage, slot, reason);
    }
    Ok(came_up)
}

/// Lets a decision ask which slots can be started.
fn judge<T>(storage: &mut OnDisk, by: impl FnOnce(&dyn Fn(Slot) -> bool) -> T) -> T {
    let looked_at = RefCell::new(storage);
    by(&|slot| looked_at.borrow_mut().is_startable(slot))
}

fn record_it(
    storage: &mut OnDisk,
    record: &mut Record,
    origin: Origin,
    decided: Booted,
) -> Result<CameUp, Fault> {
    let saved = storage.save_record(record);
    let Err(error) = saved else {
        return Ok(CameUp {
            booted: decided,
            unsaved: None,
        });
    };
    let fault = storage.known::<()>(saved).err();
    let booted = match origin {
        // Another boot loader has started it already.
        Origin::Boot(_) => decided,
        Origin::Open => {
            let instead = judge(storage, |intact| unsaved(decided, record, intact, error));
            storage.known(instead)?
        }
    };
    Ok(CameUp {
        booted,
        unsaved: fault,
    })
}

/// Starts the slot that was decided on. If that fails the health checks find out, and the trial ends by them.
fn start(storage: &mut OnDisk, slot: Slot, reason: BootReason) {
    let anew = reason == BootReason::Trial;
    if let Err(fault) = storage.switch().start(slot, anew) {
        log::line(Level::Error, &fault);
    }
}
