//! All simulated devices of a run, and who acts when.
//!
//! [`Crowd::act_until`] serves everyone who is due at once, each in a task of its own; the bounded
//! [`crate::link::Link`] decides how many speak to the server at the same time.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::agenda::Agenda;
use crate::simulated_device::{Circumstances, SimulatedDevice};

/// The devices of a run.
pub struct Crowd {
    devices: Vec<Option<Box<SimulatedDevice>>>,
    agenda: Agenda,
    around: Arc<Circumstances>,
}

impl Crowd {
    /// These devices, all of which want to act at once.
    pub fn new(devices: Vec<SimulatedDevice>, around: Circumstances, start: Timestamp) -> Self {
        let mut agenda = Agenda::default();
        (0..devices.len()).for_each(|index| agenda.put(start, index));
        let devices = devices
            .into_iter()
            .map(|device| Some(Box::new(device)))
            .collect();
        Self {
            devices,
            agenda,
            around: Arc::new(around),
        }
    }

    /// Lets another device join, which wants to act at `at`.
    pub fn join(&mut self, device: SimulatedDevice, at: Timestamp) {
        self.agenda.put(at, self.devices.len());
        self.devices.push(Some(Box::new(device)));
    }

    /// When the next device wants to act; none if the crowd is empty.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.agenda.next_at()
    }

    /// Lets everyone act who is due by `now`, with `now` as their time. Returns how many there were.
    ///
    /// # Panics
    /// If a device panicked: a fault of the core that a run must not hide.
    pub async fn act_until(&mut self, now: Timestamp) -> usize {
        let due = self.agenda.due(now);
        let mut tasks = JoinSet::new();
        for index in &due {
            let Some(mut device) = self.devices[*index].take() else {
                continue;
            };
            let (around, index) = (self.around.clone(), *index);
            tasks.spawn(async move {
                let next = device.act(now, &around).await;
                (index, device, next)
            });
        }
        while let Some(done) = tasks.join_next().await {
            let (index, device, next) = done.expect("a device that panicked ends the run");
            self.devices[index] = Some(device);
            self.agenda.put(next, index);
        }
        due.len()
    }

    /// The devices, in order of their number.
    pub fn devices(&self) -> impl Iterator<Item = &SimulatedDevice> {
        self.devices.iter().flatten().map(|device| &**device)
    }

    /// As [`devices`](Self::devices), to do something with them between two instants.
    pub fn devices_mut(&mut self) -> impl Iterator<Item = &mut SimulatedDevice> {
        self.devices
            .iter_mut()
            .flatten()
            .map(|device| &mut **device)
    }
}
