//! Reading devices that rollouts compare: at the first check-in from the instant on at which a rollout wants it.
//!
//! Which readings are wanted is decided by [`mainstay_rollout::readings`], and kept in memory from one turn of
//! [`crate::jobs::advance_rollouts`] to the next: losing it leads to no reading, until the next turn. What was read is durable before
//! the device is answered, as is what it missed. Read [`take`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::DeviceId;
use mainstay_plan::SignalName;
use mainstay_protocol::Health;
use mainstay_rollout::readings::{Wanted, missing};
use mainstay_rollout::{FleetView, Rollout, RolloutId, SoftReading};
use mainstay_store::{StoreError, TakenReading};
use mainstay_telemetry::{missed_milli_per_day, missed_polls, said_milli};

use crate::App;

/// A reading that a rollout still wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watch {
    rollout: RolloutId,
    /// How often its devices ask.
    poll: SignedDuration,
    wanted: Wanted,
}

/// What a rollout still wants to be read.
pub(crate) fn watches(rollout: &Rollout, fleet: &FleetView, now: Timestamp) -> Vec<Watch> {
    let watch = |wanted| Watch {
        rollout: rollout.id,
        poll: rollout.rules.poll,
        wanted,
    };
    missing(rollout, fleet, now)
        .into_iter()
        .map(watch)
        .collect()
}

/// What rollouts still want to be read, by device: at most two devices a pair and one reading a signal.
#[derive(Debug, Default)]
pub struct Watched(Mutex<BTreeMap<DeviceId, Vec<Watch>>>);

impl Watched {
    /// Puts what is wanted by now in place of what was.
    pub(crate) fn watch_anew(&self, watches: Vec<Watch>) {
        let mut watched = BTreeMap::<_, Vec<_>>::new();
        for watch in watches {
            let device = watch.wanted.device.clone();
            watched.entry(device).or_default().push(watch);
        }
        *self.lock() = watched;
    }

    fn of(&self, device: &DeviceId) -> Vec<Watch> {
        self.lock().get(device).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Vec<Watch>>> {
        // Each change is one assignment; a panic elsewhere can't leave it half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device that asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard<'a> {
    pub device: &'a DeviceId,
    /// When it was heard of before, if it was.
    pub last: Option<Timestamp>,
    /// How it says it is.
    pub health: &'a Health,
    pub now: Timestamp,
}

/// Reads a device that asks, as far as rollouts want it read by now, and counts the polls that it missed.
///
/// # Errors
/// If the store fails.
pub(crate) async fn take(app: &App, heard: &Heard<'_>) -> Result<(), StoreError> {
    let mut taken = Vec::new();
    for watch in app.watched.of(heard.device) {
        if let Some(milli) = watch.read(app, heard).await? {
            taken.push(watch.taken(milli, heard.now));
        }
    }
    match taken.is_empty() {
        true => Ok(()),
        false => app.store.keep_readings(&taken).await,
    }
}

impl Watch {
    /// What is read of a device that asks now, if that is the time for it.
    async fn read(&self, app: &App, heard: &Heard<'_>) -> Result<Option<u32>, StoreError> {
        let is_due = heard.now >= self.wanted.at;
        match self.wanted.signal {
            SignalName::ErrorLog | SignalName::Battery => {
                Ok(said_milli(self.wanted.signal, heard.health).filter(|_| is_due))
            }
            SignalName::Connectivity => {
                let missed = self.count(app, heard, is_due).await?;
                let since = self.wanted.since;
                let milli = missed.map(|missed| missed_milli_per_day(missed, since, heard.now));
                Ok(milli.filter(|_| is_due))
            }
        }
    }

    /// Counts the polls that a device missed; none if there is nothing to count, and nobody wants to know.
    async fn count(
        &self,
        app: &App,
        heard: &Heard<'_>,
        is_due: bool,
    ) -> Result<Option<u32>, StoreError> {
        let since = self.wanted.since;
        // Devices keep to the plan in force, which may be another by now: who asks more rarely, as it was told to, misses nothing.
        let in_force = app.plan().await?.map(|active| active.plan.rollout.poll);
        let poll = in_force.map_or(self.poll, |poll| poll.max(self.poll));
        let missed = heard
            .last
            .map_or(0, |last| missed_polls(last, heard.now, since, poll));
        if missed == 0 && !is_due {
            return Ok(None);
        }
        let (store, device) = (&app.store, heard.device);
        let counted = store
            .miss_polls(self.rollout, device, since, missed)
            .await?;
        Ok(Some(counted))
    }

    fn taken(&self, milli: u32, now: Timestamp) -> TakenReading {
        TakenReading {
            rollout: self.rollout,
            due: self.wanted.at,
            reading: SoftReading {
                device: self.wanted.device.clone(),
                signal: self.wanted.signal,
                at: now,
                milli,
            },
        }
    }
}
