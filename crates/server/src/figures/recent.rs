//! Something that takes long to count: counted by one at a time, and told for a while. Read [`Recent`].

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::App;
use crate::problem::Refused;

/// What is counted.
pub(crate) trait Figure: Send + Sync + 'static {
    /// Who asks waits so long for what is being counted before they are told what was counted last.
    const PATIENCE: Duration;

    /// For how long it is told, after it took so long to count; if that is nothing, it isn't kept.
    fn told_for(&self, took: SignedDuration) -> SignedDuration;
}

/// What was counted last, for a key of which there is one at a time. Nobody's question starts a second count while one is under way, and one that
/// began goes on when whoever asked hangs up.
pub(crate) struct Recent<K, T> {
    told: RwLock<Option<Told<K, T>>>,
    /// Whose turn it is to count.
    turn: Mutex<()>,
}

#[derive(Clone)]
struct Told<K, T> {
    key: K,
    figure: Arc<T>,
    ended: Timestamp,
    until: Timestamp,
}

impl<K, T> Default for Recent<K, T> {
    fn default() -> Self {
        Self {
            told: RwLock::new(None),
            turn: Mutex::new(()),
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
        count: impl Future<Output = Result<T, Refused>> + Send + 'static,
    ) -> Result<Arc<T>, Refused> {
        if let Some(fresh) = self.fresh(&key, app.now()) {
            return Ok(fresh);
        }
        let old = self.newest(&key);
        let (recent, app) = (self.clone(), app.clone());
        let counting = tokio::spawn(async move { recent.in_turn(&app, key, count).await });
        let Some(old) = old else {
            return counting.await.map_err(|error| Refused::internal(&error))?;
        };
        match timeout(T::PATIENCE, counting).await {
            Ok(counted) => counted.map_err(|error| Refused::internal(&error))?,
            Err(_elapsed) => Ok(old),
        }
    }

    async fn in_turn(
        &self,
        app: &App,
        key: K,
        count: impl Future<Output = Result<T, Refused>>,
    ) -> Result<Arc<T>, Refused> {
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(_under_way) => match self.newest(&key) {
                Some(old) => return Ok(old),
                None => self.turn.lock().await,
            },
        };
        let began = app.now();
        if let Some(fresh) = self.fresh(&key, began) {
            return Ok(fresh);
        }
        let figure = Arc::new(count.await?);
        self.tell(key, figure.clone(), began, app.now());
        Ok(figure)
    }

    /// What was counted last for this key, fresh or not.
    fn newest(&self, key: &K) -> Option<Arc<T>> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        let told = told.as_ref().filter(|told| told.key == *key)?;
        Some(told.figure.clone())
    }

    /// The same, if it is to be told still at `now`. What was counted in the future isn't fresh: a clock was wrong then, and was set back.
    fn fresh(&self, key: &K, now: Timestamp) -> Option<Arc<T>> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        let told = told.as_ref().filter(|told| told.key == *key)?;
        (told.ended <= now && now < told.until).then(|| told.figure.clone())
    }

    /// Tells what was counted from `began` to `ended`.
    fn tell(&self, key: K, figure: Arc<T>, began: Timestamp, ended: Timestamp) {
        let told_for = figure.told_for(ended.duration_since(began));
        let told = (told_for > SignedDuration::ZERO).then(|| Told {
            key,
            figure,
            ended: ended.max(began),
            until: ended.checked_add(told_for).unwrap_or(Timestamp::MAX),
        });
        *self.told.write().unwrap_or_else(PoisonError::into_inner) = told;
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_figure_is_told_for_its_key_until_its_time_is_over() {
        let recent = Recent::default();
        recent.tell("north", Arc::new(Twice(7)), at(100), at(110));
        for (key, now, fresh) in [
            ("north", 109, false),
            ("north", 110, true),
            ("north", 129, true),
            ("north", 130, false),
            ("south", 115, false),
        ] {
            assert_eq!(recent.fresh(&key, at(now)).is_some(), fresh, "{key} {now}");
        }
        assert_eq!(recent.newest(&"north"), Some(Arc::new(Twice(7))));
        assert_eq!(recent.newest(&"south"), None);
        // What took no time isn't kept, nor what was there before it.
        recent.tell("north", Arc::new(Twice(8)), at(140), at(140));
        assert_eq!(recent.newest(&"north"), None);
    }
}
