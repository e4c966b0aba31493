//! The fake beside [`Switch`]: remembers what it was told.

use std::path::Path;

use mainstay_device::Slot;

use super::{Origin, Switch};
use crate::fault::Fault;

/// A switch that a test can look into.
#[derive(Debug, Default)]
pub struct FakeSwitch {
    /// What it was told, in order: a word, and the slot.
    pub told: Vec<(&'static str, Slot)>,
    /// Which word it fails at, and how.
    pub fails_at: Option<(&'static str, Fault)>,
    /// What it says of the start; the agent decides if there is nothing.
    pub seen: Option<mainstay_device::observe::Seen>,
}

impl FakeSwitch {
    fn tell(&mut self, word: &'static str, slot: Slot) -> Result<(), Fault> {
        self.told.push((word, slot));
        match &self.fails_at {
            Some((at, fault)) if *at == word => Err(fault.clone()),
            _ => Ok(()),
        }
    }
}

impl Switch for FakeSwitch {
    fn origin(&self, _: Option<Slot>) -> Result<Origin, Fault> {
        Ok(self.seen.map_or(Origin::Open, Origin::Boot))
    }

    fn prepare(&mut self, slot: Slot, _: &Path, _: u64) -> Result<(), Fault> {
        self.tell("prepare", slot)
    }

    fn arm(&mut self, slot: Slot, _: u8) -> Result<(), Fault> {
        self.tell("arm", slot)
    }

    fn settle(&mut self, slot: Slot) -> Result<(), Fault> {
        self.tell("settle", slot)
    }

    fn start(&mut self, slot: Slot, _: bool) -> Result<(), Fault> {
        self.tell("start", slot)
    }

    fn erase(&mut self, slot: Slot) -> Result<(), Fault> {
        self.tell("erase", slot)
    }
}
