//! Failures counted by a key, in bounded memory.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::FORGOTTEN_AFTER;

/// Keys that are counted at one moment; when more come, the one goes that was silent for the longest. Some 2 MB in all.
pub(crate) const KEYS_MAX: usize = 10_000;

/// How long to wait after how many failures.
pub(crate) struct Pace {
    pub(crate) free: u32,
    pub(crate) wait_max: SignedDuration,
}

/// What is known of one key.
#[derive(Debug, Clone)]
struct Tries {
    failures: u32,
    last: Timestamp,
    not_before: Timestamp,
    /// What `not_before` was without the last failure.
    otherwise: Timestamp,
}

/// Failures by key.
#[derive(Debug)]
pub(crate) struct Tally<K>(BTreeMap<K, Tries>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl Pace {
    /// Nothing for those that are free, then a second, two, four, up to the longest.
    fn wait(&self, failures: u32) -> SignedDuration {
        match failures.checked_sub(self.free) {
            None => SignedDuration::ZERO,
            Some(doublings) => SignedDuration::from_secs(1 << doublings.min(20)).min(self.wait_max),
        }
    }
}

impl Tries {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        now.duration_since(self.last) >= FORGOTTEN_AFTER
    }
}

impl<K: Ord + Clone> Tally<K> {
    fn tries(&self, key: &K, now: Timestamp) -> Option<&Tries> {
        self.0.get(key).filter(|tries| !tries.is_forgotten(now))
    }

    /// Until when this key has to wait, if it has to.
    pub(crate) fn not_before(&self, key: &K, now: Timestamp) -> Option<Timestamp> {
        let not_before = self.tries(key, now)?.not_before;
        (now < not_before).then_some(not_before)
    }

    /// How often it failed.
    pub(crate) fn failures(&self, key: &K, now: Timestamp) -> u32 {
        self.tries(key, now).map_or(0, |tries| tries.failures)
    }

    /// Whether anything is known of it.
    pub(crate) fn is_there(&self, key: &K, now: Timestamp) -> bool {
        self.tries(key, now).is_some()
    }

    /// Counts one failure more; with a pace, the next one has to wait.
    pub(crate) fn count(&mut self, key: K, now: Timestamp, pace: Option<&Pace>) {
        let failures = self.failures(&key, now).saturating_add(1);
        let otherwise = self.tries(&key, now).map_or(now, |tries| tries.not_before);
        let wait = pace.map_or(SignedDuration::ZERO, |pace| pace.wait(failures));
        let tries = Tries {
            failures,
            last: now,
            not_before: now + wait,
            otherwise,
        };
        self.put(key, tries, now);
    }

    /// Holds a key back that didn't fail yet.
    pub(crate) fn hold_back(&mut self, key: K, now: Timestamp, until: Timestamp) {
        let tries = Tries {
            failures: 0,
            last: now,
            not_before: until,
            otherwise: until,
        };
        self.put(key, tries, now);
    }

    /// Counts one failure less: the last was none. The wait for those before it stays.
    pub(crate) fn take_back(&mut self, key: &K) {
        if let Some(tries) = self.0.get_mut(key) {
            tries.failures = tries.failures.saturating_sub(1);
            tries.not_before = tries.otherwise;
        }
    }

    /// Forgets all of it.
    pub(crate) fn forget(&mut self, key: &K) {
        self.0.remove(key);
    }

    fn put(&mut self, key: K, tries: Tries, now: Timestamp) {
        if self.0.len() >= KEYS_MAX && !self.0.contains_key(&key) {
            self.make_room(now);
        }
        self.0.insert(key, tries);
    }

    fn make_room(&mut self, now: Timestamp) {
        self.0.retain(|_, tries| !tries.is_forgotten(now));
        if self.0.len() < KEYS_MAX {
            return;
        }
        let oldest = self.0.iter().min_by_key(|(_, tries)| tries.last);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.0.remove(&key);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
