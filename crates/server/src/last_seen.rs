//! When each device was last heard, kept in memory between two flushes.
//!
//! Losing it in a crash loses nothing that was promised: the store's own `last_seen` is then a few
//! moments old ([`crate::jobs::write_last_seen`] says how many). It is written in batches because a fleet's polls are the server's
//! busiest traffic. Nothing else loses it: whoever waits for a flush may leave at any moment, as a browser does, and what was noted is
//! forgotten only once it is written.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_store::{Store, StoreError};

/// The instants not yet written. At most one a registered device, so the fleet bounds it.
#[derive(Debug, Default)]
pub struct LastSeen {
    noted: Mutex<HashMap<DeviceId, Timestamp>>,
    /// Held by whoever writes: others needn't write the same, and read it once it is there.
    writes: tokio::sync::Mutex<()>,
}

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
    /// If the store can't write; what was noted is then kept for the next flush, as it is if nobody waits for this one any more.
    pub async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _writes = self.writes.lock().await;
        let noted = self.lock().clone();
        if noted.is_empty() {
            return Ok(());
        }
        let mut batch: Vec<_> = noted.into_iter().collect();
        // Names are mostly given in the order in which devices are registered: their rows lie side by side.
        batch.sort_unstable();
        store.touch(&batch).await?;
        self.forget(&batch);
        Ok(())
    }

    /// Forgets what is written, unless something newer was noted meanwhile.
    fn forget(&self, batch: &[(DeviceId, Timestamp)]) {
        let mut noted = self.lock();
        for (device, at) in batch {
            if noted.get(device) == Some(at) {
                noted.remove(device);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Timestamp>> {
        // A map of instants has no state that a panic could leave half made.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
