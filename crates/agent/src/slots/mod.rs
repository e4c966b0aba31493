//! Who starts a slot, and how it is told. Read [`Switch`].
//!
//! Where the images lie is none of its business: that is `image_file.rs`, the same for all kinds.

pub mod boot_loader;
pub mod directory;
pub mod fake;
pub mod rauc;

use std::path::Path;

use mainstay_device::Slot;
use mainstay_device::observe::Seen;

use crate::fault::Fault;

/// Who decided what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Another boot loader did; this is what it left to be seen.
    Boot(Seen),
    /// Nobody yet: the agent decides, by the table of `mainstay_device::boot`.
    Open,
}

/// Who starts a slot.
pub trait Switch {
    /// Who decided what runs. `on_trial` is the slot that was to be tried.
    ///
    /// # Errors
    /// If that can't be found out.
    fn origin(&self, on_trial: Option<Slot>) -> Result<Origin, Fault>;

    /// Makes an image, whole and verified, startable: the first `length` bytes at `image`. Doing it again
    /// changes nothing.
    ///
    /// # Errors
    /// If it can't be.
    fn prepare(&mut self, slot: Slot, image: &Path, length: u64) -> Result<(), Fault>;

    /// Whether what the slot is started from is there: an image starts as it lies, if nothing need be made of it.
    fn is_prepared(&self, _: Slot) -> bool {
        true
    }

    /// Removes what was left half done. Only for whoever has locked the device: another agent may be doing it.
    fn tidy(&mut self) {}

    /// Has the slot tried at the next start, so many times at most. It is prepared.
    ///
    /// # Errors
    /// If the boot loader can't be told.
    fn arm(&mut self, slot: Slot, boots: u8) -> Result<(), Fault>;

    /// Has the slot started from now on.
    ///
    /// # Errors
    /// If the boot loader can't be told.
    fn settle(&mut self, slot: Slot) -> Result<(), Fault>;

    /// Starts the slot at once, where [`Origin::Open`] lets the agent decide; `anew` if it is to be started even if
    /// it runs already.
    ///
    /// # Errors
    /// If it can't be started.
    fn start(&mut self, slot: Slot, anew: bool) -> Result<(), Fault>;

    /// Forgets what was made of the slot's image, and has nobody start it: it is about to be written to.
    ///
    /// # Errors
    /// If the file system fails.
    fn erase(&mut self, slot: Slot) -> Result<(), Fault>;
}
