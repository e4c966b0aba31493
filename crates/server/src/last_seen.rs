//! When each device was last heard, kept in memory between two flushes.
//!
//! Losing it in a crash loses nothing that was promised: the store's own `last_seen` is then a few
//! moments old ([`crate::jobs::write_last_seen`] says how many). It is written in batches because a fleet's polls are the server's
//! busiest traffic.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::DeviceId;
use mainstay_store::{Store, StoreError};

/// The instants not yet written. At most one a registered device, so the fleet bounds it.
#[derive(Debug, Default)]
pub struct LastSeen {
    noted: Mutex<HashMap<DeviceId, Timestamp>>,
    /// Whoever flushes has all of it written when it returns, also what another one had taken by then.
    flushing: tokio::sync::Mutex<()>,
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
        let _alone = self.flushing.lock().await;
        let mut taken = Taken::from(self);
        if taken.batch.is_empty() {
            return Ok(());
        }
        // Names are mostly given in the order in which devices are registered: their rows lie side by side.
        taken.batch.sort_unstable();
        store.touch(&taken.batch).await?;
        taken.batch.clear();
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceId, Timestamp>> {
        // A map of instants has no state that a panic could leave half made.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was noted, on its way to the store. What isn't written when this is dropped is given back, unless something newer was noted
/// meanwhile.
struct Taken<'a> {
    from: &'a LastSeen,
    batch: Vec<(DeviceId, Timestamp)>,
}

impl<'a> Taken<'a> {
    fn from(from: &'a LastSeen) -> Self {
        let noted = std::mem::take(&mut *from.lock());
        Self {
            from,
            batch: noted.into_iter().collect(),
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let mut noted = self.from.lock();
        for (device, at) in self.batch.drain(..) {
            noted.entry(device).or_insert(at);
        }
    }
}
