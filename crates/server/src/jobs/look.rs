//! All that one look at a rollout with its devices comes to, in one place: the devices of a large one are looked at on a thread of their
//! own, and aren't needed after it. Read [`Look::at`] and [`Decided`].

use jiff::Timestamp;
use mainstay_rollout::offer::in_flight;
use mainstay_rollout::returns::Returns;
use mainstay_rollout::{FleetView, Phase, Rollout, Step, step};

use crate::readings::{self, Watch};

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
