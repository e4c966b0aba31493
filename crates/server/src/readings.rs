//! Reading devices that rollouts compare: at the first check-in from the instant on at which a rollout wants it.
//!
//! Which readings are wanted is decided by [`mainstay_rollout::readings`], and kept in memory from one turn of
//! [`crate::jobs::advance_rollouts`] to the next: losing it leads to no reading, until the next turn. What was read is durable before
//! the device is answered, as is what it missed. Read [`count`], then [`take`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::{Device, DeviceId};
use mainstay_plan::SignalName;
use mainstay_protocol::Health;
use mainstay_rollout::readings::{Wanted, missing};
use mainstay_rollout::{FleetView, Rollout, RolloutId, SoftReading};
use mainstay_store::{PollCount, StoreError, TakenReading};
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

    /// Whether anything is still to be read of this device.
    pub(crate) fn wants(&self, device: &DeviceId) -> bool {
        self.lock().contains_key(device)
    }

    fn of(&self, device: &DeviceId) -> Vec<Watch> {
        self.lock().get(device).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Vec<Watch>>> {
        // Each change is one assignment; a panic elsewhere can't leave it half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device of which the server hears.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard<'a> {
    pub device: &'a DeviceId,
    /// When it was heard of before, if it was.
    pub last: Option<Timestamp>,
    pub now: Timestamp,
}

impl<'a> Heard<'a> {
    /// A device, as it was known before this message.
    pub(crate) fn of(app: &App, device: &'a Device, now: Timestamp) -> Self {
        Self {
            device: &device.id,
            last: device.last_seen.max(app.contacts.heard(&device.id)),
            now,
        }
    }
}

/// Counts the polls that a device missed until now, for the rollouts that want to know.
///
/// To be called for each message of a device, before it is noted anywhere else that it was heard of: if this fails, the gap
/// is still there when it tries again.
///
/// # Errors
/// If the store fails.
pub(crate) async fn count(app: &App, heard: &Heard<'_>) -> Result<(), StoreError> {
    let Some(last) = heard.last else {
        return Ok(());
    };
    let mut watches = app.watched.of(heard.device);
    watches.retain(|watch| watch.wanted.signal == SignalName::Connectivity);
    if watches.is_empty() {
        return Ok(());
    }
    let told = told(app, last).await?;
    let count = |watch: Watch| PollCount {
        rollout: watch.rollout,
        since: watch.wanted.since,
        poll: told.map_or(watch.poll, |poll| poll.max(watch.poll)),
    };
    let mut counts: Vec<_> = watches.into_iter().map(count).collect();
    counts.retain(|count| missed_polls(last, heard.now, count.since, count.poll) > 0);
    if counts.is_empty() {
        return Ok(());
    }
    let (device, now) = (heard.device, heard.now);
    app.store
        .count_missed_polls(device, last, now, &counts)
        .await
}

/// How often a device was told to ask that was heard of at `last`: by the plan that was in force then, which may be neither that of a
/// rollout nor today's. Who asks more rarely, as it was told to, misses nothing. None if no plan was, or it can't be read.
async fn told(app: &App, last: Timestamp) -> Result<Option<SignedDuration>, StoreError> {
    match app.plan().await? {
        Some(active) if active.since > last => {}
        active => return Ok(active.map(|active| active.plan.rollout.poll)),
    }
    let before = app.store.plan_at(last).await?;
    let plan = before.and_then(|stored| mainstay_plan::parse(&stored.text).ok());
    Ok(plan.map(|plan| plan.rollout.poll))
}

/// Reads a device that asks and says how it is, as far as rollouts want it read by now. Its missed polls are [counted](count) by then.
///
/// # Errors
/// If the store fails.
pub(crate) async fn take(
    app: &App,
    device: &DeviceId,
    health: &Health,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut taken = Vec::new();
    let watches = app.watched.of(device).into_iter();
    for watch in watches.filter(|watch| now >= watch.wanted.at) {
        if let Some(milli) = watch.read(app, health, now).await? {
            taken.push(watch.taken(milli, now));
        }
    }
    match taken.is_empty() {
        true => Ok(()),
        false => app.store.keep_readings(&taken).await,
    }
}

impl Watch {
    /// What is read of a device that asks now; none of what it doesn't measure.
    async fn read(
        &self,
        app: &App,
        health: &Health,
        now: Timestamp,
    ) -> Result<Option<u32>, StoreError> {
        let (store, since) = (&app.store, self.wanted.since);
        match self.wanted.signal {
            SignalName::ErrorLog | SignalName::Battery => {
                Ok(said_milli(self.wanted.signal, health))
            }
            SignalName::Connectivity => {
                let device = &self.wanted.device;
                let missed = store.missed_polls(self.rollout, device, since).await?;
                Ok(Some(missed_milli_per_day(missed, since, now)))
            }
        }
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
