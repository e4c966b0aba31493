//! A rollout for pages: each wave counted, with the path of its test.
//!
//! Read [`Summary`].

use jiff::Timestamp;
use mainstay_rollout::monitor::replay;
use mainstay_rollout::returns::Returns;
use mainstay_rollout::score::Tally;
use mainstay_rollout::sprt::{Bounds, Point};
use mainstay_rollout::{FleetView, Grounds, Monitor, Progress, Rollout};
use serde::{Deserialize, Serialize};

/// A rollout as pages show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Each wave, in order.
    pub waves: Vec<WaveHealth>,
    /// How many devices have ever run the candidate, be it for one failed boot.
    pub ever_ran: u32,
    /// After a halt: how far the devices have come back.
    pub returns: Returns,
}

/// One wave, counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaveHealth {
    /// Its place, from 0.
    pub wave: usize,
    /// What the plan calls it: `canary`, `10 %`.
    pub name: String,
    /// When it opened.
    pub opened_at: Option<Timestamp>,
    /// When the next one opened, or the rollout ended.
    pub closed_at: Option<Timestamp>,
    /// On what grounds it passed.
    pub grounds: Option<Grounds>,
    /// Its members by score.
    pub tally: Tally,
    /// Its members by where they are now.
    pub stages: Stages,
    /// The verdict of its test.
    pub monitor: Monitor,
    /// The path of its test, from the origin on.
    pub path: Vec<Point>,
    /// Between which bounds the path runs.
    pub bounds: Bounds,
}

/// Members of a wave, by where they are now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stages {
    /// Not offered the candidate yet, or offered and not begun.
    pub waiting: u32,
    /// Fetching or installing.
    pub installing: u32,
    /// Trying it out.
    pub on_trial: u32,
    /// Confirmed: these count as updated.
    pub verified: u32,
    /// Failed, scored or not.
    pub failed: u32,
    /// Refused it.
    pub refused: u32,
    /// Back, or on the way, or stranded.
    pub returned: u32,
}

impl Stages {
    fn count(&mut self, progress: &Progress) {
        *match progress {
            Progress::Waiting | Progress::Promised { .. } => &mut self.waiting,
            Progress::Began { .. } => &mut self.installing,
            Progress::OnTrial { .. } => &mut self.on_trial,
            Progress::Confirmed { .. } => &mut self.verified,
            Progress::Failed { .. } => &mut self.failed,
            Progress::Refused { .. } => &mut self.refused,
            Progress::Returning { .. }
            | Progress::Returned { .. }
            | Progress::CannotReturn { .. } => &mut self.returned,
        } += 1;
    }
}

/// Counts a rollout as it stands at `now`.
#[must_use]
pub fn summary(rollout: &Rollout, view: &FleetView, now: Timestamp) -> Summary {
    let waves = 0..rollout.waves.len();
    let ran = view.devices.iter().filter(|d| d.progress.ran_it()).count();
    Summary {
        waves: waves.map(|n| wave_health(rollout, view, n, now)).collect(),
        ever_ran: u32::try_from(ran).unwrap_or(u32::MAX),
        returns: Returns::of(rollout, view),
    }
}

fn wave_health(rollout: &Rollout, view: &FleetView, wave: usize, now: Timestamp) -> WaveHealth {
    let state = &rollout.waves[wave];
    let test = replay(rollout, view, wave, now);
    let mut stages = Stages::default();
    view.wave(wave).for_each(|d| stages.count(&d.progress));
    WaveHealth {
        wave,
        name: state.wave.to_string(),
        opened_at: state.opened_at,
        closed_at: state.closed_at,
        grounds: state.passed.as_ref().map(|passed| passed.grounds.clone()),
        tally: Tally::of(rollout, view, wave, now),
        stages,
        monitor: state.monitor.clone(),
        path: test.path().to_vec(),
        bounds: test.bounds(),
    }
}
