//! When each device was last heard, kept in memory between two flushes.
//!
//! Losing it in a crash loses nothing that was promised: the store's own `last_seen` is then a few
//! moments old. It is written in batches because a fleet's polls are the server's busiest traffic.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_store::{Store, StoreError};

/// The instants not yet written. At most one a registered device, so the fleet bounds it.
#[derive(Debug, Default)]
pub struct LastSeen(Mutex<HashMap<DeviceId, Timestamp>>);

impl LastSeen {
    /// Notes that `device` was heard at `at`.
    pub fn note(&self, device: &DeviceId, at: Timestamp) {
        let mut noted = self.lock();
        match noted.get_mut(device) {
            Some(known) => *known = at,
            None => {
                noted.insert(device.clone(), at);
            }
        }
    }

    /// When `device` was last heard, if that isn't written yet.
    pub fn of(&self, device: &DeviceId) -> Option<Timestamp> {
        self.lock().get(device).copied()
    }

    /// Writes everything noted so far in one batch.
    ///
    /// # Errors
    /// If the store can't write; what was noted is then kept for the next flush.
    pub async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let taken = std::mem::take(&mut *self.lock());
        if taken.is_empty() {
            return Ok(());
        }
        let mut batch: Vec<_> = taken.into_iter().collect();
        // Names are mostly given in the order in which devices are registered: their rows lie side by side.
        batch.sort_unstable();
        let written = store.touch(&batch).await;
        if written.is_err() {
            self.put_back(batch);
        }
        written
    }

    /// Gives a batch back, unless something newer was noted meanwhile.
    fn put_back(&self, batch: Vec<(DeviceId, Timestamp)>) {
        let mut noted = self.lock();
        for (device, at) in batch {
            noted.entry(device).or_insert(at);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceId, Timestamp>> {
        // A map of instants has no state that a panic could leave half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
