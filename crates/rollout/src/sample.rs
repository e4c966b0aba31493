//! Who is in which wave: a random, stratified canary, then growing shares of the rest.
//!
//! Chance is a hash: devices are ordered by SHA-256 over seed and device id, so that an auditor
//! can draw the same sample again, and nobody can choose the canary without choosing the seed.
//!
//! 1. The canary takes the first `at_least_per_hardware` devices of each hardware revision, then, for each attribute of
//!    `at_least_per`, the first of each of its values until it has that many, and fills up with the first of all others. A revision or value with fewer devices gives all it has.
//!    Where the plan counts sites, no two of the canary stand at the same one.
//! 2. Each later wave but the last takes devices up to its cumulative percentage of the eligible
//!    fleet outside the canary, rounded up.
//! 3. The last wave takes the rest.
//!
//! Read [`draw`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceId, Ineligible, Site, Terms};
use mainstay_plan as plan;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::rules::Rules;
use crate::unit::Sites;
use crate::urn::{Entrant, Kind, Urn};

/// That a device was drawn into a wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The device.
    pub device: DeviceId,
    /// The wave, from 0.
    pub wave: usize,
}

/// A reason that devices share, by its id: boot loaders may be too old in different versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// How many do.
    pub devices: usize,
    /// The first of them ...
    pub first: DeviceId,
    /// ... and the reason in its case.
    pub reason: Ineligible,
}

/// Why no sample could be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawRefusal {
    /// No device may get the candidate.
    #[error("none of {considered} devices may get the candidate{}", most(.commonest.as_ref()))]
    NobodyEligible {
        /// How many devices were looked at.
        considered: usize,
        /// The reason that most of them share; none if there are no devices.
        commonest: Option<Shared>,
    },
    /// The canary can't hold its minimum of each hardware revision.
    #[error(
        "a canary of {devices} can't hold {needed}: at least {at_least} of each of {strata} hardware revisions"
    )]
    CanaryBelowStrata {
        /// How many hardware revisions are eligible.
        strata: usize,
        /// The plan's minimum for each.
        at_least: u32,
        /// How many devices those minima come to, small revisions counted with what they have.
        needed: usize,
        /// The plan's canary.
        devices: u32,
    },
    /// The canary can't hold its minima of each hardware revision and of each value of some attributes.
    #[error(
        "a canary of {devices} can't hold {needed}: the minima of all hardware revisions and of {attributes}"
    )]
    CanaryBelowMinima {
        /// The attributes that have minima.
        attributes: String,
        /// How many devices the minima come to.
        needed: usize,
        /// The plan's canary.
        devices: u32,
    },
    /// The track has no waves.
    #[error("the track names no waves")]
    NoWaves,
}

impl DrawRefusal {
    /// The stable id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::NobodyEligible { .. } => "rollout.nobody-eligible",
            Self::CanaryBelowStrata { .. } => "rollout.canary-below-strata",
            Self::CanaryBelowMinima { .. } => "rollout.canary-below-minima",
            Self::NoWaves => "rollout.no-waves",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::NobodyEligible {
                commonest: Some(shared),
                ..
            } => shared.reason.cure(),
            Self::NobodyEligible { .. } => {
                "register devices of the release's class with `mainstay device add`"
            }
            Self::CanaryBelowStrata { .. } => {
                "raise `devices` in `[rollout] canary`, or lower `at_least_per_hardware`"
            }
            Self::CanaryBelowMinima { .. } => {
                "raise `devices` in `[rollout] canary`, or lower the minima of `at_least_per`"
            }
            Self::NoWaves => "add `waves = [\"canary\", \"100 %\"]` to the track",
        }
    }
}

/// The commonest reason, to be read on from the number of devices.
fn most(commonest: Option<&Shared>) -> String {
    match commonest {
        None => String::new(),
        Some(Shared {
            devices: 1, reason, ..
        }) => format!("; for 1 of them because {reason}"),
        Some(Shared {
            devices,
            first,
            reason,
        }) => format!("; for {devices} of them, as for {first}, because {reason}"),
    }
}

/// Draws the eligible ones of `devices` into waves, canary first, each into one at most: where the last wave isn't one of 100 %, the
/// others stay out of the rollout. The order of `devices` doesn't matter. For so many that they aren't held at once, see [`Urn`].
///
/// # Errors
/// If nobody is eligible, or the rules can't be met.
pub fn draw(
    terms: &Terms,
    rules: &Rules,
    seed: u64,
    devices: &[Device],
    now: Timestamp,
) -> Result<Vec<Enrolment>, DrawRefusal> {
    let mut urn = Urn::new(terms.clone(), rules.clone(), seed, now);
    devices.iter().for_each(|device| urn.show(device));
    urn.draw()
}

/// What the lots are for by which waves are drawn.
pub(crate) const PURPOSE: &str = "sample";

/// A device's lot for one purpose: SHA-256 over the seed (8 bytes, big endian), the purpose, a
/// zero byte and the device id.
pub(crate) fn lot(seed: u64, purpose: &str, device: &DeviceId) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(purpose.as_bytes());
    hash.update([0]);
    hash.update(device.as_str().as_bytes());
    hash.finalize().into()
}

/// Who of the fleet is in the canary. Both are in order of chance; `kinds` are those of the fleet, by number.
pub(crate) fn canary(
    rules: &Rules,
    fleet: &[Entrant],
    kinds: &[Kind],
) -> Result<Vec<bool>, DrawRefusal> {
    let mut draw = Draw {
        fleet,
        kinds,
        taken: vec![false; fleet.len()],
        count: 0,
        counted: Sites::of(rules),
    };
    if rules.waves.first() == Some(&plan::Wave::Canary) {
        let size = usize::try_from(rules.canary.devices).unwrap_or(usize::MAX);
        draw.minima(rules, size)?;
        draw.minima_by_attribute(rules, size)?;
        draw.fill(size);
    }
    Ok(draw.taken)
}

/// A canary that is being drawn.
struct Draw<'f> {
    fleet: &'f [Entrant],
    kinds: &'f [Kind],
    /// Which of them are in the canary ...
    taken: Vec<bool>,
    /// ... and how many.
    count: usize,
    counted: Sites<&'f Site>,
}

impl<'f> Draw<'f> {
    fn kind(&self, n: usize) -> &'f Kind {
        &self.kinds[self.fleet[n].kind]
    }

    /// Takes the first devices of each hardware revision, up to its minimum.
    fn minima(&mut self, rules: &Rules, size: usize) -> Result<(), DrawRefusal> {
        let at_least = rules.canary.at_least_per_hardware;
        let mut drawn = BTreeMap::<&str, u32>::new();
        for n in 0..self.fleet.len() {
            let count = drawn.entry(&self.kind(n).hardware).or_default();
            if *count < at_least && self.take(n) {
                *count += 1;
            }
        }
        if self.count > size {
            return Err(DrawRefusal::CanaryBelowStrata {
                strata: drawn.len(),
                at_least,
                needed: self.count,
                devices: rules.canary.devices,
            });
        }
        Ok(())
    }

    /// Takes the first devices of each value of the attributes that have minima, beside those that were taken already. Who has no
    /// value is of no kind.
    fn minima_by_attribute(&mut self, rules: &Rules, size: usize) -> Result<(), DrawRefusal> {
        let minima = &rules.canary.at_least_per;
        for (which, minimum) in minima.iter().enumerate() {
            self.minimum(which, minimum.devices);
        }
        if self.count > size {
            let names = minima.iter().map(|minimum| minimum.attribute.as_str());
            return Err(DrawRefusal::CanaryBelowMinima {
                attributes: names.collect::<Vec<_>>().join(", "),
                needed: self.count,
                devices: rules.canary.devices,
            });
        }
        Ok(())
    }

    /// The minimum of one attribute, by its place among them.
    fn minimum(&mut self, which: usize, at_least: u32) {
        let mut drawn = BTreeMap::<&str, u32>::new();
        let taken = (0..self.fleet.len()).filter(|n| self.taken[*n]);
        for value in taken.filter_map(|n| self.value(n, which)) {
            *drawn.entry(value).or_default() += 1;
        }
        for n in 0..self.fleet.len() {
            let Some(value) = self.value(n, which) else {
                continue;
            };
            let count = drawn.entry(value).or_default();
            if *count < at_least && !self.taken[n] && self.take(n) {
                *count += 1;
            }
        }
    }

    fn value(&self, n: usize, which: usize) -> Option<&'f str> {
        self.kind(n).values[which].as_deref()
    }

    /// Fills up with the first of all others.
    fn fill(&mut self, size: usize) {
        for n in 0..self.taken.len() {
            if self.count < size && !self.taken[n] {
                self.take(n);
            }
        }
    }

    /// Takes a device, unless it doesn't count any more; whether it was taken.
    fn take(&mut self, n: usize) -> bool {
        let fleet = self.fleet;
        self.taken[n] = self.counted.add(fleet[n].site.as_ref());
        self.count += usize::from(self.taken[n]);
        self.taken[n]
    }
}

/// For each wave, how many devices outside the canary are drawn by its end.
pub(crate) fn wave_ends(waves: &[plan::Wave], outside: usize) -> Vec<usize> {
    let end = |wave: &plan::Wave| match wave {
        plan::Wave::Canary => 0,
        plan::Wave::Percent(share) => (outside * usize::from(*share)).div_ceil(100).min(outside),
    };
    waves.iter().map(end).collect()
}
