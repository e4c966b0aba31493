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
use mainstay_fleet::{Device, DeviceId, Ineligible, Site, Terms, eligible};
use mainstay_plan as plan;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::rules::Rules;
use crate::unit::{self, Sites};

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
/// others stay out of the rollout. The order of `devices` doesn't matter.
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
    if rules.waves.is_empty() {
        return Err(DrawRefusal::NoWaves);
    }
    let fleet = in_chance_order(seed, all_eligible(devices, terms, now)?);
    let (canary, rest) = split_canary(rules, fleet)?;
    let ends = wave_ends(&rules.waves, rest.len());
    let later = rest.iter().enumerate().filter_map(|(n, device)| {
        let wave = ends.iter().position(|end| n < *end)?;
        Some(enrolment(device, wave))
    });
    Ok(canary
        .iter()
        .map(|d| enrolment(d, 0))
        .chain(later)
        .collect())
}

fn enrolment(device: &Device, wave: usize) -> Enrolment {
    let device = device.id.clone();
    Enrolment { device, wave }
}

/// The eligible ones of `devices`; at least one.
fn all_eligible<'a>(
    devices: &'a [Device],
    terms: &Terms,
    now: Timestamp,
) -> Result<Vec<&'a Device>, DrawRefusal> {
    let mut reasons = BTreeMap::<&str, Shared>::new();
    let mut fleet = Vec::new();
    for device in devices {
        match eligible(device, terms, now) {
            Ok(()) => fleet.push(device),
            Err(reason) => count(&mut reasons, device, reason),
        }
    }
    if fleet.is_empty() {
        let considered = devices.len();
        let commonest = reasons.into_values().max_by_key(|shared| shared.devices);
        return Err(DrawRefusal::NobodyEligible {
            considered,
            commonest,
        });
    }
    Ok(fleet)
}

fn count(reasons: &mut BTreeMap<&str, Shared>, device: &Device, reason: Ineligible) {
    let shared = reasons.entry(reason.id()).or_insert_with(|| Shared {
        devices: 0,
        first: device.id.clone(),
        reason,
    });
    shared.devices += 1;
}

fn in_chance_order(seed: u64, mut fleet: Vec<&Device>) -> Vec<&Device> {
    fleet.sort_by_cached_key(|device| (lot(seed, "sample", &device.id), device.id.clone()));
    fleet
}

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

type Split<'a> = (Vec<&'a Device>, Vec<&'a Device>);

/// The canary and the others, both in order of chance.
fn split_canary<'a>(rules: &Rules, fleet: Vec<&'a Device>) -> Result<Split<'a>, DrawRefusal> {
    if rules.waves.first() != Some(&plan::Wave::Canary) {
        return Ok((Vec::new(), fleet));
    }
    let size = usize::try_from(rules.canary.devices).unwrap_or(usize::MAX);
    let site = |device: &&Device| unit::site(rules, device);
    let sites: Vec<_> = fleet.iter().map(site).collect();
    let mut draw = Draw {
        sites: &sites,
        taken: vec![false; fleet.len()],
        count: 0,
        counted: Sites::of(rules),
    };
    draw.minima(rules, &fleet, size)?;
    draw.minima_by_attribute(rules, &fleet, size)?;
    draw.fill(size);
    let (mut canary, mut rest) = (Vec::new(), Vec::new());
    for (device, taken) in fleet.into_iter().zip(draw.taken) {
        match taken {
            true => canary.push(device),
            false => rest.push(device),
        }
    }
    Ok((canary, rest))
}

/// A canary that is being drawn.
struct Draw<'s> {
    /// Where each device of the fleet stands.
    sites: &'s [Option<Site>],
    /// Which of them are in the canary ...
    taken: Vec<bool>,
    /// ... and how many.
    count: usize,
    counted: Sites<'s>,
}

impl Draw<'_> {
    /// Takes the first devices of each hardware revision, up to its minimum.
    fn minima(&mut self, rules: &Rules, fleet: &[&Device], size: usize) -> Result<(), DrawRefusal> {
        let at_least = rules.canary.at_least_per_hardware;
        let mut drawn = BTreeMap::<&str, u32>::new();
        for (n, device) in fleet.iter().enumerate() {
            let count = drawn.entry(&device.hardware).or_default();
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
    fn minima_by_attribute(
        &mut self,
        rules: &Rules,
        fleet: &[&Device],
        size: usize,
    ) -> Result<(), DrawRefusal> {
        let minima = &rules.canary.at_least_per;
        for minimum in minima {
            self.minimum(minimum, fleet);
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

    fn minimum(&mut self, minimum: &plan::Minimum, fleet: &[&Device]) {
        let value = |n: usize| fleet[n].attributes.get(&minimum.attribute);
        let mut drawn = BTreeMap::<_, u32>::new();
        let taken = (0..fleet.len()).filter(|n| self.taken[*n]);
        for value in taken.filter_map(value) {
            *drawn.entry(value).or_default() += 1;
        }
        for n in 0..fleet.len() {
            let Some(value) = value(n) else { continue };
            let count = drawn.entry(value).or_default();
            if *count < minimum.devices && !self.taken[n] && self.take(n) {
                *count += 1;
            }
        }
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
        self.taken[n] = self.counted.add(self.sites[n].as_ref());
        self.count += usize::from(self.taken[n]);
        self.taken[n]
    }
}

/// For each wave, how many devices outside the canary are drawn by its end.
fn wave_ends(waves: &[plan::Wave], outside: usize) -> Vec<usize> {
    let end = |wave: &plan::Wave| match wave {
        plan::Wave::Canary => 0,
        plan::Wave::Percent(share) => (outside * usize::from(*share)).div_ceil(100).min(outside),
    };
    waves.iter().map(end).collect()
}
