//! What a plan's rules are told that doesn't stand in the plan. Read [`FleetFacts`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::class::Class;
use crate::client::ClientRules;
use crate::gate::COVERAGE;
use crate::names::ClassId;
use crate::needs::VersionNumber;
use crate::plan::Plan;
use crate::root_facts::RootFacts;

/// What is known of the fleet, and of the day, when a plan is checked. Empty means unknown, never "no devices".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FleetFacts {
    /// Registered devices of each class.
    pub devices_by_class: BTreeMap<ClassId, u32>,
    /// The same devices, by class and hardware revision.
    pub devices_by_hardware: BTreeMap<ClassId, BTreeMap<String, u32>>,
    /// The sites at which they stand, by class; a device of no site is one of its own.
    pub sites_by_class: BTreeMap<ClassId, u32>,
    /// The versions of each class that are known: some device runs them, or they were handed in.
    pub versions_by_class: BTreeMap<ClassId, BTreeSet<VersionNumber>>,
    /// The same devices, by class, attribute and value, as far as they are counted.
    pub devices_by_attribute: BTreeMap<ClassId, BTreeMap<String, BTreeMap<String, u32>>>,
    /// What devices of each class measure, where some were heard lately.
    pub measuring_by_class: BTreeMap<ClassId, Measuring>,
    /// The day on which they were counted. Without it nothing is judged by a date.
    pub as_of: Option<Date>,
    /// The plan that the checked one would follow.
    pub in_force: Option<InForce>,
    /// The root that devices hold, or are to get next.
    pub root: Option<RootFacts>,
}

impl FleetFacts {
    /// The hardware revisions of a class's devices, each with their number, by name.
    pub fn hardware(&self, class: &ClassId) -> impl Iterator<Item = (&str, u32)> {
        let counted = self.devices_by_hardware.get(class).into_iter().flatten();
        counted.map(|(revision, devices)| (revision.as_str(), *devices))
    }
}

/// So many values of an attribute are counted of a class, and so many attributes: more are no kinds of devices, but numbers of their
/// own, and a million of them needn't be kept to tell that no canary holds them all.
pub const ATTRIBUTE_VALUES_MAX: usize = 256;

/// What of the plan in force a next one is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// Each class as devices know it.
    pub classes: BTreeMap<ClassId, KnownAs>,
    /// The least share of lines that tests reach, in percent, if it says.
    pub coverage_min_percent: Option<u8>,
}

impl InForce {
    /// What of `plan` is compared.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let known_as = |class: &Class| {
            let known_as = KnownAs {
                group_name: class.group_name(plan.environment),
                hardware: class.hardware.clone(),
                security_until: class.support.as_ref().map(|support| support.security_until),
                clients: class.clients.clone(),
            };
            (class.id.clone(), known_as)
        };
        Self {
            classes: plan.classes.iter().map(known_as).collect(),
            coverage_min_percent: plan.gate(COVERAGE).and_then(|gate| gate.min_percent),
        }
    }
}

/// By what the devices of a class know that a release is for them, and what their owners count on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAs {
    /// The whole name, as of [`Class::group_name`].
    pub group_name: String,
    /// The hardware revisions in it, as the plan lists them.
    pub hardware: Vec<String>,
    /// The last day of security updates, if the plan promises any.
    pub security_until: Option<Date>,
    /// What is believed of devices with other clients.
    pub clients: ClientRules,
}

/// What the devices of a class say that they measure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measuring {
    /// So many were heard lately ...
    pub heard: u32,
    /// ... of which so many measure their error log ...
    pub error_log: u32,
    /// ... and so many the drain of their battery.
    pub battery: u32,
}
