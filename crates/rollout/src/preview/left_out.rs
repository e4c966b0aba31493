//! Who is left out, and why: devices that aren't eligible, and members of a wave that are never reached.
//!
//! Read [`LeftOut`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use mainstay_fleet::{DeviceId, eligible};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Premise;
use crate::view::FleetView;
use crate::wait::Wait;

/// Devices that are left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// The reason's stable id.
    pub id: String,
    /// The reason in words, as the end of "because ..."; as it is in the case of the first device.
    pub because: String,
    /// How many devices.
    pub devices: u32,
    /// One of them.
    pub first: DeviceId,
}

/// Why a member of a wave isn't reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unreached {
    /// It is presumed to be out of reach.
    Silent,
    /// It was never asked: its wave didn't open.
    Closed,
    /// Its window didn't open in time.
    Window,
    /// Its turn in its window didn't come in time.
    Turn,
    /// There was no room for its download.
    Room,
    /// Its zone isn't known.
    Zone,
}

impl Unreached {
    fn by(wait: &Wait) -> Self {
        match wait {
            Wait::WindowOpens { .. } => Self::Window,
            Wait::Jitter { .. } => Self::Turn,
            Wait::Budget { .. } => Self::Room,
            Wait::UnknownZone { .. } => Self::Zone,
            _ => Self::Closed,
        }
    }

    /// What holds a device up that was held up by this before, and now by `wait`. A device that came in its turn and found
    /// no room lacks room, whatever it is told by day: a window and a turn it had.
    pub(super) fn then(self, wait: &Wait) -> Self {
        match (self, Self::by(wait)) {
            (Self::Room, Self::Window | Self::Turn) => Self::Room,
            (_, now) => now,
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::Silent => "preview.silent",
            Self::Closed => "preview.wave-closed",
            Self::Window => "preview.window",
            Self::Turn => "preview.turn",
            Self::Room => "preview.downloads",
            Self::Zone => "preview.zone",
        }
    }

    fn because(self) -> &'static str {
        match self {
            Self::Silent => "it hasn't been heard of for three polls or more",
            Self::Closed => "its wave didn't open",
            Self::Window => "its window doesn't open before `give_up_after`",
            Self::Turn => "its turn in its window doesn't come before `give_up_after`",
            Self::Room => "`limit.downloads` left no room for it before `give_up_after`",
            Self::Zone => "its time zone isn't in the time zone database",
        }
    }
}

/// Devices counted by their reasons, the commonest first.
#[derive(Debug, Default)]
pub(super) struct Reasons(BTreeMap<&'static str, LeftOut>);

impl Reasons {
    /// Counts one more device.
    pub(super) fn count(&mut self, device: &DeviceId, reason: Unreached) {
        self.add(device, reason.id(), || reason.because().to_owned());
    }

    fn add(&mut self, device: &DeviceId, id: &'static str, because: impl FnOnce() -> String) {
        let left_out = self.0.entry(id).or_insert_with(|| LeftOut {
            id: id.to_owned(),
            because: because(),
            devices: 0,
            first: device.clone(),
        });
        left_out.devices += 1;
    }

    /// What was counted.
    pub(super) fn list(self) -> Vec<LeftOut> {
        let mut list: Vec<_> = self.0.into_values().collect();
        list.sort_by_key(|one| Reverse(one.devices));
        list
    }
}

/// The devices that may not get a release under these terms, and those that its waves don't reach.
pub(super) fn not_drawn(premise: &Premise<'_>, drawn: &FleetView) -> Vec<LeftOut> {
    let drawn: BTreeSet<_> = drawn.devices.iter().map(|device| &device.id).collect();
    let mut reasons = Reasons::default();
    for device in premise.devices {
        match eligible(device, &premise.terms, premise.now) {
            Err(reason) => reasons.add(&device.id, reason.id(), || reason.to_string()),
            Ok(()) if drawn.contains(&device.id) => {}
            Ok(()) => reasons.add(&device.id, "preview.beyond-waves", || {
                "the last of the track's waves doesn't reach it".to_owned()
            }),
        }
    }
    reasons.list()
}
