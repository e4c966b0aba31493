//! What the servers' database says when all is over, to be compared with what was seen. Read [`Truth`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::seen::{DeviceNumber, ReleaseNumber};

/// How a rollout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Complete.
    Complete,
    /// Halted.
    Halted,
    /// Not at all, or otherwise.
    Neither,
}

/// One rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it carried.
    pub release: ReleaseNumber,
    /// How it ended.
    pub ending: Ending,
    /// When each wave opened; none if it never did.
    pub opened: Vec<Option<Timestamp>>,
    /// The wave of each device that is enrolled.
    pub waves: BTreeMap<DeviceNumber, usize>,
    /// Who counts as updated.
    pub updated: BTreeSet<DeviceNumber>,
    /// How many devices the API said are updated.
    pub updated_by_api: usize,
}

/// What is kept of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its reports, by [`crate::seen::Event`]'s names; each as often as it is there.
    pub events: Vec<(String, ReleaseNumber)>,
    /// What it runs and has confirmed, by the store; none if it hasn't said, or runs something on trial.
    pub runs: Option<ReleaseNumber>,
    /// The same by the API.
    pub runs_by_api: Option<ReleaseNumber>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// The rollouts.
    pub rollouts: Vec<Told>,
    /// What is kept of each device, by its number.
    pub devices: Vec<Kept>,
    /// What each device runs and has confirmed, by itself; none for one that is in the midst of something.
    pub really_run: Vec<Option<ReleaseNumber>>,
    /// The devices that are real cores: what they said in between wasn't noted.
    pub real: BTreeSet<DeviceNumber>,
}

impl Truth {
    /// The rollout that carried this release.
    #[must_use]
    pub fn rollout_of(&self, release: ReleaseNumber) -> Option<&Told> {
        self.rollouts.iter().find(|told| told.release == release)
    }
}
