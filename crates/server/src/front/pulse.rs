//! What one connection is doing, and since when. Read [`Pulse`].

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use mainstay_access::Origin;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::bounds::Bounds;

/// A connection that hasn't shown a whole request by then may make room for another: an honest one shows it within a round trip or two.
const UNPROVEN_MAX: Duration = Duration::from_secs(2);

/// Nothing was read yet.
const NEW: u8 = 0;
/// The head of a request is being read.
const HEAD: u8 = 1;
/// A request is being answered.
const WORK: u8 = 2;
/// The last request was answered, and the next didn't begin.
const REST: u8 = 3;

/// What a connection is doing. Its own task writes it, at a request's beginning and end; whoever makes room reads it.
#[derive(Debug)]
pub(super) struct Pulse {
    /// Whose share it counts for; nobody's, if a trusted proxy made it.
    pub from: Option<Origin>,
    born: Instant,
    phase: AtomicU8,
    /// Since when it does that, in milliseconds after its birth.
    since_ms: AtomicU64,
    /// Since when its client reads nothing of what waits for it, and one more; 0 if nothing waits.
    stalled_ms: AtomicU64,
    leaves: Notify,
    is_in_the_way: AtomicBool,
}

/// Why a connection is closed although nobody asked for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The head of a request takes too long.
    Head,
    /// It rested too long.
    Rest,
    /// Its client doesn't read.
    Stall,
}

/// Who makes room first: the smallest does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Silence {
    kind: SilenceKind,
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SilenceKind {
    /// It has shown no request, and had the time to.
    Unproven,
    /// It rests.
    Resting,
    /// It is young, and may be about to show one.
    Young,
}

impl Pulse {
    /// A connection that begins now.
    pub fn new(from: Option<Origin>) -> Self {
        Self {
            from,
            born: Instant::now(),
            phase: AtomicU8::new(NEW),
            since_ms: AtomicU64::new(0),
            stalled_ms: AtomicU64::new(0),
            leaves: Notify::new(),
            is_in_the_way: AtomicBool::new(false),
        }
    }

    /// Bytes came.
    pub fn hears(&self) {
        match self.phase.load(Ordering::Relaxed) {
            NEW => self.phase.store(HEAD, Ordering::Relaxed),
            REST => self.begins(HEAD),
            _ => {}
        }
    }

    /// A whole head was read.
    pub fn works(&self) {
        self.phase.store(WORK, Ordering::Relaxed);
    }

    /// The last of an answer was handed over.
    pub fn rests(&self) {
        self.begins(REST);
    }

    /// What waits for the client can't be sent.
    pub fn stalls(&self) {
        if self.stalled_ms.load(Ordering::Relaxed) == 0 {
            self.stalled_ms.store(self.age_ms() + 1, Ordering::Relaxed);
        }
    }

    /// The client reads.
    pub fn flows(&self) {
        if self.stalled_ms.load(Ordering::Relaxed) != 0 {
            self.stalled_ms.store(0, Ordering::Relaxed);
        }
    }

    /// Why it is to be closed now, if it is.
    pub fn overdue(&self, bounds: &Bounds) -> Option<Overdue> {
        let age_ms = self.age_ms();
        let lasts = |since_ms: u64, longest: Duration| {
            Duration::from_millis(age_ms.saturating_sub(since_ms)) >= longest
        };
        let stalled_ms = self.stalled_ms.load(Ordering::Relaxed);
        if stalled_ms != 0 && lasts(stalled_ms - 1, bounds.stall_time) {
            return Some(Overdue::Stall);
        }
        let since_ms = self.since_ms.load(Ordering::Relaxed);
        match self.phase.load(Ordering::Relaxed) {
            NEW | HEAD => lasts(since_ms, bounds.head_time).then_some(Overdue::Head),
            // As long as its answer waits for the client, it doesn't rest yet.
            REST if stalled_ms == 0 => lasts(since_ms, bounds.rest_time).then_some(Overdue::Rest),
            _ => None,
        }
    }

    /// How silent it is; not at all while a request is at work, or an answer waits for its client.
    pub fn silence(&self, now: Instant) -> Option<Silence> {
        let since = self.born + Duration::from_millis(self.since_ms.load(Ordering::Relaxed));
        let kind = match self.phase.load(Ordering::Relaxed) {
            WORK => return None,
            REST if self.stalled_ms.load(Ordering::Relaxed) != 0 => return None,
            REST => SilenceKind::Resting,
            _ if now.saturating_duration_since(since) < UNPROVEN_MAX => SilenceKind::Young,
            _ => SilenceKind::Unproven,
        };
        Some(Silence { kind, since })
    }

    /// Tells it to leave once its request is answered.
    pub fn leave(&self) {
        self.leaves.notify_one();
    }

    /// Tells it to make room: to leave at once, unless a request is at work.
    pub fn make_room(&self) {
        self.is_in_the_way.store(true, Ordering::Relaxed);
        self.leave();
    }

    /// Waits until it is told to leave.
    pub async fn told_to_leave(&self) {
        self.leaves.notified().await;
    }

    /// Whether leaving now cuts off nothing that somebody waits for. Of a head that was begun only the rest may be missing, so it is waited for
    /// unless it is in the way.
    pub fn may_go(&self) -> bool {
        let waits_for_more = self.phase.load(Ordering::Relaxed) == HEAD;
        let is_silent = self.silence(Instant::now()).is_some();
        is_silent && (!waits_for_more || self.is_in_the_way.load(Ordering::Relaxed))
    }

    fn begins(&self, phase: u8) {
        self.since_ms.store(self.age_ms(), Ordering::Relaxed);
        self.phase.store(phase, Ordering::Relaxed);
    }

    fn age_ms(&self) -> u64 {
        // 584 million years fit.
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn bounds() -> Bounds {
        Bounds {
            head_time: 10 * SECOND,
            rest_time: 100 * SECOND,
            stall_time: 50 * SECOND,
            ..Bounds::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_counts_from_its_beginning_however_it_drips() {
        let pulse = Pulse::new(None);
        for _ in 0..9 {
            advance(SECOND).await;
            pulse.hears();
            assert_eq!(pulse.overdue(&bounds()), None);
        }
        advance(SECOND).await;
        pulse.hears();
        assert_eq!(pulse.overdue(&bounds()), Some(Overdue::Head));
    }

    #[tokio::test(start_paused = true)]
    async fn work_has_no_end_here_and_rest_has_a_long_one() {
        let pulse = Pulse::new(None);
        pulse.works();
        advance(1000 * SECOND).await;
        pulse.hears();
        assert_eq!(pulse.overdue(&bounds()), None);
        pulse.rests();
        advance(99 * SECOND).await;
        assert_eq!(pulse.overdue(&bounds()), None);
        pulse.hears();
        advance(9 * SECOND).await;
        assert_eq!(
            pulse.overdue(&bounds()),
            None,
            "the next head has its own time"
        );
        pulse.works();
        pulse.rests();
        advance(100 * SECOND).await;
        assert_eq!(pulse.overdue(&bounds()), Some(Overdue::Rest));
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_overdue_in_every_phase() {
        let pulse = Pulse::new(None);
        pulse.works();
        pulse.stalls();
        advance(49 * SECOND).await;
        pulse.stalls();
        assert_eq!(pulse.overdue(&bounds()), None);
        pulse.flows();
        pulse.stalls();
        advance(50 * SECOND).await;
        assert_eq!(pulse.overdue(&bounds()), Some(Overdue::Stall));
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_doesnt_rest() {
        let pulse = Pulse::new(None);
        pulse.works();
        pulse.rests();
        for _ in 0..10 {
            pulse.stalls();
            advance(30 * SECOND).await;
            assert_eq!(pulse.overdue(&bounds()), None);
            pulse.flows();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_showed_nothing_goes_first_and_who_works_never() {
        let [loris, resting, working, unread] = [(); 4].map(|()| Pulse::new(None));
        for pulse in [&resting, &working, &unread] {
            pulse.works();
        }
        resting.rests();
        unread.rests();
        unread.stalls();
        loris.hears();
        advance(2 * SECOND).await;
        let young = Pulse::new(None);
        advance(SECOND).await;
        let now = Instant::now();
        let [loris_now, resting_now, young_now] =
            [&loris, &resting, &young].map(|pulse| pulse.silence(now).unwrap());
        assert!(loris_now < resting_now && resting_now < young_now);
        assert_eq!(working.silence(now), None);
        assert_eq!(unread.silence(now), None, "its answer is still on its way");
        assert!(!loris.may_go() && resting.may_go() && young.may_go() && !working.may_go());
        loris.make_room();
        working.make_room();
        assert!(loris.may_go() && !working.may_go());
    }
}
