//! The pulse as this server felt it last. Read [`Felt`].
//!
//! What this server's own store changes is known at once, by a count in memory; what others change, from one reading of the pulse to
//! the next ([`crate::jobs::feel_pulse`]).

use std::sync::{PoisonError, RwLock};

use mainstay_store::{Store, StoreError};
use tokio::sync::watch;

/// A time in which nothing changed that could give a device something, as far as this server felt. No two within years have the same number,
/// and what is remembered under one lasts an hour: at ten readings a second, all numbers are used in thirteen years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Era(u32);

/// So many readings in a row may be late, a second's worth: whoever answers then may be another database than before.
pub(super) const LOST_MAX: u32 = 10;

/// The pulse in the store, and how often it was raised through this server's store before it was read.
type Beat = (i64, u64);

/// The pulse as it was felt last.
#[derive(Debug, Default)]
pub(super) struct Felt {
    inner: RwLock<Inner>,
    eras: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    beat: Option<Beat>,
    era: u32,
    /// Readings that were lost since the last one that wasn't.
    lost: u32,
}

impl Felt {
    /// Reads the pulse; another one than before begins another era, whichever of the two is higher: a store may have been set back. It
    /// may have counted on from there, too, to the very number that was felt last. So any pulse begins another era if the store couldn't
    /// be read, or wasn't for long.
    ///
    /// # Errors
    /// If it can't be read; it is forgotten then.
    pub async fn feel(&self, store: &dyn Store) -> Result<(), StoreError> {
        // What is raised while the pulse is read may be in it or not: it counts as not.
        let raised_here = store.raised_here();
        match store.pulse().await {
            Ok(pulse) => {
                self.take((pulse, raised_here));
                Ok(())
            }
            Err(error) => {
                self.forget();
                Err(error)
            }
        }
    }

    fn take(&self, beat: Beat) {
        // Each change is an assignment or two, in an order that makes a half of them harmless.
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = inner.beat != Some(beat);
        if is_new {
            inner.era = inner.era.wrapping_add(1);
            inner.beat = Some(beat);
        }
        inner.lost = 0;
        if is_new {
            self.eras.send_replace(u64::from(inner.era));
        }
    }

    /// Changes with each era.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.eras.subscribe()
    }

    fn forget(&self) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.beat = None;
    }

    /// A reading is late: until the next one nothing is felt.
    pub fn lose(&self) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.lost = inner.lost.saturating_add(1);
        if inner.lost >= LOST_MAX {
            inner.beat = None;
        }
    }

    /// The present era; none while the pulse isn't felt, or was raised here since.
    pub fn era(&self, store: &dyn Store) -> Option<Era> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let (_, raised_here) = inner.beat?;
        let is_felt = inner.lost == 0 && raised_here == store.raised_here();
        is_felt.then_some(Era(inner.era))
    }
}
