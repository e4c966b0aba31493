//! How well releases reach the fleet, measured against what the plan promises: by release, by class, by cohort.
//!
//! Only what devices said themselves counts: a device has a version when it has confirmed it. Whoever can't be
//! reached is told apart and never counted as anything. What there is too little of for a verdict gets none.
//!
//! The caller hands in each device once ([`Fleet`]), and each rollout with its devices ([`Rolled`], [`Carried`]);
//! [`service_levels`] makes the figures of that. Nothing here grows with the fleet but four bytes for each device
//! that confirmed a release, and four more for each cohort that it is in. Read [`ServiceLevels`] first.
//!
//! | question | file |
//! |---|---|
//! | what is measured, and how it stands | `level.rs` |
//! | who runs what, and who can be reached | `reach.rs` |
//! | how one release did on a group of devices | `tally.rs` |
//! | how soon did the fleet have it? | `adopted.rs` |
//! | how many failed? | `rates.rs` |
//! | how soon was it stopped, and mended? | `times.rs` |
//! | were the dates kept? | `dates.rs` |

mod adopted;
pub mod dates;
mod level;
mod rates;
mod reach;
mod tally;
mod times;

use jiff::Timestamp;
use mainstay_plan::{Goals, Plan, Track, TrackName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use adopted::Adopted;
pub use level::{Figure, Goal, Level, Measure, Standing, Subject};
pub use reach::{Fleet, InField, Reach, VersionCount};
use tally::Tally;
pub use tally::{Carried, Counts, Enrolled, Rolled};

/// Everything that is measured, as of an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLevels {
    /// When it was measured.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub as_of: Timestamp,
    /// The revision (hex digest) of the plan whose goals it is measured by.
    pub plan_revision: String,
    /// The fleet by class, then by cohort.
    pub reach: Vec<Reach>,
    /// How updates ended: by release (newest first), by class, by cohort.
    pub updates: Vec<Updates>,
    /// Each figure with its goal, in the same order.
    pub levels: Vec<Level>,
}

/// How the updates of one subject on one track ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Updates {
    /// Whose.
    pub subject: Subject,
    /// On which track.
    pub track: TrackName,
    /// The numbers. A device counts once for each release.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What `fleet` and `carried` (newest first) come to, by the goals of `plan`. Dates are kept by all of `started`, whose
/// devices needn't be counted.
#[must_use]
pub fn service_levels(
    plan: &Plan,
    fleet: Fleet,
    carried: &[Carried],
    started: &[Rolled],
    now: Timestamp,
) -> ServiceLevels {
    let mut measured = ServiceLevels {
        as_of: now,
        plan_revision: plan.digest.to_string(),
        reach: fleet.into_reach(plan),
        updates: Vec::new(),
        levels: Vec::new(),
    };
    for one in carried {
        let name = one.rolled.release.clone();
        let part = [(&one.rolled, &one.all)];
        measured.add(plan, Subject::Release { name }, one.rolled.track, &part);
    }
    for class in &plan.classes {
        let name = class.id.to_string();
        let own = carried.iter().filter(|one| one.rolled.class == name);
        let parts: Vec<_> = own.map(|one| (&one.rolled, &one.all)).collect();
        measured.add_tracks(plan, &Subject::Class { name }, &parts);
        measured.add_dates(plan, class.id.as_str(), started);
    }
    for (index, cohort) in plan.cohorts.iter().enumerate() {
        let name = cohort.name.to_string();
        let parts = carried
            .iter()
            .filter_map(|one| Some((&one.rolled, one.cohorts.get(index)?)));
        measured.add_tracks(plan, &Subject::Cohort { name }, &parts.collect::<Vec<_>>());
    }
    measured
}

type Part<'a> = (&'a Rolled, &'a Tally);

impl ServiceLevels {
    /// The levels that miss their goal.
    pub fn missed(&self) -> impl Iterator<Item = &Level> {
        let missed = |level: &&Level| level.standing == Standing::Missed;
        self.levels.iter().filter(missed)
    }

    /// The figures of a subject on each track that has carried something for it.
    fn add_tracks(&mut self, plan: &Plan, subject: &Subject, parts: &[Part<'_>]) {
        for track in [
            TrackName::Maintenance,
            TrackName::Feature,
            TrackName::Hotfix,
        ] {
            let of_track = |part: &&Part<'_>| part.0.track == track && part.1.counts.devices > 0;
            let own: Vec<Part<'_>> = parts.iter().filter(of_track).copied().collect();
            if !own.is_empty() {
                self.add(plan, subject.clone(), track, &own);
            }
        }
    }

    fn add(&mut self, plan: &Plan, subject: Subject, track: TrackName, parts: &[Part<'_>]) {
        let promised = plan.tracks.get(track);
        let goals = promised.map(|track| track.goals).unwrap_or_default();
        let mut counts = Counts::default();
        parts
            .iter()
            .for_each(|(_, tally)| counts.join(&tally.counts));
        for level in measures(parts, &goals, promised, self.as_of) {
            self.levels.push(level.of(subject.clone(), track));
        }
        self.updates.push(Updates {
            subject,
            track,
            counts,
        });
    }

    fn add_dates(&mut self, plan: &Plan, class: &str, started: &[Rolled]) {
        for track in plan.tracks.each() {
            let own = started
                .iter()
                .filter(|one| one.class == class && one.track == track.name);
            let starts: Vec<_> = own.map(|one| one.started_at).collect();
            let subject = Subject::Class {
                name: class.to_owned(),
            };
            let dates = dates::kept(track, &plan.rollout.blackout, &starts, self.as_of);
            self.levels
                .extend(dates.map(|level| level.of(subject, track.name)));
        }
    }
}

/// All that is measured of updates, in the order in which people read it.
fn measures(
    parts: &[Part<'_>],
    goals: &Goals,
    track: Option<&Track>,
    now: Timestamp,
) -> Vec<level::Found> {
    let adopted = Adopted::of(parts, now);
    let all = track.and_then(|track| track.fleet_within);
    vec![
        adopted.reached(Measure::P50, goals.p50_within),
        adopted.reached(Measure::P90, goals.p90_within),
        adopted.reached(Measure::P99, goals.p99_within),
        adopted.reached(Measure::Fleet, all),
        rates::failures(parts, goals.failures_at_most),
        rates::reverts(parts, goals.reverts_at_most),
        times::to_halt(parts, goals.halted_within),
        times::to_recover(parts, goals.recovered_within),
    ]
}
