//! The start: what runs, why, and who decided that.

use std::cell::RefCell;
use std::path::Path;

use mainstay_device::boot::unsaved;
use mainstay_device::observe::{Look, observe};
use mainstay_device::{Booted, Record, Slot, Storage as _};
use mainstay_protocol::BootReason;

use crate::boot_env::Scheme;
use crate::boot_env::grub::Grub;
use crate::boot_env::uboot::UBoot;
use crate::choose;
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

/// What was started, and what kept the record from saying so.
#[derive(Debug)]
pub struct CameUp {
    /// What runs, and why.
    pub booted: Booted,
    /// Why the record couldn't be saved. What runs then is what was confirmed, if the agent decides: an image on
    /// trial waits until its boots can be counted.
    pub unsaved: Option<Fault>,
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
    let before = storage.kept_record()?.unwrap_or_default();
    let trial = before.trial.map(|trial| trial.slot);
    let origin = storage.switch().origin(trial)?;
    let came_up = match origin {
        Origin::Boot(seen) => {
            let mut record = before.clone();
            disown_unfinished(storage, &mut record, seen.slot);
            let decided = observe(&mut record, seen, look, at);
            record_it(storage, &before, record, origin, decided)?
        }
        Origin::Open => choose::slot(storage, &before, at)?,
    };
    let Booted { slot, reason } = came_up.booted;
    storage.protect(slot);
    if let (Origin::Open, Some(slot)) = (origin, slot) {
        start(storage, slot, reason);
    }
    Ok(came_up)
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

/// Lets a decision ask which slots can be started.
pub(crate) fn judge<T>(storage: &mut OnDisk, by: impl FnOnce(&dyn Fn(Slot) -> bool) -> T) -> T {
    let looked_at = RefCell::new(storage);
    by(&|slot| looked_at.borrow_mut().is_startable(slot))
}

/// Saves what changed `before` something relies on it.
pub(crate) fn record_it(
    storage: &mut OnDisk,
    before: &Record,
    mut record: Record,
    origin: Origin,
    decided: Booted,
) -> Result<CameUp, Fault> {
    let saved = match record != *before {
        true => storage.save_record(&mut record),
        false => Ok(()),
    };
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
            let instead = judge(storage, |intact| unsaved(decided, &record, intact, error));
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

#[cfg(test)]
mod tests {
    use mainstay_device::observe::Seen;
    use mainstay_device::record::Download;
    use mainstay_keys::HostPrimitives;
    use mainstay_trust::{Digest, Primitives as _};

    use super::*;
    use crate::slots::fake::FakeSwitch;

    #[test]
    fn what_was_started_while_it_was_written_to_is_not_said_to_be_the_release() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || {
            let image = |name: &str| ImageFile::at(folder.path().join(name));
            let images = [image("a.img"), image("b.img")];
            let seen = Seen {
                slot: Slot::B,
                spent: false,
            };
            let switch = Box::new(FakeSwitch {
                seen: Some(seen),
                ..FakeSwitch::default()
            });
            OnDisk::open(folder.path().into(), images, None, switch, None).expect("opens")
        };
        let mut storage = open();
        let head = mainstay_device::slot::Head {
            image_bytes: 5,
            image_digest: HostPrimitives.digest(b"image"),
            root_version: 1,
            epoch: 0,
            envelope: &b"envelope"[..],
        };
        storage.write_head(Slot::B, &head).expect("writes");
        let mut record = Record {
            confirmed: Some(Slot::A),
            download: Some(Download {
                slot: Slot::B,
                manifest: Digest([1; 32]),
                written: 3,
            }),
            ..Record::default()
        };
        storage.save_record(&mut record).expect("saves");
        for _ in 0..2 {
            let mut storage = open();
            let came_up = boot(&mut storage, Look::First, 0).expect("comes up");
            assert_eq!(came_up.booted.reason, BootReason::LastResort);
            assert_eq!(storage.head(Slot::B), Ok(None));
        }
    }

    #[test]
    fn an_agent_that_is_started_again_is_no_device_that_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = folder.path().join("run");
        assert_eq!(look(&run), Look::First);
        assert_eq!(look(&run), Look::Again);
        std::fs::write(run.join("boot"), "another start").expect("writes");
        assert_eq!(look(&run), Look::First);
        std::fs::remove_dir_all(&run).expect("memory forgets");
        assert_eq!(look(&run), Look::First);
    }
}
