//! One device's. Read [`Contact`].

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, KeptInstant};
use mainstay_protocol::{BootReason, CheckIn, Health, Measures, SelfTest};

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

/// What is kept of a device that was heard of. All of a fleet are in memory for as long as the server runs.
#[derive(Debug)]
pub(crate) struct Contact {
    device: DeviceId,
    last: Mutex<Last>,
}

/// Of its health each figure by itself: as a [`Vital`] they would take twice the room, most of it between them.
#[derive(Debug, Default)]
struct Last {
    heard: Option<KeptInstant>,
    /// When it said what follows of its health; if it did.
    felt: Option<KeptInstant>,
    uptime_s: u32,
    error_logs_per_hour: u16,
    battery_drain_permille_per_day: u16,
    missed_polls: u16,
    self_test: SelfTest,
    measures: Option<Measures>,
    boot: BootReason,
    slot: u8,
    /// Whether it stands in the list of what is to be written.
    is_listed: bool,
}

impl Last {
    fn feel(&mut self, vital: Vital) {
        let Health {
            uptime_s,
            error_logs_per_hour,
            battery_drain_permille_per_day,
            missed_polls,
            self_test,
            measures,
        } = vital.health;
        *self = Self {
            heard: self.heard,
            felt: Some(vital.at.into()),
            uptime_s,
            error_logs_per_hour,
            battery_drain_permille_per_day,
            missed_polls,
            self_test,
            measures,
            boot: vital.boot,
            slot: vital.slot,
            is_listed: self.is_listed,
        };
    }

    fn vital(&self) -> Option<Vital> {
        let health = Health {
            uptime_s: self.uptime_s,
            error_logs_per_hour: self.error_logs_per_hour,
            battery_drain_permille_per_day: self.battery_drain_permille_per_day,
            missed_polls: self.missed_polls,
            self_test: self.self_test,
            measures: self.measures,
        };
        Some(Vital {
            at: self.felt?.into(),
            health,
            boot: self.boot,
            slot: self.slot,
        })
    }
}

impl Contact {
    /// Of a device that wasn't heard of yet.
    pub fn new(device: DeviceId) -> Self {
        Self {
            device,
            last: Mutex::default(),
        }
    }

    /// The device.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// Notes that it was heard of; whether that is to be listed: it isn't yet.
    #[must_use]
    pub(super) fn hear(&self, at: Timestamp) -> bool {
        let mut last = self.lock();
        last.heard = Some(at.into());
        !std::mem::replace(&mut last.is_listed, true)
    }

    /// What is to be written of it, as a store takes it. Whatever is heard from here on is to be listed again.
    pub(super) fn row(&self) -> Option<(DeviceId, Timestamp)> {
        let mut last = self.lock();
        last.is_listed = false;
        Some((self.device.clone(), last.heard?.into()))
    }

    /// Keeps what a check-in says of its health.
    pub fn feel(&self, check_in: &CheckIn<'_>, at: Timestamp) {
        self.lock().feel(Vital {
            at,
            health: check_in.health,
            boot: check_in.boot,
            slot: check_in.running.slot,
        });
    }

    pub(super) fn heard(&self) -> Option<Timestamp> {
        self.lock().heard.map(Timestamp::from)
    }

    pub(super) fn vital(&self) -> Option<Vital> {
        self.lock().vital()
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        // Instants and measures have no state that a panic could leave half made.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A contact under its device's name.
#[derive(Debug)]
pub(super) struct Named(pub Arc<Contact>);

impl Borrow<DeviceId> for Named {
    fn borrow(&self) -> &DeviceId {
        &self.0.device
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.0.device == other.0.device
    }
}

impl Eq for Named {}

// As the name's own, which it is looked up by.
impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.device.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server has one of these for each device that it ever heard of: with its two counts and what the allocator adds, 80 bytes.
    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn a_device_takes_little_room() {
        assert!(size_of::<Last>() <= 32, "{}", size_of::<Last>());
        assert!(size_of::<Contact>() <= 56, "{}", size_of::<Contact>());
    }

    #[test]
    fn what_it_said_of_its_health_is_kept_beside_when_it_was_heard() {
        let at = |second| Timestamp::from_second(second).expect("a small number");
        let contact = Contact::new(DeviceId::new("th-1").expect("a safe name"));
        assert_eq!((contact.heard(), contact.vital()), (None, None));
        assert!(contact.hear(at(1)));
        assert_eq!(contact.vital(), None, "it has said nothing of it");
        let vital = Vital {
            at: at(2),
            health: Health {
                uptime_s: 1,
                error_logs_per_hour: 2,
                battery_drain_permille_per_day: 3,
                missed_polls: 4,
                self_test: SelfTest::Passed,
                measures: Some(Measures {
                    error_log: true,
                    battery: false,
                }),
            },
            boot: BootReason::Reverted,
            slot: 1,
        };
        contact.lock().feel(vital);
        assert_eq!(contact.vital(), Some(vital));
        assert_eq!(contact.heard(), Some(at(1)), "that is another word");
        assert!(!contact.hear(at(3)), "it is still listed");
        assert_eq!(contact.vital(), Some(vital));
    }
}
