//! How long things take: a rollout, a device's habits, and what was promised.

use jiff::SignedDuration;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::{Broken, Case, Reason, Rule};
use crate::class::Class;
use crate::emergency::{self, Path, Stuck};
use crate::finding::Severity;
use crate::plan::Plan;
use crate::read::written;
use crate::track::{Cadence, Track, TrackName};

pub(super) const FMP035: Rule = Rule {
    reason: Reason {
        id: "FMP035",
        why: "what a device does once a day fails once a day",
        source: "general practice",
    },
    severity: Severity::Error,
    statement: "Where a class states its usage cycle, a wave's horizon and soak together are as \
         long; an emergency may be shorter.",
    judge: soak_covers_a_cycle,
};

fn soak_covers_a_cycle(case: &Case<'_>) -> Vec<Broken> {
    let longest = case
        .plan
        .classes
        .iter()
        .max_by_key(|class| class.usage_cycle);
    let tracks = case.plan.tracks.each();
    let patient = tracks.filter(|track| track.name != TrackName::Hotfix);
    let told = |track| too_hasty(case, longest?, track);
    patient.filter_map(told).collect()
}

fn too_hasty(case: &Case<'_>, class: &Class, track: &Track) -> Option<Broken> {
    let cycle = class.usage_cycle?;
    let horizon = case.plan.health.install.horizon;
    let watched = horizon.saturating_add(track.soak);
    (watched < cycle).then(|| {
        let message = format!(
            "The {} track watches a wave for {watched:#}, and {} needs {cycle:#} to do all that it does.",
            track.name, class.id
        );
        let soak = cycle.saturating_sub(horizon);
        let minutes = soak.as_secs().saturating_add(59) / 60;
        let soak = written(SignedDuration::from_mins(minutes));
        let fix = format!("soak = \"{soak}\" or longer");
        Broken::new(format!("track.{}.soak", track.name), message, fix)
    })
}

pub(super) const FMP049: Rule = Rule {
    reason: Reason {
        id: "FMP049",
        why: "a class has one rollout at a time, and of two on one day one has to wait",
        source: "general practice",
    },
    severity: Severity::Error,
    statement: "No two tracks release on the same day by rule.",
    judge: tracks_apart,
};

fn tracks_apart(case: &Case<'_>) -> Vec<Broken> {
    let dated = |track: &Track| Some((track.name, turn(track.cadence?)?));
    let dated: Vec<_> = case.plan.tracks.each().filter_map(dated).collect();
    let clashes = dated
        .iter()
        .enumerate()
        .filter_map(|(index, (name, turn))| {
            let mut earlier = dated.iter().take(index);
            let (other, _) = earlier.find(|(_, other)| may_meet(*other, *turn))?;
            let message = format!("The {name} track releases on a day of the {other} track.");
            let fix = "another week or weekday for one of the two";
            Some(Broken::new(format!("track.{name}.every"), message, fix))
        });
    clashes.collect()
}

/// Which day of its month it is. A quarter's first month is a month, too.
fn turn(cadence: Cadence) -> Option<(i8, Weekday)> {
    match cadence {
        Cadence::Monthly { nth, weekday } | Cadence::Quarterly { nth, weekday } => {
            Some((nth, weekday))
        }
        Cadence::Emergency => None,
    }
}

/// Whether both are the same day in some month: the last of a weekday is the fourth, or the fifth.
fn may_meet(one: (i8, Weekday), other: (i8, Weekday)) -> bool {
    let nths = [one.0.min(other.0), one.0.max(other.0)];
    one.1 == other.1 && (nths[0] == nths[1] || nths == [-1, 4])
}

pub(super) const FMP053: Rule = Rule {
    reason: Reason {
        id: "FMP053",
        why: "a promise that the plan's own waiting times break is broken at every release",
        source: "CISA BOD 26-04",
    },
    severity: Severity::Error,
    statement: "What a track promises in fleet_within is no less than its waves take: each with the \
         longest wait for a window, the spreading and the horizon, and between them a soak, or the \
         comparison with devices held back if that is longer. Where \
         the hotfix track states an emergency's deadline, building, gates and rollout take no \
         longer, whenever in the year it begins.",
    judge: promises_fit,
};

fn promises_fit(case: &Case<'_>) -> Vec<Broken> {
    let tracks = case.plan.tracks.each();
    let slow = tracks.filter_map(|track| too_slow(case, track));
    slow.chain(misses_its_deadline(case)).collect()
}

/// The emergency path, from today on; without a day nobody knows which holidays lie ahead. A path that has no end keeps no deadline.
fn misses_its_deadline(case: &Case<'_>) -> Option<Broken> {
    let today = case.facts.as_of?.to_zoned_datetime(TimeZone::UTC).ok()?;
    let places = emergency::assumed_places(case.plan);
    let (message, fix) = match emergency::longest(case.plan, &places, today.timestamp()) {
        Ok(path) if path.is_in_time() => return None,
        Err(Stuck::NotStated | Stuck::Nowhere) => return None,
        Ok(path) => (
            late(&path),
            "shorter waits; `mainstay plan emergency` tells each of them",
        ),
        Err(stuck @ Stuck::GivenUp { .. }) => {
            let fix = "a longer `give_up_after`, or windows on more days";
            (format!("No deadline is kept: {stuck}."), fix)
        }
        Err(stuck) => (
            format!("No deadline is kept: {stuck}."),
            "open windows on more days, freeze fewer, or shorten soak and horizons",
        ),
    };
    let message = message + &not_counted(case);
    Some(Broken::new("track.hotfix.emergency", message, fix))
}

fn late(path: &Path) -> String {
    let [takes, deadline] = [path.takes_s, path.deadline_s].map(SignedDuration::from_secs);
    format!(
        "An emergency that begins at {} takes {takes:#}, and its deadline is {deadline:#}.",
        path.starts
    )
}

/// What this plan may make an emergency wait for on top, as sentences; none where it is what may come under every plan.
fn not_counted(case: &Case<'_>) -> String {
    let all = emergency::not_counted(case.plan).into_iter();
    let own = all.filter(|wait| !wait.wait.is_every_plans());
    own.map(|wait| format!(" Not counted: {}.", wait.what))
        .collect()
}

fn too_slow(case: &Case<'_>, track: &Track) -> Option<Broken> {
    let promised = track.fleet_within?;
    let rollout = &case.plan.rollout;
    let turn = rollout
        .window
        .longest_pause()
        .saturating_add(rollout.jitter);
    let horizon = case.plan.health.install.horizon;
    let rests = horizon.saturating_add(track.soak);
    let compared = emergency::comparison(case.plan).filter(|compared| *compared > rests);
    let rests = compared.unwrap_or(rests);
    let waves = i32::try_from(track.waves.len()).unwrap_or(i32::MAX);
    let takes = turn
        .saturating_mul(waves)
        .saturating_add(rests.saturating_mul(waves - 1))
        .saturating_add(horizon);
    (takes > promised).then(|| {
        let message = format!(
            "The {} track promises {promised:#}, and its {waves} waves take up to {takes:#}, holidays apart.",
            track.name
        );
        let fix = format!(
            "fleet_within = \"{}h\", or a longer window, fewer waves, {}",
            takes.as_hours() + i64::from(takes > SignedDuration::from_hours(takes.as_hours())),
            shorter_rests(case.plan, compared.is_some())
        );
        Broken::new(format!("track.{}.fleet_within", track.name), message, fix)
    })
}

/// What makes the rests between waves shorter: where all wait for the comparison, not the soak.
fn shorter_rests(plan: &Plan, is_comparison: bool) -> &'static str {
    let read = plan.health.soft.iter().map(|signal| signal.horizon).max();
    match is_comparison {
        false => "a shorter soak",
        true if read > Some(plan.health.install.horizon) => "a shorter horizon of the soft signals",
        // Silence is listened for at the horizon of the installation, and for some polls more.
        true => "a shorter poll",
    }
}
