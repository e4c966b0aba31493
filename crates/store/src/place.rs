//! A device's place in a rollout, as a promise finds it; the same for every back end.

use jiff::Timestamp;
use mainstay_fleet::ReleaseDigest;
use mainstay_rollout::{Kind, Phase, Progress, Rollout, has_lapsed};

use crate::values::{from_json, release_digest};
use crate::{StoreError, TimelineKind};

/// A device's place in a rollout, both as they are by now: other servers have made promises too.
pub(crate) struct Place {
    pub(crate) rollout: Rollout,
    pub(crate) device: i64,
    pub(crate) progress: Progress,
    running: Option<ReleaseDigest>,
}

/// Rollout, key of the device, its progress, what it runs.
pub(crate) type Row = (String, i64, String, Option<Vec<u8>>);

impl Place {
    /// The place in a row.
    pub(crate) fn read((rollout, device, progress, running): Row) -> Result<Self, StoreError> {
        Ok(Self {
            rollout: from_json("rollout", &rollout)?,
            device,
            progress: from_json("enrolment", &progress)?,
            running: release_digest("device", running)?,
        })
    }

    /// Whether it runs the candidate, and whether the rollout is halted.
    pub(crate) fn facts(&self) -> (bool, bool) {
        let runs_it = self.running == Some(self.rollout.candidate.release);
        (runs_it, matches!(self.rollout.phase, Phase::Halted { .. }))
    }

    /// What the device has of its rollout. A promise that lapsed is none: it is counted again when it is made again.
    pub(crate) fn standing(&self, at: Timestamp) -> Progress {
        match has_lapsed(&self.rollout, &self.progress, at) {
            true => Progress::Waiting,
            false => self.progress.clone(),
        }
    }
}

/// What a timeline says of a promise: `name` is what people call the release.
pub(crate) fn told(kind: Kind, name: &str) -> (TimelineKind, String) {
    match kind {
        Kind::Forward => (TimelineKind::Promised, format!("was promised {name}")),
        Kind::Return => (
            TimelineKind::Returning,
            format!("was told to go back to {name}"),
        ),
    }
}

/// What a timeline says of who was drawn into each wave.
pub(crate) fn drawn(rollout: &Rollout) -> Vec<String> {
    let version = &rollout.candidate.version;
    let waves = rollout.rules.waves.iter();
    waves
        .map(|wave| format!("was drawn into the {wave} wave for {version}"))
        .collect()
}
