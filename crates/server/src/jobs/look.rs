//! All that one look at a rollout with its devices comes to, in one place: the devices of a large one are looked at on a thread of their
//! own, and aren't needed after it. Read [`at_fleet`], [`Look::at`] and [`Decided`].

use jiff::Timestamp;
use mainstay_rollout::offer::in_flight;
use mainstay_rollout::returns::Returns;
use mainstay_rollout::{FleetView, Phase, Rollout, Step, step};
use mainstay_store::StoreError;

use crate::readings::{self, Watch};
use crate::{App, apart};

/// A step, and what must be known of the devices to save it.
pub(crate) struct Decided {
    /// The rollout as it is from now on, and what is done about it.
    pub step: Step,
    /// So many devices run a halted release, or are on their way back from it.
    pub out: u32,
}

impl Decided {
    /// This step, of a rollout with these devices.
    pub(crate) fn of(step: Step, fleet: &FleetView) -> Self {
        let out = match step.rollout.phase {
            Phase::Halted { .. } => Returns::of(&step.rollout, fleet).out,
            _ => 0,
        };
        Self { step, out }
    }

    /// This step, of a rollout of which no device was given anything yet.
    pub(crate) fn of_nobody(step: Step) -> Self {
        Self { step, out: 0 }
    }
}

/// What a turn is told of one rollout.
pub(super) struct Look {
    /// What follows.
    pub decided: Decided,
    /// Devices that are downloading.
    pub in_flight: u32,
    /// What is still to be read on devices that are compared.
    pub watches: Vec<Watch>,
}

/// What `look` comes to, at all devices of a rollout as the store has them, and as far as this server heard of them since. The fleet is given back where it
/// is looked at.
///
/// # Errors
/// As [`apart::worked_out`].
pub(crate) async fn at_fleet<T: Send + 'static>(
    app: &App,
    mut fleet: FleetView,
    look: impl FnOnce(&FleetView) -> T + Send + 'static,
) -> Result<T, StoreError> {
    let contacts = app.contacts.clone();
    let looked = apart::worked_out(move || {
        contacts.freshen(&mut fleet.devices);
        look(&fleet)
    });
    looked.await
}

impl Look {
    /// Looks at `rollout` with all of its devices.
    pub(super) fn at(rollout: &Rollout, fleet: &FleetView, now: Timestamp) -> Self {
        let step = step(rollout, fleet, now);
        Self {
            in_flight: in_flight(rollout, fleet, now),
            watches: readings::watches(&step.rollout, fleet, now),
            decided: Decided::of(step, fleet),
        }
    }
}
