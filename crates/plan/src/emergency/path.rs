//! What is waited for from one beginning, one step after the other. Read [`Path`].

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::nights::{Night, Nights, Place};
use crate::plan::Plan;
use crate::track::{Emergency, Track, Wave};
use crate::window::{Closed, WindowState};

/// For so long after its beginning a path is followed; one that isn't over then is told as far as it goes. Explicit freezes cover
/// a year at most.
pub(super) const FOLLOWED_DAYS: i64 = 500;

/// A server looks after its rollouts at least once a minute: once to see that a wave has passed, once to open the next.
const LOOKS: SignedDuration = SignedDuration::from_mins(2);

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
}

/// What stays the same for all beginnings.
pub(super) struct Terms<'p> {
    plan: &'p Plan,
    track: &'p Track,
    emergency: Emergency,
    places: &'p [Place],
    nights: Vec<Nights>,
}

impl<'p> Terms<'p> {
    /// The terms of `plan`, for beginnings from `from` to `to`; none if it has no hotfix track that says what an emergency takes.
    pub fn of(plan: &'p Plan, places: &'p [Place], from: Timestamp, to: Timestamp) -> Option<Self> {
        let track = plan.tracks.hotfix.as_ref()?;
        let to = later(to, SignedDuration::from_hours(FOLLOWED_DAYS * 24));
        let nights = |place| Nights::between(&plan.rollout, place, from, to);
        Some(Self {
            plan,
            track,
            emergency: track.emergency?,
            nights: places.iter().map(nights).collect(),
            places,
        })
    }

    /// When the path from `starts` ends; none if it isn't followed so far.
    pub fn ends(&self, starts: Timestamp) -> Option<Timestamp> {
        let mut now = self.rolls_out(starts);
        for wave in 0..self.track.waves.len() {
            let (turn, _) = self.slowest(now)?;
            now = self.judged(turn.begins);
            if !self.is_last(wave) {
                now = later(now, self.track.soak);
            }
        }
        Some(now)
    }

    fn rolls_out(&self, starts: Timestamp) -> Timestamp {
        later(later(starts, self.emergency.build), self.emergency.gates)
    }

    fn is_last(&self, wave: usize) -> bool {
        wave + 1 >= self.track.waves.len()
    }

    /// When the last device that began at `begins` counts: it was heard of at or after its horizon, having confirmed.
    fn judged(&self, begins: Timestamp) -> Timestamp {
        let confirms = self.plan.classes.iter();
        let confirms = confirms.map(|class| class.revert.confirm_within).max();
        let horizon = self.plan.health.install.horizon;
        let horizon = horizon.max(confirms.unwrap_or_default());
        later(later(later(begins, horizon), self.plan.rollout.poll), LOOKS)
    }

    /// The last turn of all zones in a wave that opens at `opened`, and the number of its zone.
    fn slowest(&self, opened: Timestamp) -> Option<(Turn, usize)> {
        let turns = (0..).zip(&self.nights).map(|(place, nights)| {
            let turn = self.turn(nights, opened)?;
            Some((turn, place))
        });
        let turns: Option<Vec<_>> = turns.collect();
        turns?.into_iter().max_by_key(|(turn, _)| turn.begins)
    }

    /// The last turn of one zone's devices: one hears of the wave at its next poll, and comes at its own time in the window that is
    /// open then, or in the next.
    fn turn(&self, nights: &Nights, opened: Timestamp) -> Option<Turn> {
        let rules = &self.plan.rollout;
        let hears = later(opened, rules.poll);
        let Night { since, until } = nights.at(hears)?;
        let waits = hears.max(since);
        let since = match rules.window.never_closes() {
            true => opened,
            false => since.max(opened),
        };
        let spread = rules.jitter.min(until.duration_since(since));
        let begins = later(since, spread).max(waits);
        Some(Turn {
            hears,
            waits,
            begins,
        })
    }
}

/// The last device of a zone.
struct Turn {
    /// When it hears of its wave.
    hears: Timestamp,
    /// Until when its window is closed.
    waits: Timestamp,
    /// When it begins.
    begins: Timestamp,
}

/// The path from `starts`; none if the plan has no hotfix track that says what an emergency takes, nobody stands anywhere, or
/// windows stay closed for longer than a path is followed.
#[must_use]
pub fn path(plan: &Plan, places: &[Place], starts: Timestamp) -> Option<Path> {
    let terms = Terms::of(plan, places, starts, starts)?;
    follow(&terms, starts)
}

/// As [`path`], by terms that are known.
pub(super) fn follow(terms: &Terms<'_>, starts: Timestamp) -> Option<Path> {
    let emergency = terms.emergency;
    let mut steps = Steps::from(starts);
    steps.take(emergency.build, Stage::Build, "write and build the fix");
    steps.take(emergency.gates, Stage::Gates, "its gates, and approval");
    for (number, wave) in terms.track.waves.iter().enumerate() {
        let (turn, place) = terms.slowest(steps.now)?;
        let wave = name(*wave);
        steps.until(
            turn.hears,
            Stage::Poll,
            format!("{wave}: devices hear of it"),
        );
        let closed = terms.closed(turn.hears, place);
        steps.until(turn.waits, Stage::Window, format!("{wave}: {closed}"));
        steps.until(
            turn.begins,
            Stage::Spread,
            format!("{wave}: the last device's turn"),
        );
        let judged = terms.judged(turn.begins);
        steps.until(
            judged,
            Stage::Horizon,
            format!("{wave}: its horizon, and its next poll"),
        );
        if !terms.is_last(number) {
            steps.take(terms.track.soak, Stage::Soak, &format!("{wave}: soak"));
        }
    }
    Some(steps.path(emergency.deadline))
}

impl Terms<'_> {
    /// Why the window of this zone is closed at `now`.
    fn closed(&self, now: Timestamp, place: usize) -> String {
        let Some(place) = self.places.get(place) else {
            return String::new();
        };
        let because = match place.state(&self.plan.rollout, now) {
            WindowState::Open { .. } => return String::new(),
            WindowState::Opens { because, .. } => because,
        };
        let because = match because {
            Closed::OutsideHours => String::new(),
            Closed::Day => ", not open on that day".to_owned(),
            Closed::Blackout(name) => format!(", {name}"),
            Closed::ClockChange => ", skipped where clocks jump".to_owned(),
        };
        format!("the window in {}{because}", place.zone)
    }
}

/// `canary` or `wave to 10 %`.
fn name(wave: Wave) -> String {
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
        let from = std::mem::replace(&mut self.now, until);
        if from < until {
            let what = what.to_string();
            self.steps.push(Step {
                from,
                until,
                stage,
                what,
            });
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

/// `span` after `at`; the end of time if there is no such instant.
pub(super) fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
