//! A look at a slot, before it is started: what differs from what was accepted is told from what can't be looked at.

use std::fs;
use std::io;
use std::path::Path;

use mainstay_device::Slot;
use mainstay_keys::HostPrimitives;
use mainstay_protocol::InstallFailure;
use mainstay_trust::DigestAlgorithm;

use super::OnDisk;
use crate::fault::Fault;

/// What a look at a slot brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Its image is what the device accepted, and can be started.
    Good,
    /// It isn't, or there is none, or nothing that can be started can be made of it.
    Bad,
    /// It couldn't be looked at, or not be prepared: the disk fails, is full, or can't be written to. That says nothing
    /// against the image.
    Unknown {
        /// Why.
        fault: Fault,
        /// Whether what the slot is started from is there all the same.
        is_prepared: bool,
    },
}

impl OnDisk {
    /// Looks at a slot: whether its image is, byte for byte, what the device accepted, and can be started.
    pub fn look_at(&mut self, slot: Slot) -> Look {
        match self.check_startable(slot) {
            Ok(true) => Look::Good,
            Ok(false) => Look::Bad,
            Err(fault) if fault.obstacle == InstallFailure::ImageUnusable => {
                self.fault = Some(fault);
                Look::Bad
            }
            Err(fault) => Look::Unknown {
                fault,
                is_prepared: self.switch.is_prepared(slot),
            },
        }
    }

    fn check_startable(&mut self, slot: Slot) -> Result<bool, Fault> {
        let Some(head) = self.read_head(slot)? else {
            return Ok(false);
        };
        self.check_there()?;
        let image = &self.images[slot.number() as usize];
        if !has_bytes(image.path(), head.image_bytes)? {
            return Ok(false);
        }
        // What was accepted by SHA-384 is known again by its name.
        let found = image.measure(head.image_bytes, DigestAlgorithm::Sha256, &HostPrimitives)?;
        if !found.digest.ct_eq(&head.image_digest) {
            return Ok(false);
        }
        self.prepare(slot, head.image_bytes)?;
        Ok(true)
    }

    /// Where an image was accepted and no slot has any, their file system isn't mounted: one image may be lost, and
    /// nobody loses both but by hand. An empty folder must not make the device forget what it kept.
    fn check_there(&self) -> Result<(), Fault> {
        let [a, b] = &self.images;
        match is_nothing(a.path())? && is_nothing(b.path())? {
            false => Ok(()),
            true => Err(Fault::new(
                "agent.slots-missing",
                format!(
                    "neither {} nor {} is there, though an image was accepted",
                    a.path().display(),
                    b.path().display()
                ),
                "See that the slots' file system is mounted before the agent starts; the next update fills a slot that is lost.",
            )),
        }
    }
}

/// Whether there is nothing at this path.
fn is_nothing(path: &Path) -> Result<bool, Fault> {
    let found = path.try_exists();
    found
        .map(|exists| !exists)
        .map_err(|error| Fault::io("look at", path, &error))
}

/// Whether an image is as long as the one that was accepted. One that is shorter, or gone, is another: that can be said
/// without reading it.
fn has_bytes(image: &Path, bytes: u32) -> Result<bool, Fault> {
    match fs::metadata(image) {
        Ok(found) => Ok(found.len() >= bytes.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Fault::io("look at", image, &error)),
    }
}
