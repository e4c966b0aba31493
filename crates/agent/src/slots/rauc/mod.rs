//! RAUC: the image is one of its bundles, and it installs, tells the boot loader, and counts itself.
//!
//! It is spoken to by its own command, which speaks D-Bus to its service: see
//! `docs/decisions/0027-rauc-by-its-own-command.md`. RAUC's boot names must be `A` and `B`.
//!
//! In the spool, beside the bundle of a slot, `A.installed` or `B.installed` says that RAUC made the slot from that
//! bundle, in the words of [`Status::installation`]. Whatever came into the slot since has other words.

mod service;
mod status;

use std::path::{Path, PathBuf};

use mainstay_device::Slot;
use mainstay_device::observe::Seen;

use self::service::{Service, unusable};
use self::status::Status;
use super::{Origin, Switch};
use crate::boot_env::scheme;
use crate::command::Program;
use crate::durable;
use crate::fault::Fault;

/// The longest word on an installation: a digest, a time and a count.
const INSTALLATION_BYTES_MAX: u64 = 4096;

/// RAUC's service, and where bundles wait.
#[derive(Debug)]
pub struct Rauc {
    spool: PathBuf,
    service: Service,
}

impl Rauc {
    /// RAUC with this folder for bundles.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn open(spool: PathBuf, rauc: Program) -> Result<Self, Fault> {
        std::fs::create_dir_all(&spool).map_err(|error| Fault::io("make", &spool, &error))?;
        let service = Service { rauc };
        Ok(Self { spool, service })
    }

    /// Where a slot's bundle waits.
    #[must_use]
    pub fn bundle(spool: &Path, slot: Slot) -> PathBuf {
        spool.join(format!("{}.raucb", scheme::name(slot)))
    }

    fn marker(&self, slot: Slot) -> PathBuf {
        self.spool.join(format!("{}.installed", scheme::name(slot)))
    }

    /// Whether the slot holds what RAUC made of its bundle, whole and untouched since.
    fn is_installed(&self, slot: Slot, status: &Status) -> Result<bool, Fault> {
        let noted = durable::read(&self.marker(slot), INSTALLATION_BYTES_MAX)?;
        Ok(noted.is_some_and(|noted| noted == status.installation(slot).as_bytes()))
    }
}

impl Switch for Rauc {
    /// A slot that RAUC was writing to when the power went away is as bad to it as one whose boots are used up:
    /// only one that was whole counts as tried.
    fn origin(&self, on_trial: Option<Slot>) -> Result<Origin, Fault> {
        let status = self.service.status()?;
        let slot = status.booted().ok_or_else(|| {
            unusable("no slot of its own with boot name A or B is the one that was started")
        })?;
        let spent = match on_trial {
            Some(slot) => status.is_bad(slot) && self.is_installed(slot, &status)?,
            None => false,
        };
        Ok(Origin::Boot(Seen { slot, spent }))
    }

    fn prepare(&mut self, slot: Slot, image: &Path, _: u64) -> Result<(), Fault> {
        if self.is_installed(slot, &self.service.status()?)? {
            return Ok(());
        }
        self.service.install(image)?;
        let installation = self.service.status()?.installation(slot);
        durable::write(&self.marker(slot), installation.as_bytes())
    }

    /// RAUC knows how often by its own configuration.
    fn arm(&mut self, _: Slot, _: u8) -> Result<(), Fault> {
        self.service.mark("mark-active", "other")
    }

    fn settle(&mut self, slot: Slot) -> Result<(), Fault> {
        let which = match self.service.status()?.booted() == Some(slot) {
            true => "booted",
            false => "other",
        };
        self.service.mark("mark-active", which)?;
        self.service.mark("mark-good", which)?;
        // It lies in a slot now; a second copy would only take room.
        durable::remove(&Self::bundle(&self.spool, slot))
    }

    /// Nothing: it takes a restart of the device.
    fn start(&mut self, _: Slot, _: bool) -> Result<(), Fault> {
        Ok(())
    }

    fn erase(&mut self, slot: Slot) -> Result<(), Fault> {
        durable::remove(&self.marker(slot))
    }
}
