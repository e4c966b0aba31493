//! What pages and the API tell of a rollout's devices: drawn while they are walked over, and small however many there are. Read [`Picture`].

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use jiff::Timestamp;
use mainstay_report::{DEVICE_ROWS_MAX, EnrolledDevice, WaveBar};
use mainstay_rollout::{
    ClassVersions, DeviceId, DeviceView, FleetView, Progress, Rollout, SoftReading, Wait,
};
use mainstay_telemetry::{Counting, Summary};

use super::charts::{place, wave_bar};
use super::rollout::{enrolled, rank};

/// A rollout's devices, as they are told.
#[derive(Debug, Clone)]
pub struct Picture {
    counting: Counting,
    others: Option<Vec<ClassVersions>>,
    bars: Vec<WaveBar>,
    shown: Vec<EnrolledDevice>,
    devices: u32,
    returned: u32,
    run_it: u32,
}

impl Picture {
    /// Of devices that are in memory.
    #[must_use]
    pub fn of(rollout: &Rollout, fleet: &FleetView, now: Timestamp) -> Self {
        let readings = fleet.readings.clone().unwrap_or_default();
        let mut drawing = Drawing::new(rollout, readings, now);
        loop {
            let devices = fleet.devices.iter();
            devices.for_each(|device| drawing.add(rollout, device));
            if !drawing.ends_walk() {
                return drawing.done(fleet.others.clone());
            }
        }
    }

    /// As of when the devices were judged.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.counting.glance().at()
    }

    /// Each wave, counted, of the rollout as it is by now.
    #[must_use]
    pub fn summary(&self, rollout: &Rollout) -> Summary {
        self.counting.summary(rollout)
    }

    /// Why the rollout, as it is by now, isn't further.
    #[must_use]
    pub fn waits(&self, rollout: &Rollout, now: Timestamp) -> Vec<Wait> {
        let glance = self.counting.glance();
        glance.waits(rollout, self.others.clone(), now)
    }

    /// The waves; every member is counted in exactly one field.
    #[must_use]
    pub fn bars(&self) -> &[WaveBar] {
        &self.bars
    }

    /// The devices that people look at first, at most [`DEVICE_ROWS_MAX`]: those that went wrong, then those under way.
    #[must_use]
    pub fn shown(&self) -> &[EnrolledDevice] {
        &self.shown
    }

    /// How many devices there are.
    #[must_use]
    pub fn devices(&self) -> u32 {
        self.devices
    }

    /// How many have come back from it.
    #[must_use]
    pub fn returned(&self) -> u32 {
        self.returned
    }

    /// How many run the candidate, by their own word.
    #[must_use]
    pub fn run_it(&self) -> u32 {
        self.run_it
    }
}

/// A picture that isn't done.
pub struct Drawing {
    counting: Counting,
    bars: Vec<WaveBar>,
    first: BinaryHeap<Shown>,
    devices: u32,
    returned: u32,
    run_it: u32,
}

/// A device that may be shown; those that come first are least.
struct Shown {
    place: (u8, DeviceId),
    row: EnrolledDevice,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Shown {}

impl Ord for Shown {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl PartialOrd for Shown {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Drawing {
    /// Before the first device is shown; they are judged as of `at`.
    #[must_use]
    pub fn new(rollout: &Rollout, readings: Vec<SoftReading>, at: Timestamp) -> Self {
        Self {
            counting: Counting::new(rollout, Some(readings), at),
            bars: rollout.waves.iter().map(wave_bar).collect(),
            first: BinaryHeap::new(),
            devices: 0,
            returned: 0,
            run_it: 0,
        }
    }

    /// Draws a device, each once in a walk.
    pub fn add(&mut self, rollout: &Rollout, device: &DeviceView) {
        if !self.counting.add(rollout, device) {
            return;
        }
        self.devices += 1;
        self.returned += u32::from(matches!(device.progress, Progress::Returned { .. }));
        self.run_it += u32::from(device.runs(rollout.candidate.release));
        let at = self.counting.glance().at();
        if let Some(bar) = self.bars.get_mut(device.wave) {
            *place(bar, rollout, device, at) += 1;
        }
        self.show(rollout, device);
    }

    /// Keeps a device, if it is one of the first.
    fn show(&mut self, rollout: &Rollout, device: &DeviceView) {
        let rank = rank(&device.progress);
        let shown = || Shown {
            place: (rank, device.id.clone()),
            row: enrolled(rollout, device),
        };
        if self.first.len() < DEVICE_ROWS_MAX {
            self.first.push(shown());
        } else if let Some(mut last) = self.first.peek_mut()
            && (rank, &device.id) < (last.place.0, &last.place.1)
        {
            *last = shown();
        }
    }

    /// All devices were drawn. Whether they must be shown once more ([`Counting::ends_walk`]).
    #[must_use]
    pub fn ends_walk(&mut self) -> bool {
        self.counting.ends_walk()
    }

    /// The picture, with what the classes run that the rollout waits for.
    #[must_use]
    pub fn done(self, others: Option<Vec<ClassVersions>>) -> Picture {
        let shown = self.first.into_sorted_vec();
        Picture {
            counting: self.counting,
            others,
            bars: self.bars,
            shown: shown.into_iter().map(|shown| shown.row).collect(),
            devices: self.devices,
            returned: self.returned,
            run_it: self.run_it,
        }
    }
}
