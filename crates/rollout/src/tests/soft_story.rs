//! One wave that is compared with devices held back, and how it is read: what the tests of soft signals tell their stories with.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mainstay_plan::{SignalName, SoftSignal};

use crate::control::Pair;
use crate::readings::wanted;
use crate::rollout::Rollout;
use crate::soft::{SoftComparison, SoftVerdict};
use crate::testing::{NEW, at, confirm, waves_of};
use crate::view::{DeviceView, FleetView, SoftReading};
use crate::{Action, DeviceId, Wait, step};

pub(super) const HOURS: i64 = 60;

/// Two days after the canary began, and some minutes: everybody has been read.
pub(super) const READ: i64 = 48 * HOURS + 60;

pub(super) fn rule(name: SignalName) -> SoftSignal {
    SoftSignal {
        name,
        worse_by_at_most: 10,
        horizon: SignedDuration::from_hours(48),
    }
}

/// A rollout under a plan that compares battery drain.
pub(super) struct Story {
    pub(super) rollout: Rollout,
    pub(super) view: FleetView,
}

impl Story {
    pub(super) fn of(sizes: &[usize]) -> Self {
        let (mut rollout, mut view) = waves_of(sizes);
        rollout.rules.soft = vec![rule(SignalName::Battery)];
        view.readings = Some(Vec::new());
        Self { rollout, view }
    }

    /// A canary that began at once, but for `late` of its devices, and is well.
    pub(super) fn begun(sizes: &[usize], late: usize) -> Self {
        let mut story = Self::of(sizes);
        assert_eq!(story.step(0), "open0");
        let pairs = story.pairs();
        let late: BTreeSet<_> = pairs.iter().take(late).map(|p| p.treated.clone()).collect();
        let canary = story.view.devices.iter_mut().filter(|d| d.wave == 0);
        for device in canary {
            let began = if late.contains(&device.id) { 600 } else { 1 };
            confirm(device, began, READ + 10 * HOURS);
        }
        story
    }

    pub(super) fn step(&mut self, minutes: i64) -> String {
        let outcome = step(&self.rollout, &self.view, at(minutes));
        self.rollout = outcome.rollout;
        let name = |action: &Action| match action {
            Action::OpenWave { wave } => format!("open{wave}"),
            Action::Halt { .. } => "halt".to_owned(),
            Action::OpenIncident(evidence) => format!("incident({})", evidence.failed),
            Action::AskHuman(question) => question.id().to_owned(),
            Action::Complete => "complete".to_owned(),
            Action::Return { .. } | Action::CannotReturn { .. } => String::new(),
        };
        outcome
            .actions
            .iter()
            .map(name)
            .collect::<Vec<_>>()
            .join(" ")
            .trim_end()
            .to_owned()
    }

    pub(super) fn wait(&self, minutes: i64) -> Wait {
        step(&self.rollout, &self.view, at(minutes)).waits.remove(0)
    }

    pub(super) fn pairs(&self) -> Vec<Pair> {
        self.rollout.waves[0].controls.pairs.clone()
    }

    /// Hands the readings that are wanted up to `minutes`: what `drain` says of a device, by its number and by whether it runs the candidate.
    pub(super) fn read(&mut self, minutes: i64, drain: impl Fn(usize, bool) -> u32) {
        let due = wanted(&self.rollout, &self.view);
        let due = due.into_iter().filter(|wanted| wanted.at <= at(minutes));
        let of = |wanted: crate::readings::Wanted| {
            let mut devices = self.view.devices.iter();
            let n = devices
                .position(|d| d.id == wanted.device)
                .expect("enrolled");
            SoftReading {
                milli: drain(n, self.view.devices[n].runs(NEW)),
                device: wanted.device,
                signal: wanted.signal,
                at: wanted.at,
            }
        };
        let readings = due.map(of).collect();
        self.view.readings = Some(readings);
    }

    pub(super) fn device(&mut self, id: &DeviceId) -> &mut DeviceView {
        let mut devices = self.view.devices.iter_mut();
        devices.find(|d| d.id == *id).expect("enrolled")
    }

    pub(super) fn signal(&self) -> &SoftComparison {
        &self.rollout.waves[0].controls.signals[0]
    }

    pub(super) fn verdict(&self) -> SoftVerdict {
        self.signal().verdict
    }

    pub(super) fn verdict_of(&self, name: SignalName) -> SoftVerdict {
        let mut signals = self.rollout.waves[0].controls.signals.iter();
        signals.find(|c| c.signal == name).expect("begun").verdict
    }
}

/// From 18 to 22 thousandths a day, whoever it is.
pub(super) fn ordinary(n: usize) -> u32 {
    18_000 + 1_000 * (n as u32 * 7 % 5)
}
