//! The quiet memory: which devices had nothing to do, and what they were answered.
//!
//! A device that asks again, and says what it said before, is answered from here: without the database, and without a key. What is
//! remembered may only ever be "nothing to do". Every promise is made where it always was ([`crate::offers`]), and losing all of this
//! costs each device one look.
//!
//! An answer is given again only as long as all of this holds:
//!
//! | what | kept by |
//! |---|---|
//! | nothing that people or steps decide has changed anywhere since before the device was looked at | [`felt`]: the store's pulse |
//! | the device has said nothing new, to this server, on whatever path | [`Speaking`] |
//! | it asks in the same words: same token, same release and papers, same client | [`asked`] |
//! | its turn hasn't come near, and it was looked at within [`LOOKED_AT_EVERY`] | [`entry`] |
//!
//! Read [`Quiet`], then [`Look`].

mod asked;
mod entry;
mod felt;
mod shard;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mainstay_store::{Store, StoreError};
use tokio::sync::watch;

pub(crate) use asked::Asked;
pub(crate) use entry::{Answer, Entry};
use felt::{Era, Felt};
use shard::Shard;

use crate::App;
use crate::contacts::Contact;

/// What a store keeps of a device's token.
pub(crate) type TokenHash = [u8; 32];

/// A device is looked at at least so often. What it says to another server isn't known here, but for what it says to this one as well;
/// that may hold something back from it for so long. At a poll of five minutes, eleven of twelve polls still need no look.
pub(crate) const LOOKED_AT_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// So many devices are remembered: by count some 60 MB of our own protocol's, some 320 MB of hawkBit's. Those beyond are looked at each time they
/// ask.
const ENTRIES_MAX: usize = 500_000;

/// The memory has so many parts, so that several processors seldom wait for the same one.
const SHARDS: usize = 64;

/// Which devices had nothing to do.
#[derive(Debug)]
pub(crate) struct Quiet {
    felt: Felt,
    shards: Box<[Shard]>,
}

impl Default for Quiet {
    fn default() -> Self {
        Self::of_at_most(ENTRIES_MAX)
    }
}

impl Quiet {
    fn of_at_most(entries: usize) -> Self {
        let each = entries.div_ceil(SHARDS);
        Self {
            felt: Felt::default(),
            shards: (0..SHARDS).map(|_| Shard::of_at_most(each)).collect(),
        }
    }

    /// Reads the pulse. Until that is done for the first time, and from a failure to the next success, nothing is said from memory.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn feel(&self, store: &dyn Store) -> Result<(), StoreError> {
        self.felt.feel(store).await
    }

    /// Changes each time that something was felt which could give a device something.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.felt.changed()
    }

    /// Says nothing from memory until the pulse is felt again.
    pub fn fall_silent(&self) {
        self.felt.lose();
    }

    /// What is remembered of the device with this token. To be called before anything of it is read from the store.
    pub fn look(&self, store: &dyn Store, token: TokenHash) -> Look<'_> {
        let shard = self.shard(&token);
        let (remembered, news) = shard.look(&token);
        Look {
            era: self.felt.era(store),
            quiet: self,
            token,
            remembered,
            news,
        }
    }

    /// Notes that the device with this token has said something new.
    fn heard(&self, token: &TokenHash) {
        self.shard(token).heard(token);
    }

    fn shard(&self, token: &TokenHash) -> &Shard {
        // The hash of 256 random bits spreads by itself.
        &self.shards[usize::from(token[0]) % SHARDS]
    }
}

/// What is remembered of a device that asks, and when it was looked up.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    quiet: &'a Quiet,
    token: TokenHash,
    era: Option<Era>,
    remembered: Option<Arc<Entry>>,
    news: u64,
}

impl Look<'_> {
    /// Whether the token is a device's, as far as is remembered: nobody has taken it away since.
    pub fn is_known(&self, store: &dyn Store) -> bool {
        self.valid(store).is_some()
    }

    /// What is remembered, if it is to be said again to a device that asks like this now.
    pub fn again(&self, store: &dyn Store, asked: &Asked<'_>, now: Timestamp) -> Option<&Entry> {
        let entry = self.valid(store)?;
        (entry.is_good_at(now) && entry.is_asked(asked)).then_some(entry)
    }

    fn valid(&self, store: &dyn Store) -> Option<&Entry> {
        let entry = self.remembered.as_deref()?;
        let era = self.quiet.felt.era(store);
        let is_same = era == Some(entry.era()) && self.has_no_news();
        is_same.then_some(entry)
    }

    fn has_no_news(&self) -> bool {
        self.quiet.shard(&self.token).news(&self.token) == self.news
    }

    /// Remembers that this device has nothing to do, as it was found since this look.
    pub fn remember(self, contact: Arc<Contact>, found: Found<'_>) {
        let Some(era) = self.era else {
            return;
        };
        let Some(entry) = Entry::new(self.token, era, contact, found) else {
            return;
        };
        let shard = self.quiet.shard(&self.token);
        shard.remember(entry, self.news);
    }

    /// Forgets the device: it is looked at anew, and may have something to do.
    pub fn forget(&self) {
        if self.remembered.is_some() {
            self.quiet.shard(&self.token).forget(&self.token);
        }
    }
}

/// What a device was answered that has nothing to do.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    /// How it asked.
    pub asked: &'a Asked<'a>,
    /// What it was answered.
    pub answer: Answer,
    /// When.
    pub at: Timestamp,
    /// When its turn comes, as far as that is known.
    pub turn: Option<Timestamp>,
    /// How long after an answer it asks again.
    pub poll: SignedDuration,
}

/// That a device is saying something new: nothing is remembered of it from before this was made until after it is dropped, when what
/// it said is durable.
pub(crate) struct Speaking {
    app: Arc<App>,
    token: TokenHash,
}

impl Speaking {
    /// Of the device with this token.
    pub fn of(app: &Arc<App>, token: TokenHash) -> Self {
        app.quiet.heard(&token);
        Self {
            app: app.clone(),
            token,
        }
    }
}

impl std::fmt::Debug for Speaking {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Speaking")
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        self.app.quiet.heard(&self.token);
    }
}

#[cfg(test)]
mod tests;
