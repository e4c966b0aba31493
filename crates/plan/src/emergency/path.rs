//! What is waited for from one beginning, one step after the other. Read [`Path`].

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::nights::Place;
use super::stuck::Stuck;
use super::terms::{Terms, Waits, later};
use crate::plan::Plan;
use crate::track::Wave;

/// From the beginning of an emergency to its fix on every device, each wait at its longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// When somebody begins.
    pub starts: Timestamp,
    /// When the last device has the fix, and was heard of at its horizon.
    pub ends: Timestamp,
    /// From the one to the other, in seconds.
    pub takes_s: i64,
    /// What the plan allows for it, in seconds.
    pub deadline_s: i64,
    /// How much earlier it ends, in seconds; below zero if it comes too late.
    pub slack_s: i64,
    /// What is waited for, in order, without gaps.
    pub steps: Vec<Step>,
}

impl Path {
    /// Whether the fix arrives in time.
    #[must_use]
    pub fn is_in_time(&self) -> bool {
        self.slack_s >= 0
    }
}

/// One wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// For what.
    pub stage: Stage,
    /// What for, in words.
    pub what: String,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The fix.
    Build,
    /// Evidence and approval.
    Gates,
    /// The next poll of a device, at which it hears of its wave.
    Poll,
    /// The window of the slowest zone.
    Window,
    /// The turn of the last device in it.
    Spread,
    /// The horizon at which it is judged, and its next poll.
    Horizon,
    /// The soak of a wave that passed.
    Soak,
    /// What the soak leaves of the comparison with devices held back: soft signals and silence, read at their own horizon.
    Comparison,
}

/// The path from `starts`.
///
/// # Errors
/// If the plan's hotfix track doesn't say what an emergency takes, nobody stands anywhere, devices are given up before their turn, or
/// windows stay closed for longer than a path is followed.
pub fn path(plan: &Plan, places: &[Place], starts: Timestamp) -> Result<Path, Stuck> {
    let terms = Terms::of(plan, places, starts, starts)?;
    follow(&terms, starts)
}

/// As [`path`], by terms that are known.
pub(super) fn follow(terms: &Terms<'_>, starts: Timestamp) -> Result<Path, Stuck> {
    let emergency = terms.emergency();
    let mut steps = Steps::from(starts);
    steps.take(emergency.build, Stage::Build, "write and build the fix");
    steps.take(emergency.gates, Stage::Gates, "its gates, and approval");
    for (number, wave) in terms.waves().iter().enumerate() {
        let waits = terms.wave(number, steps.now);
        let waits = waits.map_err(|missed| missed.from(starts))?;
        let closed = terms.closed(&waits);
        steps.wave(&name(*wave), &waits, &closed);
    }
    Ok(steps.path(emergency.deadline))
}

/// `canary` or `wave to 10 %`.
pub(super) fn name(wave: Wave) -> String {
    match wave {
        Wave::Canary => "canary".to_owned(),
        Wave::Percent(_) => format!("wave to {wave}"),
    }
}

/// Steps that follow each other without gaps.
struct Steps {
    starts: Timestamp,
    now: Timestamp,
    steps: Vec<Step>,
}

impl Steps {
    fn from(starts: Timestamp) -> Self {
        Self {
            starts,
            now: starts,
            steps: Vec::new(),
        }
    }

    fn take(&mut self, span: SignedDuration, stage: Stage, what: &str) {
        self.until(later(self.now, span), stage, what);
    }

    /// A step that takes no time isn't told.
    fn until(&mut self, until: Timestamp, stage: Stage, what: impl fmt::Display) {
        let from = self.now;
        if from < until {
            self.now = until;
            let what = what.to_string();
            self.steps.push(Step {
                from,
                until,
                stage,
                what,
            });
        }
    }

    /// All that is waited for in one wave.
    fn wave(&mut self, wave: &str, waits: &Waits, closed: &str) {
        let Waits { turn, judged, .. } = waits;
        let mut until = |until, stage, what: &str| {
            self.until(until, stage, format_args!("{wave}: {what}"));
        };
        until(turn.hears, Stage::Poll, "devices hear of it");
        until(turn.waits, Stage::Window, closed);
        until(turn.begins, Stage::Spread, "the last device's turn");
        until(*judged, Stage::Horizon, "its horizon, and its next poll");
        if let Some(rested) = waits.rested {
            until(rested, Stage::Soak, "soak");
        }
        if let Some(compared) = waits.compared {
            let what = "compared with devices held back";
            until(compared, Stage::Comparison, what);
        }
    }

    fn path(self, deadline: SignedDuration) -> Path {
        let takes = self.now.duration_since(self.starts);
        Path {
            starts: self.starts,
            ends: self.now,
            takes_s: takes.as_secs(),
            deadline_s: deadline.as_secs(),
            slack_s: deadline.saturating_sub(takes).as_secs(),
            steps: self.steps,
        }
    }
}
