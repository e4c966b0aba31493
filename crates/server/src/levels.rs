//! Measuring releases against the plan's goals, and keeping what was measured for a while.
//!
//! Measuring walks over the fleet, and over the devices of the newest releases, a page at a time: memory doesn't grow with the
//! fleet but by four bytes for each device that has a release. What was measured is told for a while ([`Recent`](crate::figures::Recent)), and
//! decides nothing. Read [`service_levels`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{Device, Query, ReleaseDigest};
use mainstay_plan::Plan;
use mainstay_rollout::{Rollout, RolloutId, cohort};
use mainstay_store::{EnrolledDevice, Place};
use mainstay_telemetry::ServiceLevels;
use mainstay_telemetry::levels::{Carried, Enrolled, Fleet, InField, Rolled};

use crate::figures::{Figure, Walk, in_proportion};
use crate::problem::Refused;
use crate::release_walk::ReleaseWalk;
use crate::{App, apart};

/// What was measured is told for so long at least: a page and a monitor that ask together are told the same.
const KEPT_MIN: SignedDuration = SignedDuration::from_secs(15);
/// So many releases of each class on each track are measured, the newest: half a year of a monthly track.
pub(crate) const RELEASES_MAX: usize = 6;

impl Figure for ServiceLevels {
    // They say of when they are. A monitor gives up after ten seconds and tells its people that the server is down, and the home page needs them
    // for one of its lines: neither waits for a walk over a large fleet while there is something to tell.
    const PATIENCE: Duration = Duration::from_secs(1);

    fn told_for(&self, took: SignedDuration) -> SignedDuration {
        in_proportion(took).max(KEPT_MIN)
    }
}

/// How releases stand against the goals of the plan in force, as of some seconds ago at most, or of the last time while
/// somebody else's question is being answered.
///
/// # Errors
/// `plan.none`, or the store failed.
pub(crate) async fn service_levels(app: &Arc<App>) -> Result<Arc<ServiceLevels>, Refused> {
    let active = app.active_plan().await?;
    let (revision, measured) = (active.revision.clone(), app.clone());
    let measuring = async move { measure(&measured, &active.plan).await };
    let levels = &app.figures.levels;
    levels.of(app, revision, Walk::Long, measuring).await
}

async fn measure(app: &App, plan: &Plan) -> Result<ServiceLevels, Refused> {
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
    let plan = plan.clone();
    // Sorting the times of a large fleet keeps a processor for a good part of a second.
    let levels = apart::worked_out(move || {
        mainstay_telemetry::service_levels(&plan, fleet, &carried, &started, now)
    });
    Ok(levels.await?)
}

/// The rollouts that carried something, newest first, as far as the list of rollouts goes. One that ended before its first wave opened
/// carried nothing, and kept no date.
async fn started(app: &App) -> Result<Vec<(RolloutId, Rolled)>, Refused> {
    let mut releases = BTreeMap::new();
    let mut walk = ReleaseWalk::over(app.store());
    while let Some(page) = walk.page().await? {
        let named = page.into_iter().map(|release| {
            let named = (release.id.to_string(), release.facts.track);
            (release.facts.manifest.0, named)
        });
        releases.extend(named);
    }
    let rollouts = app.store.rollouts().await?.into_iter();
    let has_opened = |rollout: &Rollout| rollout.waves.iter().any(|wave| wave.opened_at.is_some());
    let carried = rollouts.filter(|rollout| !rollout.is_over() || has_opened(rollout));
    let known = carried.filter_map(|rollout| {
        let (name, track) = releases.get(&rollout.candidate.release.0)?.clone();
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
        let mut page = app.store.enrolled_page(id, from).await?;
        let devices = page.items.iter_mut().map(|one| &mut one.device);
        app.contacts.freshen(devices);
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
        let mut page = app.store.device_page(from).await?;
        app.contacts.freshen(&mut page.items);
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
    fn what_was_measured_is_told_for_a_while_however_fast_that_was() {
        let told = |took| {
            in_proportion(SignedDuration::from_secs(took))
                .max(KEPT_MIN)
                .as_secs()
        };
        assert_eq!([told(0), told(1), told(60)], [15, 20, 1200]);
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
