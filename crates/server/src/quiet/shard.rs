//! A part of the memory. Read [`Shard`].

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::entry::Common;
use super::{Entry, Era, TokenHash};

/// A full part is searched for what is out of date no more often than this: each search goes through all of it.
const SEARCHED_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// So many groups a part has; with [`SHARDS`](super::SHARDS) parts, 16,384 in all, of 128 KiB. A thousand reports a second are then one in eight seconds for each: few looks are under way at
/// that moment.
const GROUPS: usize = 256;

/// Some of the devices.
#[derive(Debug)]
pub(super) struct Shard {
    entries: Mutex<Entries>,
    /// How often they said something new. They are counted in groups, so that whoever speaks hinders few others from being remembered.
    news: [AtomicU64; GROUPS],
    most: usize,
}

#[derive(Debug, Default)]
struct Entries {
    by_token: HashSet<Known, BuildHasherDefault<Spread>>,
    common: Common,
    searched: Option<Timestamp>,
}

/// An entry under its device's token. It is handed out as it is, so that nobody holds the part while it is looked at.
#[derive(Debug)]
struct Known(Arc<Entry>);

impl Borrow<TokenHash> for Known {
    fn borrow(&self) -> &TokenHash {
        self.0.token()
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.0.token() == other.0.token()
    }
}

impl Eq for Known {}

// As the token's own, which it is looked up by.
impl Hash for Known {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.token().hash(state);
    }
}

/// What is hashed spreads by itself already: it is the hash of a token, of those that devices were given alone.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        // The first two bytes have chosen the part and the group.
        if let Some(some) = bytes.get(8..).and_then(<[u8]>::first_chunk) {
            self.0 = u64::from_le_bytes(*some);
        }
    }

    /// How long it is, which is always the same.
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Shard {
    pub fn of_at_most(most: usize) -> Self {
        Self {
            entries: Mutex::default(),
            news: [const { AtomicU64::new(0) }; GROUPS],
            most,
        }
    }

    /// What is remembered of a device, and the count of news by then.
    pub fn look(&self, token: &TokenHash) -> (Option<Arc<Entry>>, u64) {
        let entries = self.lock();
        let remembered = entries.by_token.get(token);
        let remembered = remembered.map(|Known(entry)| entry.clone());
        (remembered, self.news(token))
    }

    /// How often this device, or one of its group, said something new.
    pub fn news(&self, token: &TokenHash) -> u64 {
        self.group(token).load(Ordering::Acquire)
    }

    fn group(&self, token: &TokenHash) -> &AtomicU64 {
        // The first byte chose the part; 256 groups, one for each value of the second.
        &self.news[usize::from(token[1])]
    }

    /// Notes that a device said something new, and forgets it.
    pub fn heard(&self, token: &TokenHash) {
        let mut entries = self.lock();
        self.group(token).fetch_add(1, Ordering::AcqRel);
        entries.by_token.remove(token);
    }

    /// Forgets a device.
    pub fn forget(&self, token: &TokenHash) {
        self.lock().by_token.remove(token);
    }

    /// Remembers a device, unless one of its group has said something new since there were so many news: it may be this one. Nobody is pushed
    /// out for it but who is out of date: a fleet that is too large would push out each other for ever.
    pub fn remember(&self, mut entry: Entry, news: u64) {
        let mut entries = self.lock();
        if self.news(entry.token()) != news {
            return;
        }
        let is_new = !entries.by_token.contains(entry.token());
        if is_new && entries.by_token.len() >= self.most {
            entries.search(entry.era(), entry.from());
            if entries.by_token.len() >= self.most {
                return;
            }
        }
        entry.share(&mut entries.common);
        entries.by_token.replace(Known(Arc::new(entry)));
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
            .retain(|Known(entry)| entry.era() == era && entry.is_good_at(now));
    }
}
