//! One device's. Read [`Contact`].

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
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

/// What is kept of a device that was heard of.
#[derive(Debug)]
pub(crate) struct Contact {
    device: DeviceId,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    heard: Option<Timestamp>,
    /// Whether it stands in the list of what is to be written.
    is_listed: bool,
    vital: Option<Vital>,
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
        last.heard = Some(at);
        !std::mem::replace(&mut last.is_listed, true)
    }

    /// What is to be written of it, as a store takes it. Whatever is heard from here on is to be listed again.
    pub(super) fn row(&self) -> Option<(DeviceId, Timestamp)> {
        let mut last = self.lock();
        last.is_listed = false;
        Some((self.device.clone(), last.heard?))
    }

    /// Keeps what a check-in says of its health.
    pub fn feel(&self, check_in: &CheckIn<'_>, at: Timestamp) {
        self.lock().vital = Some(Vital {
            at,
            health: check_in.health,
            boot: check_in.boot,
            slot: check_in.running.slot,
        });
    }

    pub(super) fn heard(&self) -> Option<Timestamp> {
        self.lock().heard
    }

    pub(super) fn vital(&self) -> Option<Vital> {
        self.lock().vital
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
