//! A bucket for each of many, in bounded memory. Read [`Buckets`].

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::{Bucket, Rate};

/// The buckets lie in so many parts, so that two processors seldom wait for the same one.
const SHARDS: usize = 64;

/// A part that is full is searched for buckets that say nothing any more no more often than this: each search goes through all of it.
const SEARCHED_EVERY: Duration = Duration::from_secs(1);

/// What becomes of those for whom there is no bucket left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// They are free.
    Free,
    /// They share one, those of each part.
    Share,
}

/// A bucket for each key, as far as there are.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    rate: Rate,
    most_of_shard: usize,
    /// How long a full one is kept, in nanoseconds.
    kept_ns: u64,
    beyond: Beyond,
    began: Instant,
    hashes: RandomState,
    shards: Box<[Mutex<Shard<K>>]>,
}

#[derive(Debug)]
struct Shard<K> {
    own: HashMap<K, Bucket>,
    shared: Bucket,
    searched: u64,
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    /// Of `most` keys at most; a full bucket is kept for so long before it may make room for another key's.
    pub fn new(rate: Rate, most: usize, kept: Duration, beyond: Beyond) -> Self {
        let shard = |_| {
            Mutex::new(Shard {
                own: HashMap::new(),
                shared: Bucket::default(),
                searched: 0,
            })
        };
        Self {
            rate,
            most_of_shard: most.div_ceil(SHARDS),
            kept_ns: nanos(kept),
            beyond,
            began: Instant::now(),
            hashes: RandomState::new(),
            shards: (0..SHARDS).map(shard).collect(),
        }
    }

    /// How long it is until this one may once more; none if it may now.
    pub fn wait(&self, key: K) -> Option<Duration> {
        let (shard, now) = (self.shard(&key), self.now());
        let bucket = match shard.own.get(&key) {
            Some(own) => *own,
            None if self.is_full(&shard) => shard.shared,
            None => Bucket::default(),
        };
        bucket.wait(self.rate, now)
    }

    /// This one was here, and nothing is taken of what it may do; as far as there is a bucket for it.
    pub fn touch(&self, key: K) {
        let (mut shard, now) = (self.shard(&key), self.now());
        if self.has_room(&mut shard, &key, now) {
            shard.own.entry(key).or_default().touch(now);
        }
    }

    /// This one does, if it may.
    ///
    /// # Errors
    /// How long it is until it may.
    pub fn take(&self, key: K) -> Result<(), Duration> {
        let (mut shard, now) = (self.shard(&key), self.now());
        match (self.has_room(&mut shard, &key, now), self.beyond) {
            (true, _) => shard.own.entry(key).or_default().take(self.rate, now),
            (false, Beyond::Free) => Ok(()),
            (false, Beyond::Share) => shard.shared.take(self.rate, now),
        }
    }

    /// Whether this one has a bucket of its own.
    pub fn has(&self, key: K) -> bool {
        self.shard(&key).own.contains_key(&key)
    }

    /// Whether there is a bucket for this one, or room for it.
    fn has_room(&self, shard: &mut Shard<K>, key: &K, now: u64) -> bool {
        if shard.own.contains_key(key) {
            return true;
        }
        if self.is_full(shard) {
            shard.search(now, self.kept_ns);
        }
        !self.is_full(shard)
    }

    fn is_full(&self, shard: &Shard<K>) -> bool {
        shard.own.len() >= self.most_of_shard
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K>> {
        let place = self.hashes.hash_one(key) % SHARDS as u64;
        let shard = &self.shards[usize::try_from(place).unwrap_or(0)];
        // Each change is one number or one entry; a panic elsewhere can't leave it half made.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        nanos(self.began.elapsed())
    }
}

impl<K: Eq + Hash> Shard<K> {
    /// Drops the buckets that have been full for so long.
    fn search(&mut self, now: u64, kept_ns: u64) {
        if self.searched > 0 && now.saturating_sub(self.searched) < nanos(SEARCHED_EVERY) {
            return;
        }
        self.searched = now.max(1);
        // One that gets full at this very moment says nothing more, either.
        let before = (now + 1).saturating_sub(kept_ns);
        self.own.retain(|_, bucket| !bucket.was_full_before(before));
    }
}

fn nanos(time: Duration) -> u64 {
    // Five hundred years.
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn buckets(most: usize, kept: Duration, beyond: Beyond) -> Buckets<u32> {
        Buckets::new(Rate::per_second(1), most, kept, beyond)
    }

    fn kept(buckets: &Buckets<u32>) -> usize {
        let shards = buckets.shards.iter();
        shards.map(|shard| shard.lock().unwrap().own.len()).sum()
    }

    #[tokio::test(start_paused = true)]
    async fn each_has_its_own() {
        let buckets = buckets(64_000, SECOND, Beyond::Share);
        for _ in 0..20 {
            assert_eq!(buckets.take(7), Ok(()));
        }
        assert_eq!(buckets.take(7), Err(SECOND));
        assert_eq!(buckets.wait(7), Some(SECOND));
        assert_eq!((buckets.wait(8), buckets.take(8)), (None, Ok(())));
        assert!(buckets.has(7) && !buckets.has(9));
        advance(SECOND).await;
        assert_eq!(buckets.take(7), Ok(()));
    }

    /// Whoever draws a new name each time takes no more memory than those who were there before, and is held to what one may do.
    #[tokio::test(start_paused = true)]
    async fn many_names_take_no_more_memory_than_they_may() {
        let buckets = buckets(640, Duration::ZERO, Beyond::Share);
        let taken = (0..100_000).filter(|name| buckets.take(*name).is_ok());
        // Each part has ten of their own, and what one bucket has for all others.
        let taken = taken.count();
        assert!((640..=64 * (10 + 20)).contains(&taken), "{taken}");
        assert!(kept(&buckets) <= 640, "{}", kept(&buckets));
        advance(30 * SECOND).await;
        assert_eq!(buckets.take(1_000_000), Ok(()));
        let full = kept(&buckets);
        assert!(full < 640, "what says nothing makes room: {full}");
    }

    #[tokio::test(start_paused = true)]
    async fn whom_there_is_no_bucket_for_may_be_free() {
        let buckets = buckets(64, 60 * SECOND, Beyond::Free);
        assert!((0..10_000).all(|name| buckets.take(name).is_ok()));
        assert!(kept(&buckets) <= 64);
        advance(30 * SECOND).await;
        assert!((0..10_000).all(|name| buckets.take(name).is_ok()));
        assert!(kept(&buckets) <= 64);
    }
}
