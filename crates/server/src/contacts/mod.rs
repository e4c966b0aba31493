//! When each device was last heard of and how it was then, kept in memory between two writes.
//!
//! Losing it in a crash loses nothing that was promised: the store's own `last_seen` is then a few
//! moments old ([`crate::jobs::write_last_seen`] says how many). It is written in batches because a fleet's polls are the server's
//! busiest traffic. Nothing else loses it: whoever waits for a write may leave at any moment, as a browser does, and a device stands in the list of
//! what is to be written until it is written. Of health, nothing but a plan's warnings and a device's page rests on it: what rollouts compare is kept by
//! [`crate::readings`].
//!
//! Read [`Contact`], then [`Contacts`].

mod contact;

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_plan::{ClassId, Measuring};
use mainstay_store::{Store, StoreError};

pub(crate) use contact::Contact;
use contact::Named;
pub use contact::Vital;

/// They are kept in so many parts, so that several processors seldom wait for the same one.
const PARTS: usize = 64;

/// So many instants are written at once; between two batches, devices are answered.
const WRITTEN_AT_ONCE: usize = 1000;

/// So many are sorted in less time than it takes to hand that to a thread.
const FEW: usize = 1000;

/// Of a name, so much decides where it stands among others.
const SORTED_BY_BYTES: usize = 32;

type Part = HashSet<Named>;
type List = Vec<Arc<Contact>>;

/// Every device heard of since the start. The fleet bounds it.
#[derive(Debug)]
pub(crate) struct Contacts {
    parts: Box<[Mutex<Part>]>,
    chooses: RandomState,
    /// Those heard of since somebody began to write.
    unwritten: Mutex<List>,
    /// What is left to be written by whoever holds it: others needn't write the same, and read it once it is there.
    being_written: Arc<tokio::sync::Mutex<List>>,
}

impl Default for Contacts {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
            chooses: RandomState::new(),
            unwritten: Mutex::default(),
            being_written: Arc::default(),
        }
    }
}

impl Contacts {
    /// What is kept of this device. Whoever has it needn't look it up to note something.
    pub fn with(&self, device: &DeviceId) -> Arc<Contact> {
        let mut part = self.part(device);
        if let Some(Named(known)) = part.get(device) {
            return known.clone();
        }
        let new = Arc::new(Contact::new(device.clone()));
        part.insert(Named(new.clone()));
        new
    }

    /// Notes that a device was heard of.
    pub fn hear(&self, contact: &Arc<Contact>, at: Timestamp) {
        if contact.hear(at) {
            lock(&self.unwritten).push(contact.clone());
        }
    }

    /// When this device was last heard of, by what is kept here.
    pub fn heard(&self, device: &DeviceId) -> Option<Timestamp> {
        self.known(device)?.heard()
    }

    /// What it last said of its health; none if it wasn't heard since the start.
    pub fn vital(&self, device: &DeviceId) -> Option<Vital> {
        self.known(device)?.vital()
    }

    fn known(&self, device: &DeviceId) -> Option<Arc<Contact>> {
        let part = self.part(device);
        part.get(device).map(|Named(known)| known.clone())
    }

    /// What the devices of each class measure that were heard since the start.
    pub fn measuring(&self, devices: &[Device]) -> BTreeMap<ClassId, Measuring> {
        let mut by_class = BTreeMap::<_, Measuring>::new();
        for device in devices {
            let (Ok(class), Some(vital)) = (ClassId::new(&device.class), self.vital(&device.id))
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

    /// Writes each instant that isn't written yet.
    ///
    /// # Errors
    /// If the store can't write; what wasn't written is then kept for the next time, as it is if nobody waits for this one any more.
    pub async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut left = self.being_written.clone().lock_owned().await;
        left.append(&mut lock(&self.unwritten));
        if left.len() > FEW {
            // Many take some hundredths of a second, in which nobody would be answered.
            let sorted = tokio::task::spawn_blocking(move || {
                sort(&mut left);
                left
            });
            left = sorted
                .await
                .unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()));
        } else {
            sort(&mut left);
        }
        while !left.is_empty() {
            let begins = left.len().saturating_sub(WRITTEN_AT_ONCE);
            let rows: Vec<_> = left[begins..].iter().filter_map(|one| one.row()).collect();
            store.touch(&rows).await?;
            left.truncate(begins);
        }
        Ok(())
    }

    fn part(&self, device: &DeviceId) -> MutexGuard<'_, Part> {
        let [chosen, ..] = self.chooses.hash_one(device).to_le_bytes();
        lock(&self.parts[usize::from(chosen) % PARTS])
    }
}

/// Names are mostly given in the order in which devices are registered: in it, their rows lie side by side.
///
/// Each stands in it once afterwards: whoever was heard of again after a write that failed was listed again.
fn sort(list: &mut List) {
    list.sort_by_cached_key(|contact| {
        let mut begins = [0; SORTED_BY_BYTES];
        let name = contact.device().as_str().bytes();
        begins
            .iter_mut()
            .zip(name)
            .for_each(|(to, byte)| *to = byte);
        begins
    });
    list.dedup_by(|one, other| Arc::ptr_eq(one, other));
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is one insertion; a panic elsewhere can't leave it half made.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
