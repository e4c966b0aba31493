//! Something that takes long to count: counted by one at a time, and told for a while. Read [`Recent`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::App;
use crate::problem::Refused;

/// What is counted.
pub(crate) trait Figure: Send + Sync + 'static {
    /// Who asks waits so long for what is being counted before they are told what was counted last; not at all if that took longer.
    const PATIENCE: Duration;

    /// Whether what was counted for another key is told while it is counted for this one: it says itself of when it is.
    const IS_TOLD_FOR_ANY: bool = false;

    /// For how long it is told, after it took so long to count; if that is nothing, it isn't kept.
    fn told_for(&self, took: SignedDuration) -> SignedDuration;
}

/// How long a count goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// A moment: beside all others.
    Short,
    /// Seconds, where there are many devices. Those for which nobody waits, since there is something to tell, are taken one after the other.
    Long,
}

/// What was counted last, for a key of which there is one at a time. Nobody's question starts a second count while one is under way, and one that
/// began goes on when whoever asked hangs up. Those who wait together share one count, which began after each of them asked.
pub(crate) struct Recent<K, T> {
    told: RwLock<Option<Told<K, T>>>,
    /// So many counts have begun.
    begun: AtomicU64,
    /// Whose turn it is to count, with what was counted in the turn before.
    turn: Mutex<Option<Turn<K, T>>>,
}

/// A count that ended.
struct Turn<K, T> {
    /// Which one it was, from 1.
    number: u64,
    key: K,
    figure: Arc<T>,
}

struct Told<K, T> {
    key: K,
    figure: Arc<T>,
    took: SignedDuration,
    ended: Timestamp,
    /// Until then it is fresh ...
    until: Timestamp,
    /// ... and until then told while it is counted anew.
    kept_until: Timestamp,
}

/// What somebody wants to be told.
struct Wanted<K> {
    key: K,
    /// So many counts had begun when they asked.
    begun: u64,
}

impl<K, T> Default for Recent<K, T> {
    fn default() -> Self {
        Self {
            told: RwLock::new(None),
            begun: AtomicU64::new(0),
            turn: Mutex::new(None),
        }
    }
}

impl<K: Clone + PartialEq + Send + Sync + 'static, T: Figure> Recent<K, T> {
    /// What is told now; `count` counts it if that must be.
    ///
    /// # Errors
    /// As `count`, if nothing was counted before.
    pub async fn of(
        self: &Arc<Self>,
        app: &Arc<App>,
        key: K,
        walk: Walk,
        count: impl Future<Output = Result<T, Refused>> + Send + 'static,
    ) -> Result<Arc<T>, Refused> {
        let asked = app.now();
        if let Some(fresh) = self.fresh(&key, asked) {
            return Ok(fresh);
        }
        let old = self.old(&key, asked);
        let wanted = Wanted {
            key,
            begun: self.begun.load(Ordering::SeqCst),
        };
        // Who has just halted a rollout isn't to wait for what others count.
        let others = (walk == Walk::Long && old.is_some()).then(|| app.figures.long_walk.clone());
        let (recent, clock) = (self.clone(), app.clone());
        let counting = app.figures.threads.spawn(async move {
            let now = || clock.now();
            recent.in_turn(wanted, others, now, count).await
        });
        let patience = match &old {
            Some(old) if old.took > T::PATIENCE.try_into().unwrap_or(SignedDuration::MAX) => {
                return Ok(old.figure.clone());
            }
            Some(_) => T::PATIENCE,
            None => return counting.await.map_err(|error| Refused::internal(&error))?,
        };
        match (timeout(patience, counting).await, old) {
            (Ok(counted), _) => counted.map_err(|error| Refused::internal(&error))?,
            (Err(_elapsed), Some(old)) => Ok(old.figure),
            (Err(elapsed), None) => Err(Refused::internal(&elapsed)),
        }
    }

    /// What may be told at `now` without counting; none if nothing may.
    pub fn told(&self, key: &K, now: Timestamp) -> Option<Arc<T>> {
        self.old(key, now).map(|told| told.figure)
    }

    async fn in_turn(
        &self,
        wanted: Wanted<K>,
        others: Option<Arc<Mutex<()>>>,
        now: impl Fn() -> Timestamp,
        count: impl Future<Output = Result<T, Refused>>,
    ) -> Result<Arc<T>, Refused> {
        let Wanted { key, begun } = wanted;
        let mut turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(_under_way) => match self.old(&key, now()) {
                Some(old) => return Ok(old.figure),
                None => self.turn.lock().await,
            },
        };
        if let Some(last) = turn.as_ref()
            && last.number > begun
            && last.key == key
        {
            return Ok(last.figure.clone());
        }
        if let Some(fresh) = self.fresh(&key, now()) {
            return Ok(fresh);
        }
        let _alone = match &others {
            Some(others) => Some(others.lock().await),
            None => None,
        };
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let began = now();
        let figure = Arc::new(count.await?);
        self.tell(key.clone(), figure.clone(), began, now());
        *turn = Some(Turn {
            number,
            key,
            figure: figure.clone(),
        });
        Ok(figure)
    }

    /// What was counted last, if it may be told still while it is counted anew.
    fn old(&self, key: &K, now: Timestamp) -> Option<Told<K, T>> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        let told = told.as_ref()?;
        let fits = T::IS_TOLD_FOR_ANY || told.key == *key;
        (fits && told.ended <= now && now < told.kept_until).then(|| Told {
            key: told.key.clone(),
            figure: told.figure.clone(),
            ..*told
        })
    }

    /// The same, if it is to be told still at `now`. What was counted in the future isn't fresh: a clock was wrong then, and was set back.
    fn fresh(&self, key: &K, now: Timestamp) -> Option<Arc<T>> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        let told = told.as_ref().filter(|told| told.key == *key)?;
        (told.ended <= now && now < told.until).then(|| told.figure.clone())
    }

    /// Tells what was counted from `began` to `ended`.
    fn tell(&self, key: K, figure: Arc<T>, began: Timestamp, ended: Timestamp) {
        let took = ended.duration_since(began);
        let told_for = figure.told_for(took);
        let after = |time: SignedDuration| ended.checked_add(time).unwrap_or(Timestamp::MAX);
        let told = (told_for > SignedDuration::ZERO).then(|| Told {
            key,
            figure,
            took,
            ended: ended.max(began),
            until: after(told_for),
            kept_until: after(told_for.saturating_mul(2)),
        });
        *self.told.write().unwrap_or_else(PoisonError::into_inner) = told;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    /// A figure that is told for twice as long as it took.
    #[derive(Debug, PartialEq)]
    struct Twice(u32);

    impl Figure for Twice {
        const PATIENCE: Duration = Duration::from_secs(1);

        fn told_for(&self, took: SignedDuration) -> SignedDuration {
            took.saturating_mul(2)
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number")
    }

    fn old(recent: &Recent<&'static str, Twice>, key: &'static str, now: i64) -> Option<u32> {
        recent.old(&key, at(now)).map(|told| told.figure.0)
    }

    #[test]
    fn a_figure_is_told_for_its_key_until_its_time_is_over() {
        let recent = Recent::default();
        recent.tell("north", Arc::new(Twice(7)), at(100), at(110));
        for (key, now, fresh, kept) in [
            ("north", 109, false, false),
            ("north", 110, true, true),
            ("north", 129, true, true),
            ("north", 130, false, true),
            ("north", 149, false, true),
            // Nobody is told something that old, not even while it is counted anew.
            ("north", 150, false, false),
            ("south", 115, false, false),
        ] {
            assert_eq!(recent.fresh(&key, at(now)).is_some(), fresh, "{key} {now}");
            assert_eq!(old(&recent, key, now).is_some(), kept, "{key} {now}");
        }
        // What took no time isn't kept, nor what was there before it.
        recent.tell("north", Arc::new(Twice(8)), at(140), at(140));
        assert_eq!(old(&recent, "north", 140), None);
    }

    /// One that is told for any key, while it is counted for another.
    struct OfAny;

    impl Figure for OfAny {
        const PATIENCE: Duration = Duration::from_secs(1);
        const IS_TOLD_FOR_ANY: bool = true;

        fn told_for(&self, took: SignedDuration) -> SignedDuration {
            took
        }
    }

    /// A rollout that is halted isn't told for minutes as it was before; and nobody waits for a walk to hear that it is.
    #[test]
    fn what_was_counted_for_another_key_is_never_fresh() {
        let recent = Recent::default();
        recent.tell("rolling", Arc::new(OfAny), at(100), at(110));
        assert!(recent.fresh(&"rolling", at(111)).is_some());
        assert!(recent.fresh(&"halted", at(111)).is_none());
        assert!(recent.old(&"halted", at(111)).is_some());
        assert!(recent.old(&"halted", at(130)).is_none());
    }

    /// Counts what nobody keeps, once somebody says so, and how often that was.
    async fn counted(
        recent: Arc<Recent<(), Twice>>,
        counts: Arc<AtomicU32>,
        goes_on: Option<oneshot::Receiver<()>>,
    ) -> u32 {
        let wanted = Wanted {
            key: (),
            begun: recent.begun.load(Ordering::SeqCst),
        };
        let count = async {
            let number = counts.fetch_add(1, Ordering::SeqCst) + 1;
            if let Some(goes_on) = goes_on {
                goes_on.await.expect("somebody says so");
            }
            Ok(Twice(number))
        };
        let figure = recent.in_turn(wanted, None, || at(7), count).await;
        figure.map_err(|_| "refused").expect("it is counted").0
    }

    /// However many look at a small fleet at once: they are told the same, of after each of them asked.
    #[tokio::test]
    async fn those_who_wait_together_share_a_count_that_began_after_they_asked() {
        let recent: Arc<Recent<(), Twice>> = Arc::default();
        let counts = Arc::new(AtomicU32::new(0));
        let ask = |goes_on| tokio::spawn(counted(Arc::clone(&recent), counts.clone(), goes_on));
        let (says_so, goes_on) = oneshot::channel();
        let first = ask(Some(goes_on));
        yield_now().await;
        assert_eq!(counts.load(Ordering::SeqCst), 1);
        let later: Vec<_> = (0..50).map(|_| ask(None)).collect();
        yield_now().await;
        says_so.send(()).expect("somebody waits");
        assert_eq!(first.await.expect("it ends"), 1);
        for asked in later {
            assert_eq!(asked.await.expect("it ends"), 2);
        }
        // Who asks now is told what is so now.
        assert_eq!(ask(None).await.expect("it ends"), 3);
    }
}
