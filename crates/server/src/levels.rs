//! Measuring releases against the plan's goals, and keeping what was measured for a while.
//!
//! Measuring walks over the fleet, and over the devices of the newest releases, a page at a time: memory doesn't grow with the
//! fleet but by four bytes for each device that has a release. Nobody's question starts a second walk while one is under way, and
//! what was measured is kept for [`KEPT_FACTOR`] times as long as the walk took: however often somebody asks, measuring takes a
//! twentieth of one processor at most. What is kept in memory is only told, and decides nothing. Read [`service_levels`].

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{Device, Query, ReleaseDigest};
use mainstay_plan::Plan;
use mainstay_rollout::{Rollout, RolloutId, cohort};
use mainstay_store::{EnrolledDevice, Place};
use mainstay_telemetry::ServiceLevels;
use mainstay_telemetry::levels::{Carried, Enrolled, Fleet, InField, Rolled};
use tokio::sync::Mutex;

use crate::App;
use crate::app::ActivePlan;
use crate::problem::Refused;

/// What was measured is told for so long at least: a page and a monitor that ask together are told the same.
const KEPT_MIN: SignedDuration = SignedDuration::from_secs(15);
/// And for so many times as long as measuring took, but no longer than an hour: a clock that jumps while it is measured must not
/// freeze the figures.
const KEPT_FACTOR: i32 = 20;
const KEPT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// So many releases of each class on each track are measured, the newest: half a year of a monthly track.
pub(crate) const RELEASES_MAX: usize = 6;

/// What was measured last.
#[derive(Default)]
pub(crate) struct Measured {
    kept: RwLock<Option<Kept>>,
    /// Whose turn it is to measure.
    turn: Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    levels: Arc<ServiceLevels>,
    ended: Timestamp,
    until: Timestamp,
}

impl Measured {
    /// What was measured last by the goals of this revision, fresh or not.
    fn newest(&self, revision: &str) -> Option<Kept> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.clone();
        kept.filter(|kept| kept.levels.plan_revision == revision)
    }

    /// The same, if it is to be told still at `now`. What was measured in the future isn't fresh: a clock was wrong then, and was set back.
    fn fresh(&self, revision: &str, now: Timestamp) -> Option<Arc<ServiceLevels>> {
        let kept = self.newest(revision)?;
        (kept.ended <= now && now < kept.until).then_some(kept.levels)
    }

    fn keep(&self, levels: Arc<ServiceLevels>, ended: Timestamp) {
        let kept = Kept {
            until: until(levels.as_of, ended),
            ended: ended.max(levels.as_of),
            levels,
        };
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

/// Until when it is told what was measured from `began` to `ended`.
fn until(began: Timestamp, ended: Timestamp) -> Timestamp {
    let took = ended.duration_since(began).max(SignedDuration::ZERO);
    let kept = took.saturating_mul(KEPT_FACTOR);
    let kept = kept.clamp(KEPT_MIN, KEPT_MAX);
    ended.checked_add(kept).unwrap_or(Timestamp::MAX)
}

/// How releases stand against the goals of the plan in force, as of some seconds ago at most, or of the last time while
/// somebody else's question is being answered.
///
/// # Errors
/// `plan.none`, or the store failed.
pub(crate) async fn service_levels(app: &Arc<App>) -> Result<Arc<ServiceLevels>, Refused> {
    let active = app.active_plan().await?;
    if let Some(fresh) = app.measured.fresh(&active.revision, app.now()) {
        return Ok(fresh);
    }
    // A task of its own: who asked may hang up before a large fleet is measured, and the next one is told of it.
    let app = app.clone();
    let measuring = tokio::spawn(async move { in_turn(&app, &active).await });
    measuring.await.map_err(|error| Refused::internal(&error))?
}

async fn in_turn(app: &App, active: &ActivePlan) -> Result<Arc<ServiceLevels>, Refused> {
    let measured = &app.measured;
    let _turn = match measured.turn.try_lock() {
        Ok(turn) => turn,
        Err(_under_way) => match measured.newest(&active.revision) {
            Some(kept) => return Ok(kept.levels),
            None => measured.turn.lock().await,
        },
    };
    if let Some(fresh) = measured.fresh(&active.revision, app.now()) {
        return Ok(fresh);
    }
    let levels = Arc::new(measure(app, &active.plan).await?);
    measured.keep(levels.clone(), app.now());
    Ok(levels)
}

async fn measure(app: &App, plan: &Plan) -> Result<ServiceLevels, Refused> {
    app.flush_last_seen().await;
    let now = app.now();
    let cohorts = Cohorts::of(plan);
    let started = started(app).await?;
    let mut carried = Vec::new();
    for (id, rolled) in newest(&started) {
        let fresh = Carried::new(
            rolled.clone(),
            plan.cohorts.len(),
            plan.service_levels.active_within,
            now,
        );
        carried.push(carry(app, id, fresh, &cohorts, now).await?);
    }
    let fleet = fleet(app, plan, &cohorts, now).await?;
    let started: Vec<_> = started.into_iter().map(|(_, rolled)| rolled).collect();
    Ok(mainstay_telemetry::service_levels(
        plan, fleet, &carried, &started, now,
    ))
}

/// The rollouts that carried something, newest first, as far as lists go. One that ended before its first wave opened carried nothing, and
/// kept no date.
async fn started(app: &App) -> Result<Vec<(RolloutId, Rolled)>, Refused> {
    let releases = app.store.releases().await?.into_iter();
    let releases: BTreeMap<_, _> = releases
        .map(|release| (release.facts.manifest.0, release))
        .collect();
    let rollouts = app.store.rollouts().await?.into_iter();
    let has_opened = |rollout: &Rollout| rollout.waves.iter().any(|wave| wave.opened_at.is_some());
    let carried = rollouts.filter(|rollout| !rollout.is_over() || has_opened(rollout));
    let known = carried.filter_map(|rollout| {
        let release = releases.get(&rollout.candidate.release.0)?;
        let (name, track) = (release.id.to_string(), release.facts.track);
        Some((rollout.id, Rolled::of(&rollout, name, track)))
    });
    Ok(known.collect())
}

/// Of rollouts, newest first, those whose devices are counted.
fn newest(started: &[(RolloutId, Rolled)]) -> Vec<(RolloutId, &Rolled)> {
    let mut counted = BTreeMap::<_, usize>::new();
    let mut is_counted = |rolled: &Rolled| {
        let of_kind = counted
            .entry((rolled.class.clone(), rolled.track))
            .or_default();
        *of_kind += 1;
        *of_kind <= RELEASES_MAX
    };
    let started = started.iter().filter(|(_, rolled)| is_counted(rolled));
    started.map(|(id, rolled)| (*id, rolled)).collect()
}

async fn carry(
    app: &App,
    id: RolloutId,
    mut carried: Carried,
    cohorts: &Cohorts,
    now: Timestamp,
) -> Result<Carried, Refused> {
    let mut place = Some(Place::default());
    while let Some(from) = place {
        let page = app.store.enrolled_page(id, from).await?;
        for one in &page.items {
            let device = enrolled(one, carried.rolled.candidate);
            carried.add(&device, cohorts.with(&one.device, now));
        }
        place = page.next;
    }
    Ok(carried)
}

/// A device's part, as far as it is asked. What it runs says only of another release than `candidate` that it is good again.
fn enrolled(one: &EnrolledDevice, candidate: ReleaseDigest) -> Enrolled<'_> {
    let running = one.device.running.as_ref();
    let verified = running.filter(|running| running.verified && running.release != candidate);
    Enrolled {
        progress: &one.progress,
        last_seen: one.device.last_seen,
        confirmed_again: one.confirmed_again,
        verified_since: verified.map(|running| running.since),
    }
}

async fn fleet(
    app: &App,
    plan: &Plan,
    cohorts: &Cohorts,
    now: Timestamp,
) -> Result<Fleet, Refused> {
    let mut fleet = Fleet::new(plan, now);
    let mut place = Some(Place::default());
    while let Some(from) = place {
        let page = app.store.device_page(from).await?;
        for device in &page.items {
            let running = device.running.as_ref();
            let in_field = InField {
                class: &device.class,
                last_seen: device.last_seen,
                running: running.map(|running| (running.version.as_str(), running.verified)),
            };
            fleet.add(&in_field, cohorts.with(device, now));
        }
        place = page.next;
    }
    Ok(fleet)
}

/// The plan's cohorts, ready to be asked about each device.
struct Cohorts(Vec<Option<Query>>);

impl Cohorts {
    /// A query that this version can't read, of a plan that was put into force under another, means nobody.
    fn of(plan: &Plan) -> Self {
        let queries = plan.cohorts.iter().map(|cohort| cohort::query(cohort).ok());
        Self(queries.collect())
    }

    /// Where in the plan those cohorts stand that `device` is in.
    fn with<'a>(&'a self, device: &'a Device, now: Timestamp) -> impl Iterator<Item = usize> + 'a {
        let queries = self.0.iter().enumerate();
        queries.filter_map(move |(index, query)| {
            let query = query.as_ref()?;
            query.matches(device, now).then_some(index)
        })
    }
}

#[cfg(test)]
mod tests {
    use mainstay_plan::TrackName;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number")
    }

    #[test]
    fn what_took_long_is_told_for_long() {
        assert_eq!(until(at(100), at(100)), at(115));
        assert_eq!(until(at(100), at(101)), at(121));
        assert_eq!(until(at(100), at(160)), at(160 + 1200));
        // The clock was set forward by a day meanwhile.
        assert_eq!(until(at(100), at(86_500)), at(86_500 + 3600));
        // The clock was set back meanwhile.
        assert_eq!(until(at(100), at(40)), at(55));
    }

    #[test]
    fn the_newest_releases_of_each_kind_are_counted() {
        let rolled = |class: &str, track| Rolled {
            release: String::new(),
            candidate: ReleaseDigest([2; 32]),
            class: class.to_owned(),
            track,
            started_at: at(0),
            over_at: None,
            halted_at: None,
            ends_at_percent: None,
        };
        let kinds = [
            ("a", TrackName::Maintenance),
            ("b", TrackName::Maintenance),
            ("a", TrackName::Hotfix),
        ];
        let rounds = (0..10).flat_map(|_| kinds);
        let started: Vec<_> = (0..)
            .zip(rounds)
            .map(|(id, (class, track))| (RolloutId(id), rolled(class, track)))
            .collect();
        let counted: Vec<_> = newest(&started).into_iter().map(|(id, _)| id.0).collect();
        let first = i64::try_from(kinds.len() * RELEASES_MAX).expect("few");
        assert_eq!(counted, (0..first).collect::<Vec<_>>());
    }
}
