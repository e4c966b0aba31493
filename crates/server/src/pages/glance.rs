//! What the home page tells of many devices: what is counted by now. Read [`Glance`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_report::Promise;
use mainstay_rollout::Rollout;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fill::{self, Picture};
use super::fleet::Counted;
use crate::figures::COUNTED_ANEW;
use crate::problem::Refused;
use crate::{App, figures, levels};

/// Whoever opens the page waits so long. What isn't counted by then is told to be being counted, and stands there when the page is read again, as browsers
/// do by themselves.
const PATIENCE: Duration = Duration::from_secs(1);

/// The page shows so many rollouts: what is under way, and the last ones before.
const ROLLOUTS_SHOWN: u32 = 5;
/// A device is reachable if it asked within so many polls.
const REACHABLE_POLLS: i32 = 2;

/// What is counted by now.
#[derive(Clone)]
pub(super) struct Glance {
    /// The fleet.
    pub fleet: Option<Arc<Counted>>,
    /// The newest rollouts, newest first, each with what was counted of its devices.
    pub rollouts: Vec<(Rollout, Option<Arc<Picture>>)>,
    /// How what the plan promises stands; an empty list if it promises nothing that is measured.
    pub promises: Option<Vec<Promise>>,
    /// When counting failed, if it did the last time: what is being counted may not come.
    pub failed_at: Option<Timestamp>,
}

/// What the plan asks to be counted.
struct Asked {
    /// Within which time a device must have been heard of to be reachable; none is as long as no plan says how often they ask.
    reachable_within: Option<SignedDuration>,
    /// The revision of a plan that promises figures.
    promised: Option<String>,
}

impl Glance {
    /// All of it, of few devices; of many what there is. What is counted of few is a moment's work, and isn't kept: who looked again wouldn't find it.
    ///
    /// # Errors
    /// If the store fails meanwhile.
    pub async fn of(app: &Arc<App>) -> Result<Self, Refused> {
        let asked = Asked::by_plan(app).await?;
        let rollouts = app.store.rollouts_after(None, ROLLOUTS_SHOWN).await?;
        let mut glance = Self::told(app, &asked, rollouts);
        for (rollout, picture) in &mut glance.rollouts {
            if figures::rollout::has_few(rollout) {
                *picture = Some(figures::rollout::of(app, rollout).await?);
            }
        }
        let glance = Arc::new(Mutex::new(glance));
        let counting = {
            let (app, glance) = (app.clone(), glance.clone());
            async move {
                let counted = counted(&app, asked, &glance).await;
                app.figures.note_failure(&counted, app.now());
                counted
            }
        };
        if app.store.count_devices(None, COUNTED_ANEW + 1).await? > COUNTED_ANEW {
            return in_time(app.figures.threads.spawn(counting), &glance).await;
        }
        counting.await?;
        Ok(lock(&glance).clone())
    }

    /// What was counted before, and may still be told.
    fn told(app: &App, asked: &Asked, rollouts: Vec<Rollout>) -> Self {
        let now = app.now();
        let levels = |revision| app.figures.levels.told(revision, now);
        let with_told = |rollout: Rollout| {
            let told = figures::rollout::told(app, &rollout);
            (rollout, told)
        };
        Self {
            fleet: app.figures.fleet.told(&asked.reachable_within, now),
            rollouts: rollouts.into_iter().map(with_told).collect(),
            promises: match &asked.promised {
                Some(revision) => levels(revision).map(|levels| fill::promises(&levels)),
                None => Some(Vec::new()),
            },
            failed_at: app.figures.failed_at(),
        }
    }

    /// As of when the devices of the rollout were counted for which that was longest ago.
    pub fn rollouts_at(&self) -> Option<Timestamp> {
        let counted = self
            .rollouts
            .iter()
            .filter_map(|(_, picture)| picture.as_ref());
        counted.map(|picture| picture.at()).min()
    }
}

impl Asked {
    async fn by_plan(app: &App) -> Result<Self, Refused> {
        let active = app.plan().await?;
        let active = active.as_deref();
        let promises = active.filter(|active| active.plan.promises_figures());
        Ok(Self {
            reachable_within: active
                .map(|active| active.plan.rollout.poll.saturating_mul(REACHABLE_POLLS)),
            promised: promises.map(|active| active.revision.clone()),
        })
    }
}

/// Counts what there are many of, one after the other, since nobody waits for most of it; and puts each into the `glance` once it is counted.
async fn counted(app: &Arc<App>, asked: Asked, glance: &Mutex<Glance>) -> Result<(), Refused> {
    let fleet = Counted::lately(app, asked.reachable_within).await?;
    lock(glance).fleet = Some(fleet);
    let rollouts = lock(glance).rollouts.clone();
    for (place, (rollout, _)) in rollouts.iter().enumerate() {
        if !figures::rollout::has_few(rollout) {
            let picture = figures::rollout::of(app, rollout).await?;
            lock(glance).rollouts[place].1 = Some(picture);
        }
    }
    if asked.promised.is_some() {
        let levels = levels::service_levels(app).await?;
        lock(glance).promises = Some(fill::promises(&levels));
    }
    Ok(())
}

/// What there is once all is counted, or when whoever waits has waited long enough. The counting goes on.
async fn in_time(
    counting: JoinHandle<Result<(), Refused>>,
    glance: &Mutex<Glance>,
) -> Result<Glance, Refused> {
    if let Ok(counted) = timeout(PATIENCE, counting).await {
        counted.map_err(|error| Refused::internal(&error))??;
    }
    Ok(lock(glance).clone())
}

fn lock(glance: &Mutex<Glance>) -> MutexGuard<'_, Glance> {
    // Each change is one assignment; a panic elsewhere can't leave it half made.
    glance.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn nothing() -> Arc<Mutex<Glance>> {
        Arc::new(Mutex::new(Glance {
            fleet: None,
            rollouts: Vec::new(),
            promises: None,
            failed_at: None,
        }))
    }

    async fn count_the_fleet(glance: &Mutex<Glance>) {
        tokio::task::yield_now().await;
        lock(glance).fleet = Some(Arc::default());
    }

    #[tokio::test(start_paused = true)]
    async fn who_looks_is_told_what_is_counted_by_then() {
        let glance = nothing();
        let counting = {
            let glance = glance.clone();
            async move {
                count_the_fleet(&glance).await;
                pending().await
            }
        };
        let told = in_time(tokio::spawn(counting), &glance).await;
        let told = told.map_err(|_| "refused").expect("nothing failed");
        assert!(told.fleet.is_some(), "it was counted");
        assert!(told.promises.is_none(), "they are being measured");
    }

    #[tokio::test]
    async fn what_fails_in_time_fails_for_whoever_looks() {
        let failing = async { Err(Refused::not_found("device", "th-1")) };
        let told = in_time(tokio::spawn(failing), &nothing()).await;
        assert!(told.is_err(), "nobody is told that it is being counted");
    }

    #[tokio::test(start_paused = true)]
    async fn the_counting_goes_on_for_those_who_look_later() {
        let glance = nothing();
        let counting = {
            let glance = glance.clone();
            async move {
                tokio::time::sleep(2 * PATIENCE).await;
                count_the_fleet(&glance).await;
                Ok(())
            }
        };
        let told = in_time(tokio::spawn(counting), &glance).await;
        let told = told.map_err(|_| "refused").expect("nothing failed");
        assert!(told.fleet.is_none(), "it is being counted");
        tokio::time::sleep(2 * PATIENCE).await;
        assert!(lock(&glance).fleet.is_some(), "it was counted then");
    }
}
