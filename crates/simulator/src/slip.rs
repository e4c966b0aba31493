//! Going back without a word: a device loses the image that it had confirmed, restarts, and runs what is left.
//!
//! Flash that ages, a boot loader's variable that a service tool resets: nothing of it makes a report. The device core decides
//! what to boot, as ever; here only the image is lost, and only where another one is left to run. Read
//! [`SimulatedDevice::slips_at_ms`].

use mainstay_device::{Slot, Storage as _};
use mainstay_trust::rustcrypto::RustCrypto;

use crate::behaviour::Behaviour;
use crate::simulated_device::{Circumstances, Core, SimulatedDevice};

impl SimulatedDevice {
    /// When it will lose the image that it runs, in milliseconds; none if it never does, or is trying it out.
    pub(crate) fn slips_at_ms(&self, around: &Circumstances) -> Option<u64> {
        let core = self.core_if_up().filter(|core| !core.is_on_trial())?;
        match around.behaviours.of(&core.running_image()?) {
            Behaviour::SlipsBack { after_s } => Some(self.booted_ms + after_s * 1000),
            _ => None,
        }
    }

    /// Loses the image that it runs, if it is time; it must restart then.
    pub(crate) fn slips(&mut self, now_ms: u64, around: &Circumstances) -> bool {
        let is_due = self.slips_at_ms(around).is_some_and(|at| at <= now_ms);
        let Some(core) = self.body.core_mut().filter(|_| is_due) else {
            return false;
        };
        let Some(slot) = lost_with_something_left(core) else {
            return false;
        };
        // A power cut that was planned for an installation may come in between: then it slips after the next start.
        core.storage_mut().erase_image_from(slot, 0).is_ok()
    }
}

/// The slot that runs, if the other one holds an image that has run before.
fn lost_with_something_left(core: &Core) -> Option<Slot> {
    let (slot, record) = (core.running_slot()?, core.record());
    let is_installing = record.download.is_some() || record.trial.is_some();
    let is_left = core.storage().is_intact(slot.other(), &RustCrypto);
    (!is_installing && is_left.unwrap_or(false)).then_some(slot)
}
