//! What a campaign knows of a unit from watching it, to be held against what the unit says.
//!
//! A release counts as confirmed here from the moment at which the unit has said so and gone on: from then on
//! nothing may take it back. A cut within the confirmation leaves it open until the next boot.

use mainstay_device::Record;
use mainstay_protocol::BootReason;
use mainstay_trust::Digest;

use crate::scenario::Stage;
use crate::unit::Unit;

/// What has happened so far, for certain.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The release that is confirmed, by index.
    pub confirmed: Option<usize>,
    /// The release that was on trial when the unit was last seen: a cut may have come right after it was
    /// confirmed.
    pub candidate: Option<usize>,
    /// Whether the confirmed one was confirmed under our eyes, and not by the factory.
    pub was_seen_confirming: bool,
    /// The highest floor of a release that was confirmed.
    pub floor: u64,
    /// The highest version of a root that the unit has said it holds.
    pub root_version: u32,
    /// The highest number of revocations that it has said it holds.
    pub revocations: u64,
    /// Whether the scenario has damaged the confirmed image since it was confirmed.
    pub is_damaged: bool,
}

impl History {
    /// The history of a unit that comes from the factory.
    #[must_use]
    pub fn of(stage: &Stage) -> Self {
        let floor = stage.factory.map_or(0, |index| stage.releases[index].floor);
        Self {
            confirmed: stage.factory,
            floor,
            ..Self::default()
        }
    }

    /// Takes note of what a boot loader decided, by the record that it left. `running` is what really runs.
    pub fn note_boot(
        &mut self,
        stage: &Stage,
        record: &Record,
        reason: BootReason,
        running: Option<usize>,
    ) {
        if record.trial.is_none() {
            self.settle(stage, record.confirmed_manifest);
        }
        if reason == BootReason::Confirmed && running.is_some() && running == self.confirmed {
            self.is_damaged = false;
        }
        if reason == BootReason::Trial {
            self.candidate = running;
        }
    }

    /// Takes note of what a unit that is up has done.
    pub fn note_up(&mut self, stage: &Stage, unit: &Unit) {
        if unit.is_on_trial() {
            self.candidate = index_of(stage, unit.running_release());
        } else if unit.record().trial.is_none() {
            self.settle(stage, unit.record().confirmed_manifest);
            if unit.boot_reason() == BootReason::Trial {
                self.is_damaged = false;
            }
        }
        self.root_version = self.root_version.max(unit.root_version());
        let held = unit.revocations().map_or(0, |held| held.seq);
        self.revocations = self.revocations.max(held);
    }

    /// Whatever was on trial is confirmed, or given up.
    fn settle(&mut self, stage: &Stage, confirmed: Digest) {
        let Some(candidate) = self.candidate.take() else {
            return;
        };
        if stage.releases[candidate].manifest == confirmed {
            self.confirmed = Some(candidate);
            self.was_seen_confirming = true;
            self.floor = self.floor.max(stage.releases[candidate].floor);
        }
    }
}

/// Which release this is, if it is one of the stage.
#[must_use]
pub fn index_of(stage: &Stage, manifest: Option<Digest>) -> Option<usize> {
    let mut releases = stage.releases.iter();
    releases.position(|release| Some(release.manifest) == manifest)
}
