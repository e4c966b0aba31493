//! RAUC: the image is one of its bundles, and it installs, tells the boot loader, and counts itself.
//!
//! It is spoken to by its own command, which speaks D-Bus to its service: see
//! `docs/decisions/0027-rauc-by-its-own-command.md`. RAUC's boot names must be `A` and `B`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mainstay_device::Slot;
use mainstay_device::observe::Seen;
use serde::Deserialize;

use super::{Origin, Switch};
use crate::boot_env::scheme;
use crate::command::Program;
use crate::durable;
use crate::fault::Fault;

/// RAUC's service, and where bundles wait.
#[derive(Debug)]
pub struct Rauc {
    spool: PathBuf,
    rauc: Program,
}

/// What the agent reads of `rauc status --output-format=json`.
#[derive(Debug, Deserialize)]
struct Status {
    booted: String,
    #[serde(default)]
    slots: Vec<std::collections::BTreeMap<String, SlotStatus>>,
}

#[derive(Debug, Deserialize)]
struct SlotStatus {
    bootname: Option<String>,
    boot_status: Option<String>,
}

impl Rauc {
    /// RAUC with this folder for bundles.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn open(spool: PathBuf, rauc: Program) -> Result<Self, Fault> {
        std::fs::create_dir_all(&spool).map_err(|error| Fault::io("make", &spool, &error))?;
        Ok(Self { spool, rauc })
    }

    /// Where a slot's bundle waits.
    #[must_use]
    pub fn bundle(spool: &Path, slot: Slot) -> PathBuf {
        spool.join(format!("{}.raucb", scheme::name(slot)))
    }

    fn installed(&self, slot: Slot) -> PathBuf {
        self.spool.join(format!("{}.installed", scheme::name(slot)))
    }

    fn run(&self, arguments: &[&str]) -> Result<(), Fault> {
        let mut program = self.rauc.clone();
        let words = arguments.iter().map(|word| (*word).to_owned());
        program.command.extend(words);
        program.run("rauc", &[], &mut || ())
    }

    fn status(&self) -> Result<Status, Fault> {
        let output = Command::new(&self.rauc.command[0])
            .args(["status", "--output-format=json"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|error| unusable(format!("it can't be started: {error}")))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|error| unusable(format!("its status can't be read: {error}")))
    }
}

impl Switch for Rauc {
    fn origin(&self, on_trial: Option<Slot>) -> Result<Origin, Fault> {
        let status = self.status()?;
        let slot = scheme::parse(&status.booted)
            .ok_or_else(|| unusable(format!("it says that {:?} was booted", status.booted)))?;
        let spent = on_trial.is_some_and(|slot| status.is_bad(slot));
        Ok(Origin::Boot(Seen { slot, spent }))
    }

    fn prepare(&mut self, slot: Slot, image: &Path, _: u64) -> Result<(), Fault> {
        if self.installed(slot).exists() {
            return Ok(());
        }
        self.run(&["install", &image.to_string_lossy()])?;
        durable::write(&self.installed(slot), b"")
    }

    /// RAUC knows how often by its own configuration.
    fn arm(&mut self, _: Slot, _: u8) -> Result<(), Fault> {
        self.run(&["status", "mark-active", "other"])
    }

    fn settle(&mut self, slot: Slot) -> Result<(), Fault> {
        let seen = scheme::parse(&self.status()?.booted);
        let which = if seen == Some(slot) {
            "booted"
        } else {
            "other"
        };
        self.run(&["status", "mark-active", which])?;
        self.run(&["status", "mark-good", which])?;
        // It lies in a slot now; a second copy would only take room.
        durable::remove(&Self::bundle(&self.spool, slot))
    }

    /// Nothing: it takes a restart of the device.
    fn start(&mut self, _: Slot, _: bool) -> Result<(), Fault> {
        Ok(())
    }

    fn erase(&mut self, slot: Slot) -> Result<(), Fault> {
        durable::remove(&self.installed(slot))
    }
}

impl Status {
    /// Whether RAUC has given the slot up.
    fn is_bad(&self, slot: Slot) -> bool {
        let named = |status: &&SlotStatus| {
            let name = status.bootname.as_deref();
            name.and_then(scheme::parse) == Some(slot)
        };
        let mut slots = self.slots.iter().flat_map(|slots| slots.values());
        let found = slots.find(named);
        found.is_some_and(|status| status.boot_status.as_deref() == Some("bad"))
    }
}

fn unusable(what: String) -> Fault {
    Fault::new(
        "agent.rauc",
        format!("RAUC can't be used: {what}"),
        "Run `rauc status` by hand; its boot names must be A and B.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_words_are_read() {
        let status: Status = serde_json::from_str(
            r#"{"compatible":"x","variant":"","booted":"A","boot_primary":"rootfs.0","slots":[
            {"rootfs.1":{"class":"rootfs","device":"/b","type":"raw","bootname":"B","state":"inactive",
             "parent":null,"mountpoint":null,"boot_status":"bad"}},
            {"rootfs.0":{"class":"rootfs","bootname":"A","state":"booted","boot_status":"good"}}]}"#,
        )
        .expect("is what rauc 1.8 prints");
        assert_eq!(scheme::parse(&status.booted), Some(Slot::A));
        assert!(status.is_bad(Slot::B) && !status.is_bad(Slot::A));
    }
}
