//! What each device last said of its health, kept in memory for its page.
//!
//! Nothing but a plan's warnings rests on it, so nothing is lost with it: what rollouts compare is kept by `readings.rs`. Read
//! [`Vitals`].

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_plan::{ClassId, Measuring};
use mainstay_protocol::{BootReason, CheckIn, Health};

/// What a device said at its last check-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vital {
    /// When.
    pub at: Timestamp,
    /// How it is.
    pub health: Health,
    /// Why it last booted.
    pub boot: BootReason,
    /// The slot that it runs from: 0 or 1.
    pub slot: u8,
}

/// The last words of every device heard since the start. The fleet bounds it.
#[derive(Debug, Default)]
pub struct Vitals(Mutex<HashMap<DeviceId, Vital>>);

impl Vitals {
    /// Keeps what a check-in says.
    pub(crate) fn note(&self, device: &DeviceId, check_in: &CheckIn<'_>, at: Timestamp) {
        let (health, boot) = (check_in.health, check_in.boot);
        let vital = Vital {
            at,
            health,
            boot,
            slot: check_in.running.slot,
        };
        let mut vitals = self.lock();
        match vitals.get_mut(device) {
            Some(known) => *known = vital,
            None => {
                vitals.insert(device.clone(), vital);
            }
        }
    }

    /// What a device last said; none if it wasn't heard since the start.
    pub(crate) fn of(&self, device: &DeviceId) -> Option<Vital> {
        self.lock().get(device).copied()
    }

    /// What the devices of each class measure that were heard since the start.
    pub(crate) fn measuring(&self, devices: &[Device]) -> BTreeMap<ClassId, Measuring> {
        let vitals = self.lock();
        let mut by_class = BTreeMap::<_, Measuring>::new();
        for device in devices {
            let (Ok(class), Some(vital)) = (ClassId::new(&device.class), vitals.get(&device.id))
            else {
                continue;
            };
            let measuring = by_class.entry(class).or_default();
            measuring.heard += 1;
            measuring.error_log += u32::from(vital.health.error_log().is_some());
            measuring.battery += u32::from(vital.health.battery_drain().is_some());
        }
        by_class
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Vital>> {
        // Each change is one insertion; a panic elsewhere can't leave it half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
