//! A rollout for pages: each wave counted, with the path of its test.
//!
//! Read [`Summary`], then [`Counting`].

use jiff::Timestamp;
use mainstay_rollout::monitor::replay;
use mainstay_rollout::returns::Returns;
use mainstay_rollout::score::Tally;
use mainstay_rollout::sprt::{Bounds, Point};
use mainstay_rollout::{
    DeviceView, FleetView, Glance, Grounds, Monitor, Progress, Rollout, SoftReading, Sprt,
};
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

/// Counts a rollout as it stands at `now`, with all of its devices in memory.
#[must_use]
pub fn summary(rollout: &Rollout, view: &FleetView, now: Timestamp) -> Summary {
    let ran = view.devices.iter().filter(|d| d.progress.ran_it()).count();
    let wave = |n| {
        let mut stages = Stages::default();
        view.wave(n).for_each(|d| stages.count(&d.progress));
        let tally = Tally::of(rollout, view, n, now);
        wave_health(rollout, n, &replay(rollout, view, n, now), tally, stages)
    };
    Summary {
        waves: (0..rollout.waves.len()).map(wave).collect(),
        ever_ran: u32::try_from(ran).unwrap_or(u32::MAX),
        returns: Returns::of(rollout, view),
    }
}

/// The same while its devices are walked over: none of them is kept but as [`Glance`] does.
#[derive(Debug, Clone)]
pub struct Counting {
    glance: Glance,
    stages: Vec<Stages>,
    ever_ran: u32,
    is_first_walk: bool,
}

impl Counting {
    /// Before the first device is shown; as [`Glance::new`].
    #[must_use]
    pub fn new(rollout: &Rollout, readings: Option<Vec<SoftReading>>, at: Timestamp) -> Self {
        Self {
            glance: Glance::new(rollout, readings, at),
            stages: vec![Stages::default(); rollout.waves.len()],
            ever_ran: 0,
            is_first_walk: true,
        }
    }

    /// Shows it a device, each once in a walk; whether it is counted by that, as in a first walk.
    pub fn add(&mut self, rollout: &Rollout, device: &DeviceView) -> bool {
        self.glance.add(rollout, device);
        if self.is_first_walk {
            self.ever_ran += u32::from(device.progress.ran_it());
            if let Some(stages) = self.stages.get_mut(device.wave) {
                stages.count(&device.progress);
            }
        }
        self.is_first_walk
    }

    /// All devices were shown. Whether they must be shown once more ([`Glance::ends_walk`]).
    #[must_use]
    pub fn ends_walk(&mut self) -> bool {
        self.is_first_walk = false;
        self.glance.ends_walk()
    }

    /// Why the rollout isn't further, and as of when devices were judged.
    #[must_use]
    pub fn glance(&self) -> &Glance {
        &self.glance
    }

    /// What was counted, of the rollout as it is by now.
    #[must_use]
    pub fn summary(&self, rollout: &Rollout) -> Summary {
        let waves = 0..self.stages.len().min(rollout.waves.len());
        let wave = |n| {
            let test = self.glance.path_of(n)?;
            let tally = self.glance.tally(n);
            Some(wave_health(rollout, n, test, tally, self.stages[n]))
        };
        Summary {
            waves: waves.filter_map(wave).collect(),
            ever_ran: self.ever_ran,
            returns: self.glance.returns(),
        }
    }
}

fn wave_health(
    rollout: &Rollout,
    wave: usize,
    test: &Sprt,
    tally: Tally,
    stages: Stages,
) -> WaveHealth {
    let state = &rollout.waves[wave];
    WaveHealth {
        wave,
        name: state.wave.to_string(),
        opened_at: state.opened_at,
        closed_at: state.closed_at,
        grounds: state.passed.as_ref().map(|passed| passed.grounds.clone()),
        tally,
        stages,
        monitor: state.monitor.clone(),
        path: test.path().to_vec(),
        bounds: test.bounds(),
    }
}
