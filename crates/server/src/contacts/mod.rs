//! When each device was last heard of and how it was then, kept in memory between two writes.
//!
//! Losing it in a crash loses nothing that was promised: the store's own `last_seen` is then a few
//! moments old ([`crate::jobs::write_last_seen`] says how many). It is written in batches because a fleet's polls are the server's
//! busiest traffic. Nothing else loses it: a device stands in the list of what is to be written until it is written, also if whoever waits for that
//! gives up. Neither who looks nor a step waits for it ([`Contacts::freshen`]); the end of the server does. Of health, nothing but a plan's warnings and a
//! device's page rests on it: what rollouts compare is kept by [`crate::readings`].
//!
//! Read [`Contact`], then [`Contacts`].

mod contact;
mod fresh;
mod order;
mod pace;

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId};
use mainstay_plan::{ClassId, Measuring};
use mainstay_store::{Store, StoreError};
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use crate::apart;

pub(crate) use contact::Contact;
use contact::Named;
pub use contact::Vital;
use order::sort;
use pace::{BATCH_MIN, Pace};

/// They are kept in so many parts, so that several processors seldom wait for the same one.
const PARTS: usize = 64;

/// So many instants are written at once; between two batches, devices are answered.
const WRITTEN_AT_ONCE: usize = 1000;

/// So many are sorted in less time than it takes to hand that to a thread.
const FEW: usize = 1000;

type Part = HashSet<Named>;
type List = Vec<Arc<Contact>>;

/// Every device heard of since the start. The fleet bounds it.
#[derive(Debug)]
pub(crate) struct Contacts {
    parts: Box<[Mutex<Part>]>,
    chooses: RandomState,
    /// Those heard of since somebody began to write.
    unwritten: Mutex<List>,
    /// What is left to be written by whoever holds it: others needn't write the same.
    being_written: Arc<tokio::sync::Mutex<List>>,
    /// So many wait until all is written.
    waiting: AtomicUsize,
}

impl Default for Contacts {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
            chooses: RandomState::new(),
            unwritten: Mutex::default(),
            being_written: Arc::default(),
            waiting: AtomicUsize::new(0),
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

    /// Counts what a device measures among those of its class, if it was heard since the start.
    pub fn count_measuring(&self, device: &Device, by_class: &mut BTreeMap<ClassId, Measuring>) {
        let (Ok(class), Some(vital)) = (ClassId::new(&device.class), self.vital(&device.id)) else {
            return;
        };
        let measuring = by_class.entry(class).or_default();
        measuring.heard += 1;
        measuring.error_log += u32::from(vital.health.error_log().is_some());
        measuring.battery += u32::from(vital.health.battery_drain().is_some());
    }

    /// Writes each instant that isn't written yet, as fast as the store does.
    ///
    /// # Errors
    /// If the store can't write; what wasn't written is then kept for the next time, as it is if nobody waits for this one any more.
    pub async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _waits = Waits::new(&self.waiting);
        self.write_gently(store).await
    }

    /// The same, a little at a time as long as nobody waits for it.
    ///
    /// # Errors
    /// As [`Contacts::write`].
    pub async fn write_gently(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut left = self.sorted().await?;
        let mut pace = Pace::new(Instant::now());
        while !left.is_empty() {
            let hurries = self.waiting.load(Ordering::Relaxed) > 0;
            let most = if hurries {
                WRITTEN_AT_ONCE
            } else {
                pace.batch(left.len(), Instant::now())
            };
            let begins = left.len().saturating_sub(most);
            let rows: Vec<_> = left[begins..].iter().filter_map(|one| one.row()).collect();
            store.touch(&rows).await?;
            left.truncate(begins);
            if !hurries && !left.is_empty() {
                pace.breathe().await;
            }
        }
        Ok(())
    }

    /// Writes a few of them, unless somebody writes just now: so it shows whether this server's store takes what it writes.
    ///
    /// # Errors
    /// As [`Contacts::write`].
    pub async fn write_a_few(&self, store: &dyn Store) -> Result<(), StoreError> {
        let Ok(mut left) = self.being_written.try_lock() else {
            return Ok(());
        };
        left.append(&mut lock(&self.unwritten));
        let begins = left.len().saturating_sub(BATCH_MIN);
        let rows: Vec<_> = left[begins..].iter().filter_map(|one| one.row()).collect();
        if !rows.is_empty() {
            store.touch(&rows).await?;
        }
        left.truncate(begins);
        Ok(())
    }

    /// All that is to be written, in an order that suits the store; nobody else writes as long as it is held.
    async fn sorted(&self) -> Result<OwnedMutexGuard<List>, StoreError> {
        let mut left = self.being_written.clone().lock_owned().await;
        left.append(&mut lock(&self.unwritten));
        if left.len() <= FEW {
            sort(&mut left);
            return Ok(left);
        }
        // Many take some hundredths of a second, in which nobody would be answered.
        let sorted = apart::worked_out(move || {
            sort(&mut left);
            left
        });
        sorted.await
    }

    fn part(&self, device: &DeviceId) -> MutexGuard<'_, Part> {
        let [chosen, ..] = self.chooses.hash_one(device).to_le_bytes();
        lock(&self.parts[usize::from(chosen) % PARTS])
    }
}

/// Somebody who waits, as long as it isn't dropped.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is one insertion; a panic elsewhere can't leave it half made.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
