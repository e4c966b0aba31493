//! That of all servers on one store one does a job: taken, renewed while this server is at work, given back. Read [`JobLease`].
//!
//! Who dies or hangs renews nothing, and another server takes the job over when the lease has run out by the database's clock. Who fails
//! at the work gives the job back, and goes on trying without it until it succeeds. Nothing
//! that a job writes rests on this ([`mainstay_store::leases`]): a turn that has begun is never cut off because its lease ran out, since a
//! halt that comes twice is saved once, and one that doesn't come is missed. And whoever can't ask does the job: only who was told that
//! another server has it leaves it to that one.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use mainstay_store::{Bid, Store};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, timeout};

use crate::clock::Clock;
use crate::data_dir::Lock;

/// The job that [`super::advance_rollouts`] is.
pub(crate) const ROLLOUTS: &str = "rollouts";

/// The job that [`super::tell_webhooks`] is.
pub(crate) const WEBHOOKS: &str = "webhooks";

/// Who has no job asks for it so often, and who has one looks so often whether its lease is to be renewed.
const LOOKED_AFTER_EVERY: Duration = Duration::from_secs(1);

/// Work that takes so long is taken for work that hangs, and its lease isn't renewed any more: as long as a halt may wait. A turn over a
/// million devices takes some seconds; one that honestly takes longer costs that a second server reads as well.
const BUSY_MAX: Duration = super::PERIOD_MAX;

/// What this server has of a job.
#[derive(Debug)]
pub(crate) struct JobLease {
    job: &'static str,
    holder: String,
    held: watch::Sender<Option<Held>>,
    known: Mutex<Known>,
}

/// What else this server knows.
#[derive(Debug, Default)]
struct Known {
    /// Since when it is at work.
    busy_since: Option<Instant>,
    /// Another server has the job; told so, this one believes it for as long as a lease lasts.
    anothers_until: Option<Instant>,
    /// The store couldn't be asked the last time.
    fails: bool,
    /// The work failed the last time that this server tried.
    fails_at_work: bool,
}

/// A lease of this server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    generation: u64,
    /// It holds until then at least: counted from before the store was asked.
    until: Instant,
}

impl JobLease {
    /// Of a job, which this server doesn't have yet; `lock` is that of its folder, if it has one.
    pub fn of(job: &'static str, lock: Option<&Lock>) -> Self {
        Self {
            job,
            holder: holder(lock),
            held: watch::Sender::default(),
            known: Mutex::default(),
        }
    }

    /// The job's name.
    pub fn job(&self) -> &'static str {
        self.job
    }

    /// Whether this server does the job now, for all.
    pub fn is_held(&self) -> bool {
        let held = *self.held.borrow();
        held.is_some_and(|held| Instant::now() < held.until)
    }

    /// Whether another server does, as far as this one was told within the time of a lease.
    pub fn is_anothers(&self) -> bool {
        let until = self.known().anothers_until;
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Changes each time that this server takes the job, or loses it.
    pub fn taken(&self) -> watch::Receiver<Option<Held>> {
        self.held.subscribe()
    }

    /// To be held while this server is at work on what the lease is about.
    pub fn at_work(&self) -> AtWork<'_> {
        self.known().busy_since = Some(Instant::now());
        AtWork(self)
    }

    /// Notes how the work went. Who fails at it gives the job back and doesn't ask for it until it has succeeded: another server may at once.
    /// Nobody tells this one meanwhile that another has it, so it goes on trying.
    pub async fn worked(&self, well: bool, store: &dyn Store) {
        self.known().fails_at_work = !well;
        if !well {
            self.give_back(store).await;
        }
    }

    /// Takes the job as soon as nobody has it, and renews its lease; for ever.
    pub async fn keep(&self, store: &dyn Store, clock: &dyn Clock) {
        let mut ticks = tokio::time::interval(LOOKED_AFTER_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if self.is_to_be_asked_for(store.lease_lasts()) {
                self.ask(store, clock.now()).await;
            }
        }
    }

    /// Whether it isn't held, or a third of its time is over; not while work hangs, or after it failed.
    fn is_to_be_asked_for(&self, lasts: Duration) -> bool {
        let now = Instant::now();
        let (busy_since, fails) = {
            let known = self.known();
            (known.busy_since, known.fails_at_work)
        };
        let hangs = busy_since.is_some_and(|since| now >= since + BUSY_MAX);
        let held = *self.held.borrow();
        !hangs && !fails && held.is_none_or(|held| now + lasts * 2 / 3 >= held.until)
    }

    /// `now` is this server's time, which the store may compare with its own.
    async fn ask(&self, store: &dyn Store, now: Timestamp) {
        let (lasts, asked) = (store.lease_lasts(), Instant::now());
        let known = self.held.borrow().map(|held| held.generation);
        let bid = Bid {
            job: self.job,
            holder: &self.holder,
            known,
            lasts,
            now,
        };
        // A database whose machine has vanished never answers; what comes later than this is of no use.
        match timeout(lasts / 2, store.take_lease(&bid)).await {
            Ok(Ok(Some(generation))) => self.hold(Held {
                generation,
                until: asked + lasts,
            }),
            Ok(Ok(None)) => self.leave(asked + lasts),
            Ok(Err(error)) => self.fail(&error),
            Err(silence) => self.fail(&silence),
        }
    }

    fn hold(&self, held: Held) {
        let mut known = self.known();
        (known.anothers_until, known.fails) = (None, false);
        drop(known);
        let is_new = self.held.send_if_modified(|kept| {
            let before = kept.replace(held);
            before.map(|before| before.generation) != Some(held.generation)
        });
        if is_new {
            tracing::info!(job = self.job, generation = held.generation, "job taken");
        }
    }

    fn leave(&self, until: Instant) {
        let mut known = self.known();
        (known.anothers_until, known.fails) = (Some(until), false);
        drop(known);
        if self.held.borrow().is_none() {
            return;
        }
        let lost = self.held.send_replace(None);
        if lost.is_some() {
            tracing::warn!(job = self.job, "job lost to another server");
        }
    }

    fn fail(&self, error: &dyn std::fmt::Display) {
        let failed = std::mem::replace(&mut self.known().fails, true);
        if !failed {
            tracing::warn!(job = self.job, %error, "it can't be asked who does a job");
        }
    }

    /// Ends the lease, if this server has it, so that another one takes the job at once. Failing costs that one the rest of the lease.
    pub async fn give_back(&self, store: &dyn Store) {
        let held = *self.held.borrow();
        let Some(held) = held else {
            return;
        };
        let given = store.give_lease_back(self.job, &self.holder, held.generation);
        let given = timeout(store.lease_lasts() / 2, given).await;
        // Whoever is kept from waiting for this asks once more: it isn't forgotten before it was given.
        self.held.send_replace(None);
        match given {
            Ok(Ok(())) => tracing::info!(job = self.job, "job given back"),
            Ok(Err(error)) => tracing::warn!(job = self.job, %error, "job not given back"),
            Err(error) => tracing::warn!(job = self.job, %error, "job not given back"),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Each change is an assignment or two; a panic elsewhere can't leave it half made.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That this server is at work; until it is dropped.
#[derive(Debug)]
pub(crate) struct AtWork<'a>(&'a JobLease);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.known().busy_since = None;
    }
}

/// The name of this server among those on one store: its folder's. One server at a time runs on a folder, so whoever bore this name
/// before is gone.
pub(super) fn holder(lock: Option<&Lock>) -> String {
    let named = lock.and_then(Lock::server);
    named.map_or_else(unfoldered, |id| id.as_str().to_owned())
}

/// Of a server without a folder.
fn unfoldered() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    format!("server {number} of process {process}")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use mainstay_store::{Leases as _, SqliteStore};

    use super::*;

    /// A file's store doesn't look at it.
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn lease() -> JobLease {
        JobLease::of(ROLLOUTS, None)
    }

    async fn store(folder: &tempfile::TempDir) -> SqliteStore {
        let store = SqliteStore::create(&folder.path().join("leases.sqlite")).await;
        store.expect("a new database")
    }

    #[tokio::test]
    async fn one_of_two_has_the_job_until_it_gives_it_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = store(&folder).await;
        let (one, other) = (lease(), lease());
        let mut taken = one.taken();
        assert!(!one.is_anothers(), "nobody has told it so");
        one.ask(&store, NOW).await;
        other.ask(&store, NOW).await;
        assert!(one.is_held() && !one.is_anothers());
        assert!(!other.is_held() && other.is_anothers());
        assert!(taken.has_changed().expect("it is there"));
        taken.mark_unchanged();
        one.ask(&store, NOW).await;
        assert!(!taken.has_changed().expect("it is there"), "only renewed");
        one.give_back(&store).await;
        other.ask(&store, NOW).await;
        assert!(!one.is_held() && other.is_held());
        let held = store.leases().await.expect("readable");
        assert_eq!((&held[0].holder, held[0].generation), (&other.holder, 2));
        // What it gives back once more isn't its own.
        one.give_back(&store).await;
        one.ask(&store, NOW).await;
        assert!(!one.is_held());
    }

    #[tokio::test]
    async fn who_slept_hears_that_another_has_the_job() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = store(&folder).await;
        let (one, other) = (lease(), lease());
        one.ask(&store, NOW).await;
        let given = store.give_lease_back(ROLLOUTS, &one.holder, 1).await;
        given.expect("writable");
        other.ask(&store, NOW).await;
        assert!(one.is_held(), "it doesn't know yet");
        one.ask(&store, NOW).await;
        assert!(!one.is_held());
    }

    /// Rather two servers than none.
    #[tokio::test]
    async fn who_can_not_ask_leaves_the_job_to_nobody() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = store(&folder).await;
        let (one, other) = (lease(), lease());
        one.ask(&store, NOW).await;
        store.close().await;
        other.ask(&store, NOW).await;
        assert!(!other.is_held() && !other.is_anothers());
        assert!(one.is_held(), "until its time is over");
    }

    /// A server that ends is cut off while it waits for this, and asks again.
    #[tokio::test]
    async fn what_was_not_given_back_to_the_end_is_given_back_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = store(&folder).await;
        let (one, other) = (lease(), lease());
        one.ask(&store, NOW).await;
        let cut_off = one.give_back(&store).now_or_never();
        assert!(cut_off.is_none() && one.is_held(), "it isn't forgotten");
        one.give_back(&store).await;
        other.ask(&store, NOW).await;
        assert!(!one.is_held() && other.is_held());
    }

    #[tokio::test]
    async fn who_fails_at_the_work_leaves_the_job_to_another() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = store(&folder).await;
        let (one, other) = (lease(), lease());
        let lasts = store.lease_lasts();
        one.ask(&store, NOW).await;
        one.worked(true, &store).await;
        assert!(one.is_held());
        one.worked(false, &store).await;
        assert!(!one.is_held() && !one.is_to_be_asked_for(lasts));
        other.ask(&store, NOW).await;
        assert!(other.is_held());
        assert!(!one.is_anothers(), "it goes on trying");
        one.worked(true, &store).await;
        assert!(one.is_to_be_asked_for(lasts));
        one.ask(&store, NOW).await;
        assert!(one.is_anothers(), "another does it, and well");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_renewed_in_time_and_not_while_work_hangs() {
        let (lease, lasts) = (lease(), Duration::from_secs(6));
        let is_asked_for = || lease.is_to_be_asked_for(lasts);
        assert!(is_asked_for(), "nobody has it");
        let until = Instant::now() + lasts;
        lease.hold(Held {
            generation: 1,
            until,
        });
        assert!(!is_asked_for());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(is_asked_for() && lease.is_held());
        {
            let _at_work = lease.at_work();
            assert!(is_asked_for());
            tokio::time::advance(BUSY_MAX).await;
            assert!(!is_asked_for(), "another server shall take the job");
        }
        assert!(is_asked_for() && !lease.is_held());
        lease.leave(Instant::now() + lasts);
        assert!(is_asked_for() && lease.is_anothers());
        tokio::time::advance(lasts).await;
        assert!(!lease.is_anothers(), "that was long ago");
    }

    #[test]
    fn servers_without_a_folder_have_names_of_their_own() {
        assert_ne!(lease().holder, lease().holder);
    }
}
