//! A simulated device's body: on, off, or between the two.

use mainstay_device::{OnFlash, SimulatedNor};

use crate::simulated_device::Core;

/// What a simulated device keeps.
pub type Region = OnFlash<SimulatedNor>;

/// On or off.
pub(crate) enum Body {
    /// Running.
    Up(Box<Core>),
    /// Off until this instant, in milliseconds; only what is in flash remains.
    Down(Box<Region>, u64),
    /// Between the two, within one call.
    Moving,
}

impl Body {
    /// The device core; none while it is off.
    pub fn core(&self) -> Option<&Core> {
        match self {
            Self::Up(core) => Some(core),
            Self::Down(..) | Self::Moving => None,
        }
    }

    /// The same, to do something to it.
    pub fn core_mut(&mut self) -> Option<&mut Core> {
        match self {
            Self::Up(core) => Some(core),
            Self::Down(..) | Self::Moving => None,
        }
    }

    /// Switches it off, if it is on; it comes up at `up_ms`.
    pub fn go_down(&mut self, up_ms: u64) {
        *self = match std::mem::replace(self, Self::Moving) {
            Self::Up(core) => Self::Down(Box::new(core.power_off().0), up_ms),
            other => other,
        };
    }

    /// Lets it come up at `up_ms`, if it is off.
    pub fn come_up_at(&mut self, up_ms: u64) {
        if let Self::Down(_, until_ms) = self {
            *until_ms = up_ms;
        }
    }

    /// What it keeps.
    pub fn region(&self) -> Option<&Region> {
        match self {
            Self::Up(core) => Some(core.storage()),
            Self::Down(region, _) => Some(region),
            Self::Moving => None,
        }
    }

    /// The same, to do something to it.
    pub fn region_mut(&mut self) -> Option<&mut Region> {
        match self {
            Self::Up(core) => Some(core.storage_mut()),
            Self::Down(region, _) => Some(region),
            Self::Moving => None,
        }
    }
}
