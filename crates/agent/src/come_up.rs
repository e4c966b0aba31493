//! The start: what runs, why, and who decided that.

use std::path::Path;

use mainstay_device::observe::{Look, observe};
use mainstay_device::{Booted, Record, Slot};
use mainstay_protocol::BootReason;

use crate::boot_env::Scheme;
use crate::boot_env::grub::Grub;
use crate::boot_env::uboot::UBoot;
use crate::config::{self, Environment, Settings};
use crate::decision::{Choice, choose, save_changed};
use crate::fault::Fault;
use crate::image_file::ImageFile;
use crate::lock::{self, Lock};
use crate::log::{self, Level};
use crate::on_disk::OnDisk;
use crate::slots::boot_loader::BootLoader;
use crate::slots::directory::Directory;
use crate::slots::rauc::Rauc;
use crate::slots::{Origin, Switch};

/// Opens what the device keeps, for whoever has locked it: what was left half done is removed.
///
/// # Errors
/// If a folder or device that the configuration names can't be used.
pub fn open_alone(settings: &Settings, _: &Lock) -> Result<OnDisk, Fault> {
    let mut storage = open(settings)?;
    storage.switch().tidy();
    Ok(storage)
}

/// Opens what the device keeps, and whoever starts its slots, to look at: an agent may be at work there.
///
/// # Errors
/// If a folder or device that the configuration names can't be used.
pub fn open(settings: &Settings) -> Result<OnDisk, Fault> {
    lock::make_state(&settings.state)?;
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
            let (environment, scheme) = environment_of(environment)?;
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

fn environment_of(
    environment: Environment,
) -> Result<(Box<dyn crate::boot_env::Environment>, Scheme), Fault> {
    Ok(match environment {
        Environment::UBoot(areas, scheme) => {
            let environment = UBoot::new(areas);
            environment.check_places()?;
            (Box::new(environment), scheme)
        }
        Environment::Grub(file) => (Box::new(Grub::at(file)), Scheme::Order),
    })
}

/// What was started, and what stood in the way.
#[derive(Debug)]
pub struct CameUp {
    /// What runs, and why.
    pub booted: Booted,
    /// Why the record couldn't be saved, or a slot not be looked at: it is to be decided anew. What runs then is what
    /// was confirmed, if the agent decides: an image on trial waits until its boots can be counted.
    pub unsaved: Option<Fault>,
    /// Why what is said to run may not: it couldn't be started.
    pub unstarted: Option<Fault>,
}

/// Whose start this is: the device's, or only the agent's. What the agent notes in `run` is gone when the device starts,
/// or names another start of its kernel. Where nothing can be noted, each start counts as the device's.
pub fn look(run: &Path) -> Look {
    let note = run.join("boot");
    let this = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    if std::fs::read_to_string(&note).is_ok_and(|noted| noted == this) {
        return Look::Again;
    }
    let noted = std::fs::create_dir_all(run).and_then(|()| std::fs::write(&note, this));
    if let Err(error) = noted {
        log::line(Level::Warning, Fault::io("write", &note, &error));
    }
    Look::First
}

/// Finds out what was booted, or decides it and starts it; `at` is Unix seconds. The record says so before
/// anything relies on it; a disk that is full or can't be written to keeps nothing confirmed from starting.
///
/// # Errors
/// If what was booted can't be found out, or the record is damaged.
pub fn boot(storage: &mut OnDisk, look: Look, at: u64) -> Result<CameUp, Fault> {
    storage.go_by(None);
    let before = storage.kept_record()?.unwrap_or_default();
    let trial = before.trial.map(|trial| trial.slot);
    match storage.switch().origin(trial)? {
        Origin::Boot(seen) => {
            let mut record = before.clone();
            disown_unfinished(storage, &mut record, seen.slot);
            let booted = observe(&mut record, seen, look, at);
            let saved = save_changed(storage, &before, &mut record);
            storage.protect(booted.slot, None);
            Ok(CameUp {
                booted,
                unsaved: saved.err().map(|(fault, _)| fault),
                unstarted: None,
            })
        }
        Origin::Open => decide_and_start(storage, &before, at),
    }
}

/// What runs from a slot that was being written to isn't what was accepted for it, and nobody is told that it is: a boot
/// loader started it that had nothing better.
fn disown_unfinished(storage: &mut OnDisk, record: &mut Record, slot: Slot) {
    let is_unfinished = record
        .download
        .is_some_and(|download| download.slot == slot);
    if is_unfinished && storage.disown(slot) {
        record.download = None;
    }
}

fn decide_and_start(storage: &mut OnDisk, before: &Record, at: u64) -> Result<CameUp, Fault> {
    let Choice {
        booted,
        unsaved,
        kept,
    } = choose(storage, before, at)?;
    let (booted, unstarted) = start(storage, before.confirmed, booted);
    storage.protect(booted.slot, kept);
    Ok(CameUp {
        booted,
        unsaved,
        unstarted,
    })
}

/// Starts the slot that was decided on. An image on trial that the disk kept from being started had no chance: the
/// `confirmed` one runs on, and it has its other boots. Whatever else can't be started may be what runs, in part.
fn start(storage: &mut OnDisk, confirmed: Option<Slot>, booted: Booted) -> (Booted, Option<Fault>) {
    let Some(slot) = booted.slot else {
        return (booted, None);
    };
    let anew = booted.reason == BootReason::Trial;
    let Err(fault) = storage.switch().start(slot, anew) else {
        return (booted, None);
    };
    let back = confirmed
        .filter(|slot| anew && fault.is_the_storages() && storage.switch().is_prepared(*slot));
    let Some(back) = back else {
        return (booted, Some(fault));
    };
    if let Err(fault) = storage.switch().start(back, false) {
        log::line(Level::Error, &fault);
    }
    let instead = Booted {
        slot: Some(back),
        reason: BootReason::LastResort,
    };
    (instead, Some(fault))
}

#[cfg(test)]
mod tests;
