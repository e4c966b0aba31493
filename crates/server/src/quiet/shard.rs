//! A part of the memory. Read [`Shard`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{Entry, Era, TokenHash};

/// A full part is searched for what is out of date no more often than this: each search goes through all of it.
const SEARCHED_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// Some of the devices.
#[derive(Debug)]
pub(super) struct Shard {
    entries: Mutex<Entries>,
    /// How often one of them said something new.
    news: AtomicU64,
    most: usize,
}

#[derive(Debug, Default)]
struct Entries {
    by_token: HashMap<TokenHash, Arc<Entry>>,
    searched: Option<Timestamp>,
}

impl Shard {
    pub fn of_at_most(most: usize) -> Self {
        Self {
            entries: Mutex::default(),
            news: AtomicU64::new(0),
            most,
        }
    }

    /// What is remembered of a device, and the count of news by then.
    pub fn look(&self, token: &TokenHash) -> (Option<Arc<Entry>>, u64) {
        let entries = self.lock();
        (entries.by_token.get(token).cloned(), self.news())
    }

    /// How often a device said something new.
    pub fn news(&self) -> u64 {
        self.news.load(Ordering::Acquire)
    }

    /// Notes that a device said something new, and forgets it.
    pub fn heard(&self, token: &TokenHash) {
        let mut entries = self.lock();
        self.news.fetch_add(1, Ordering::AcqRel);
        entries.by_token.remove(token);
    }

    /// Forgets a device.
    pub fn forget(&self, token: &TokenHash) {
        self.lock().by_token.remove(token);
    }

    /// Remembers a device, unless one here has said something new since there were so many news: it may be this one. Nobody is pushed
    /// out for it but who is out of date: a fleet that is too large would push out each other for ever.
    pub fn remember(&self, token: TokenHash, entry: Entry, news: u64) {
        let mut entries = self.lock();
        if self.news() != news {
            return;
        }
        let is_new = !entries.by_token.contains_key(&token);
        if is_new && entries.by_token.len() >= self.most {
            entries.search(entry.era(), entry.from());
            if entries.by_token.len() >= self.most {
                return;
            }
        }
        entries.by_token.insert(token, Arc::new(entry));
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Each change is one insertion or removal; a panic elsewhere can't leave it half made.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Drops what is out of date.
    fn search(&mut self, era: Era, now: Timestamp) {
        let since = self.searched.map(|at| now.duration_since(at).abs());
        if since.is_some_and(|since| since < SEARCHED_EVERY) {
            return;
        }
        self.searched = Some(now);
        self.by_token
            .retain(|_, entry| entry.era() == era && entry.is_good_at(now));
    }
}
