//! Whether the server gets through what it has to do, and how much it takes on because of that. Read [`Load`], then [`next`].
//!
//! A queue that empties now and then does no harm; one that stands does. So what counts is the *quickest* check-in of a moment, among those that are looked
//! at, and so stand in every line that there is: for a processor, a connection to the database, its writer. If even that one took longer than is
//! comfortable, a queue stands (the observation is CoDel's, RFC 8289, section 3). Then fewer requests are at work at once, until it doesn't; and
//! slowly more again. What is answered from memory needs no line but the processor's: that one shows in how late a timer is woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Requests at work at one moment. Each holds a body of some kilobytes and waits for the one database writer; beyond this many the wait alone
/// would outlast a device's patience.
pub const PLACES_MAX: usize = 1024;

/// As few they become, where nothing helps: a disk that needs a second for each write keeps so many busy as well as more.
pub const PLACES_MIN: usize = 64;

/// A check-in that is looked at takes a millisecond or some, and this where a line stands before it. A device waits ten times as long before it gives up.
const COMFORT: Duration = Duration::from_millis(500);

/// How often it is judged: several times within what is comfortable.
pub(crate) const LOOKED_EVERY: Duration = Duration::from_millis(100);

/// So many judgements in a row at which check-ins were looked at, and none came to its end, are as long as is comfortable.
const SILENT_LOOKS_MAX: u32 = 5;

/// At a judgement that finds a queue, a quarter of the places goes, so that it is gone within some of them; at any other, so many come back, the whole within ten
/// seconds. Slowly up and quickly down is what keeps many who share something from swinging together.
const PLACES_BACK: usize = 16;

/// How it goes.
#[derive(Debug)]
pub(super) struct Load {
    places: AtomicUsize,
    /// Since the last judgement, in microseconds; the largest number if none ended.
    quickest_us: AtomicU64,
    /// Check-ins that are being looked at.
    looking: AtomicUsize,
    silent_looks: AtomicU32,
    /// What the last judgement went by, in microseconds: the quickest, and the late timer.
    last_quickest_us: AtomicU64,
    last_late_us: AtomicU64,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            places: AtomicUsize::new(PLACES_MAX),
            quickest_us: AtomicU64::new(u64::MAX),
            looking: AtomicUsize::new(0),
            silent_looks: AtomicU32::new(0),
            last_quickest_us: AtomicU64::new(0),
            last_late_us: AtomicU64::new(0),
        }
    }
}

impl Load {
    /// How many requests may be at work.
    pub fn places(&self) -> usize {
        self.places.load(Ordering::Relaxed)
    }

    /// Judges what happened since the last time. One task does, so that nothing here needs a lock. What is so only once is no queue: a machine that
    /// stood still for a moment goes on as before.
    pub fn look(&self, late: Duration) {
        let quickest_us = match self.quickest_us.swap(u64::MAX, Ordering::Relaxed) {
            u64::MAX => self.silence_us(),
            us => {
                self.silent_looks.store(0, Ordering::Relaxed);
                us
            }
        };
        let stood = |last: &AtomicU64, us: u64| last.swap(us, Ordering::Relaxed).min(us);
        let quickest_us = stood(&self.last_quickest_us, quickest_us);
        let late_us = stood(&self.last_late_us, micros(late));
        let places = self.places();
        let then = next(places, Duration::from_micros(quickest_us.max(late_us)));
        self.places.store(then, Ordering::Relaxed);
        if (places == PLACES_MAX) != (then == PLACES_MAX) {
            tell(then, quickest_us, late_us);
        }
    }

    /// What it means that no look has ended: nothing if none is under way, that they take too long if that goes on, and until then that nothing has
    /// changed.
    fn silence_us(&self) -> u64 {
        if self.looking.load(Ordering::Relaxed) == 0 {
            self.silent_looks.store(0, Ordering::Relaxed);
            return 0;
        }
        let silent = self.silent_looks.fetch_add(1, Ordering::Relaxed) + 1;
        match silent > SILENT_LOOKS_MAX {
            true => micros(LOOKED_EVERY * silent),
            false => self.last_quickest_us.load(Ordering::Relaxed),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX - 1)
}

fn tell(places: usize, quickest_us: u64, late_us: u64) {
    let (quickest_ms, late_ms) = (quickest_us / 1000, late_us / 1000);
    match places < PLACES_MAX {
        true => tracing::warn!(
            places,
            quickest_ms,
            late_ms,
            "more to do than is comfortable"
        ),
        false => tracing::info!("comfortable again"),
    }
}

/// How many requests may be at work after a judgement: so many were, and the quickest took so long.
fn next(places: usize, quickest: Duration) -> usize {
    match quickest > COMFORT {
        true => (places / 4 * 3).max(PLACES_MIN),
        false => (places + PLACES_BACK).min(PLACES_MAX),
    }
}

/// One check-in that is being looked at, of a device that is one of ours: what strangers are told at once says nothing of any line, and they must
/// neither hide one nor feign one.
#[derive(Debug)]
pub(crate) struct Looking {
    load: Arc<Load>,
    began: Instant,
}

impl Looking {
    /// Of one that came at `began`, and was found to be a device's since.
    pub(super) fn began(load: &Arc<Load>, began: Instant) -> Self {
        load.looking.fetch_add(1, Ordering::Relaxed);
        Self {
            load: load.clone(),
            began,
        }
    }

    /// It came to its end. (Of one whose device left nothing is known.)
    pub fn ended(self) {
        let us = micros(self.began.elapsed());
        self.load.quickest_us.fetch_min(us, Ordering::Relaxed);
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.load.looking.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[test]
    fn quickly_down_and_slowly_up() {
        let ms = Duration::from_millis;
        for (places, quickest, expected) in [
            (1024, ms(0), 1024),
            (1024, ms(500), 1024),
            (1024, ms(501), 768),
            (768, ms(9000), 576),
            (80, ms(501), 64),
            (64, ms(501), 64),
            (64, ms(3), 80),
            (1020, ms(3), 1024),
        ] {
            assert_eq!(next(places, quickest), expected, "{places} {quickest:?}");
        }
        let mut places = PLACES_MIN;
        let looks = (0..).take_while(|_| {
            places = next(places, Duration::ZERO);
            places < PLACES_MAX
        });
        let back = LOOKED_EVERY * u32::try_from(looks.count()).expect("few");
        assert!(back < Duration::from_secs(10), "{back:?}");
    }

    async fn look(load: &Arc<Load>, takes_ms: &[u64]) -> usize {
        let began: Vec<_> = takes_ms
            .iter()
            .map(|_| Looking::began(load, Instant::now()))
            .collect();
        let mut now_ms = 0;
        for (looking, takes_ms) in began.into_iter().zip(takes_ms) {
            advance(Duration::from_millis(takes_ms - now_ms)).await;
            now_ms = *takes_ms;
            looking.ended();
        }
        load.look(Duration::ZERO);
        load.places()
    }

    /// One that went through quickly shows that no queue stands, however long others took.
    #[tokio::test(start_paused = true)]
    async fn the_quickest_counts() {
        let load = Arc::new(Load::default());
        assert_eq!(look(&load, &[3, 4000]).await, 1024);
        assert_eq!(look(&load, &[600, 4000]).await, 1024, "once is no queue");
        assert_eq!(look(&load, &[600, 4000]).await, 768);
        assert_eq!(look(&load, &[600, 4000]).await, 576);
        assert_eq!(look(&load, &[]).await, 592);
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_comes_to_an_end_is_seen() {
        let load = Arc::new(Load::default());
        let hangs = Looking::began(&load, Instant::now());
        for _ in 0..=SILENT_LOOKS_MAX {
            load.look(Duration::ZERO);
            assert_eq!(load.places(), 1024);
        }
        load.look(Duration::ZERO);
        load.look(Duration::ZERO);
        assert_eq!(load.places(), 576);
        // It leaves, which says nothing of how long it would have taken.
        drop(hangs);
        load.look(Duration::ZERO);
        assert_eq!(load.places(), 592);
    }

    #[test]
    fn a_processor_that_is_never_free_is_seen_by_a_late_timer() {
        let load = Load::default();
        load.look(Duration::from_secs(7));
        assert_eq!(load.places(), 1024, "a machine that stood still once");
        load.look(Duration::from_millis(20));
        load.look(Duration::from_millis(700));
        assert_eq!(load.places(), 1024);
        load.look(Duration::from_millis(700));
        assert_eq!(load.places(), 768);
        load.look(Duration::from_millis(20));
        assert_eq!(load.places(), 784);
    }
}
