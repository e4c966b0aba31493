//! What the fleet runs now, and who can be reached. Read [`Fleet`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_plan::Plan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::level::Subject;
use super::tally::{before, is_active};

/// So many versions of a subject are told, those with most devices; the others are one line. Devices name their version
/// themselves, and what they name must not fill anybody's disk.
pub const VERSIONS_MAX: usize = 20;
/// While they are counted, so many are told apart; what comes new after that is counted together.
const VERSIONS_COUNTED_MAX: usize = 1000;
/// What the versions beyond are called. No device can name its own so: a version has no spaces.
pub const OTHER: &str = "all others";

/// A device, as far as reach asks.
#[derive(Debug, Clone, Copy)]
pub struct InField<'a> {
    /// Its class.
    pub class: &'a str,
    /// When it was last heard of.
    pub last_seen: Option<Timestamp>,
    /// The version that it runs by its own word, and whether it has confirmed that.
    pub running: Option<(&'a str, bool)>,
}

/// Counts the fleet, device by device.
#[derive(Debug, Clone)]
pub struct Fleet {
    active_since: Option<Timestamp>,
    classes: BTreeMap<String, Group>,
    /// In the order of the plan's cohorts.
    cohorts: Vec<Group>,
}

#[derive(Debug, Clone, Default)]
struct Group {
    devices: u64,
    unreachable: u64,
    unverified: u64,
    verified: BTreeMap<String, u64>,
    /// Verified to run a version that isn't counted by itself.
    beyond: u64,
}

/// What a class or a cohort runs.
///
/// `devices` is the sum of `unreachable`, `unverified`, and all `verified`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reach {
    /// Which.
    pub subject: Subject,
    /// Registered devices.
    pub devices: u64,
    /// Of these, not heard of for longer than the plan's `active_within`, or never.
    pub unreachable: u64,
    /// Of the others, those that have confirmed nothing: on trial, or they never said what they run.
    pub unverified: u64,
    /// Of the others, those that confirmed a version: by version, most devices first.
    pub verified: Vec<VersionCount>,
}

/// So many devices of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionCount {
    /// The version; `all others` ([`OTHER`]) for those beyond the first twenty ([`VERSIONS_MAX`]).
    pub version: String,
    /// Devices.
    pub devices: u64,
}

impl Fleet {
    /// Nobody counted yet, by what `plan` calls active.
    #[must_use]
    pub fn new(plan: &Plan, now: Timestamp) -> Self {
        let active_within = plan.service_levels.active_within;
        Self {
            active_since: active_within.map(|span| before(now, span)),
            classes: BTreeMap::new(),
            cohorts: vec![Group::default(); plan.cohorts.len()],
        }
    }

    /// Counts a device that is in the cohorts of these places in the plan.
    pub fn add(&mut self, device: &InField<'_>, cohorts: impl IntoIterator<Item = usize>) {
        let is_active = is_active(self.active_since, device.last_seen);
        if !self.classes.contains_key(device.class) {
            self.classes
                .insert(device.class.to_owned(), Group::default());
        }
        if let Some(group) = self.classes.get_mut(device.class) {
            group.add(device, is_active);
        }
        for index in cohorts {
            if let Some(group) = self.cohorts.get_mut(index) {
                group.add(device, is_active);
            }
        }
    }

    /// Classes of the plan first, then those that only devices have, then the cohorts.
    pub(super) fn into_reach(mut self, plan: &Plan) -> Vec<Reach> {
        let mut reach = Vec::new();
        for class in &plan.classes {
            let name = class.id.to_string();
            let group = self.classes.remove(&name).unwrap_or_default();
            reach.push(group.into_reach(Subject::Class { name }));
        }
        for (name, group) in self.classes {
            reach.push(group.into_reach(Subject::Class { name }));
        }
        for (cohort, group) in plan.cohorts.iter().zip(self.cohorts) {
            let name = cohort.name.to_string();
            reach.push(group.into_reach(Subject::Cohort { name }));
        }
        reach
    }
}

impl Group {
    fn add(&mut self, device: &InField<'_>, is_active: bool) {
        self.devices += 1;
        let is_full = self.verified.len() >= VERSIONS_COUNTED_MAX;
        match device.running {
            _ if !is_active => self.unreachable += 1,
            Some((version, true)) => match self.verified.get_mut(version) {
                Some(count) => *count += 1,
                None if is_full => self.beyond += 1,
                None => {
                    self.verified.insert(version.to_owned(), 1);
                }
            },
            Some((_, false)) | None => self.unverified += 1,
        }
    }

    fn into_reach(self, subject: Subject) -> Reach {
        let mut verified: Vec<_> = self
            .verified
            .into_iter()
            .map(|(version, devices)| VersionCount { version, devices })
            .collect();
        verified.sort_by_key(|count| core::cmp::Reverse(count.devices));
        let rest = verified.split_off(verified.len().min(VERSIONS_MAX));
        let others = self.beyond + rest.iter().map(|count| count.devices).sum::<u64>();
        if others > 0 {
            verified.push(VersionCount {
                version: OTHER.to_owned(),
                devices: others,
            });
        }
        Reach {
            subject,
            devices: self.devices,
            unreachable: self.unreachable,
            unverified: self.unverified,
            verified,
        }
    }
}
