//! The pulse as this server felt it last. Read [`Felt`].
//!
//! What this server's own store changes is known at once, by a count in memory; what others change, from one reading of the pulse to
//! the next ([`crate::jobs::feel_pulse`]).

use std::sync::{PoisonError, RwLock};

use mainstay_store::{Store, StoreError};

/// A time in which nothing changed that could give a device something, as far as this server felt. No two have the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Era(u64);

/// The pulse in the store, and how often it was raised through this server's store before it was read.
type Beat = (i64, u64);

/// The pulse as it was felt last.
#[derive(Debug, Default)]
pub(super) struct Felt(RwLock<Inner>);

#[derive(Debug, Default)]
struct Inner {
    beat: Option<Beat>,
    era: u64,
    is_lost: bool,
}

impl Felt {
    /// Reads the pulse; another one than before begins another era, whichever of the two is higher: a store may have been set back.
    ///
    /// # Errors
    /// If it can't be read; it is lost then.
    pub async fn feel(&self, store: &dyn Store) -> Result<(), StoreError> {
        // What is raised while the pulse is read may be in it or not: it counts as not.
        let raised_here = store.raised_here();
        match store.pulse().await {
            Ok(pulse) => {
                self.take((pulse, raised_here));
                Ok(())
            }
            Err(error) => {
                self.lose();
                Err(error)
            }
        }
    }

    fn take(&self, beat: Beat) {
        // Each change is an assignment or two, in an order that makes a half of them harmless.
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if inner.beat != Some(beat) {
            inner.era += 1;
            inner.beat = Some(beat);
        }
        inner.is_lost = false;
    }

    /// Forgets that it was felt.
    pub fn lose(&self) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.is_lost = true;
    }

    /// The present era; none while the pulse isn't felt, or was raised here since.
    pub fn era(&self, store: &dyn Store) -> Option<Era> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (_, raised_here) = inner.beat?;
        let is_felt = !inner.is_lost && raised_here == store.raised_here();
        is_felt.then_some(Era(inner.era))
    }
}
