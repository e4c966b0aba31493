//! Forms that are being received: few at once, and fewer of one sender.
//!
//! Everything else that bears no token is answered before its body is read. A form to sign in is anybody's, and read first, and so is what a device
//! sends that wants to join: without a
//! bound, whoever began a thousand and ended none would take all the places of the [`guard`](crate::guard::guard), those of devices
//! too. Read [`Receiving`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::problem::Refused;

/// Forms that are being received at one moment: an eighth of [`PLACES_MAX`](crate::flow::PLACES_MAX).
pub const FORMS_MAX: usize = 128;
/// Those of one sender: one takes milliseconds, and behind one address are perhaps some dozen people.
pub const FORMS_OF_ONE_MAX: usize = 8;

/// Who sends how many forms at this moment.
#[derive(Debug)]
pub struct Receiving<K: Ord>(Mutex<BTreeMap<K, usize>>);

/// A place for one form, which is left when it goes.
#[derive(Debug)]
pub struct Place<'a, K: Ord> {
    receiving: &'a Receiving<K>,
    sender: K,
}

impl<K: Ord> Default for Receiving<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord + Clone> Receiving<K> {
    /// A place for a form of this sender.
    ///
    /// # Errors
    /// `server.busy` if they, or all senders together, have no place left.
    pub fn place(&self, sender: K) -> Result<Place<'_, K>, Refused> {
        let mut at_work = self.at_work();
        let of_one = at_work.get(&sender).copied().unwrap_or(0);
        if of_one >= FORMS_OF_ONE_MAX || at_work.values().sum::<usize>() >= FORMS_MAX {
            return Err(Refused::busy());
        }
        at_work.insert(sender.clone(), of_one + 1);
        drop(at_work);
        Ok(Place {
            receiving: self,
            sender,
        })
    }
}

impl<K: Ord> Receiving<K> {
    fn at_work(&self) -> MutexGuard<'_, BTreeMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord> Drop for Place<'_, K> {
    fn drop(&mut self) {
        let mut at_work = self.receiving.at_work();
        if let Some(of_one) = at_work.get_mut(&self.sender) {
            *of_one -= 1;
            if *of_one == 0 {
                at_work.remove(&self.sender);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_at_once_and_fewer_of_one_sender() {
        let receiving = Receiving::default();
        let mut places = Vec::new();
        for sender in 0..FORMS_MAX / FORMS_OF_ONE_MAX {
            for _ in 0..FORMS_OF_ONE_MAX {
                places.push(receiving.place(sender).unwrap());
            }
            assert_eq!(receiving.place(sender).unwrap_err().id(), "server.busy");
        }
        assert_eq!(receiving.place(usize::MAX).unwrap_err().id(), "server.busy");
        places.pop();
        assert!(receiving.place(usize::MAX).is_ok());
        places.clear();
        assert!(receiving.at_work().is_empty());
    }
}
