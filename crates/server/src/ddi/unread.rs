//! Attributes that couldn't be read, kept in memory for people.
//!
//! SWUpdate writes quotes in an attribute as they are, which isn't JSON, and it installs nothing until its attributes are taken. It sends the same at each
//! poll, so what is forgotten here is known again a moment later. Read [`Unread`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_rollout::order::log::harmless;

/// So many bytes of what was sent are shown: enough to find it in a client's configuration.
const SHOWN_BYTES_MAX: usize = 64;

/// What a device sent that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Garbled {
    /// When it last did.
    at: Timestamp,
    /// What is wrong with it.
    because: String,
    /// Its beginning, harmless to look at.
    begins: String,
}

impl Garbled {
    /// What was sent at this time.
    pub fn new(at: Timestamp, because: &str, bytes: &[u8]) -> Self {
        Self {
            at,
            because: harmless(because, SHOWN_BYTES_MAX),
            begins: harmless(&String::from_utf8_lossy(bytes), SHOWN_BYTES_MAX),
        }
    }
}

/// As a sentence.
impl fmt::Display for Garbled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            because,
            begins,
        } = self;
        write!(
            f,
            "Its attributes can't be read ({because}; last sent {at:.0}); they begin with {begins}. SWUpdate installs nothing as long as that is so"
        )
    }
}

/// The devices whose newest attributes couldn't be read. The fleet bounds it.
#[derive(Debug, Default)]
pub(crate) struct Unread(Mutex<BTreeMap<DeviceId, Garbled>>);

impl Unread {
    /// Notes what can't be read.
    pub fn note(&self, device: &DeviceId, garbled: Garbled) {
        self.lock().insert(device.clone(), garbled);
    }

    /// Forgets it: what came since could be read.
    pub fn forget(&self, device: &DeviceId) {
        self.lock().remove(device);
    }

    /// What can't be read of this device.
    pub fn of(&self, device: &DeviceId) -> Option<Garbled> {
        self.lock().get(device).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Garbled>> {
        // Each change is one insertion or removal; a panic elsewhere can't leave it half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
