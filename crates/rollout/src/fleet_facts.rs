//! What a plan's rules are told of the devices in the field. Read [`FieldCount`].
//!
//! The plan knows no devices, and the fleet knows no plan: they meet here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use mainstay_fleet::{Device, Site};
use mainstay_plan::fleet_facts::ATTRIBUTE_VALUES_MAX;
use mainstay_plan::{ClassId, FleetFacts, VersionNumber};

/// The facts of a fleet that is walked over: no device is kept, but where each class stands.
#[derive(Debug, Clone, Default)]
pub struct FieldCount {
    facts: FleetFacts,
    sites: BTreeMap<ClassId, BTreeSet<Site>>,
}

impl FieldCount {
    /// Before the first device is counted.
    #[must_use]
    pub fn new(as_of: Date) -> Self {
        let facts = FleetFacts {
            as_of: Some(as_of),
            ..FleetFacts::default()
        };
        let sites = BTreeMap::new();
        Self { facts, sites }
    }

    /// Counts a device. What names no class isn't counted, and what isn't a version of three numbers isn't known.
    pub fn add(&mut self, device: &Device) {
        let Self { facts, sites } = self;
        let Ok(class) = ClassId::new(&device.class) else {
            return;
        };
        let by_hardware = facts.devices_by_hardware.entry(class.clone()).or_default();
        *by_hardware.entry(device.hardware.clone()).or_insert(0) += 1;
        *facts.devices_by_class.entry(class.clone()).or_insert(0) += 1;
        let running = device.running.as_ref();
        let version = running.and_then(|running| running.version.parse::<VersionNumber>().ok());
        let versions = facts.versions_by_class.entry(class.clone()).or_default();
        versions.extend(version);
        let counts = match device.site() {
            Some(site) => sites.entry(class.clone()).or_default().insert(site),
            None => true,
        };
        let attributes = facts.devices_by_attribute.entry(class.clone()).or_default();
        count_attributes(attributes, device);
        *facts.sites_by_class.entry(class).or_insert(0) += u32::from(counts);
    }

    /// What was counted.
    #[must_use]
    pub fn facts(self) -> FleetFacts {
        self.facts
    }
}

/// How many devices, of which hardware, and sites of each class there are, and which versions they run, for the rules that
/// need it, as of a day.
#[must_use]
pub fn fleet_facts(devices: &[Device], as_of: Date) -> FleetFacts {
    let mut count = FieldCount::new(as_of);
    devices.iter().for_each(|device| count.add(device));
    count.facts()
}

/// Counts a device by what it is declared with, as far as there is room.
fn count_attributes(attributes: &mut BTreeMap<String, BTreeMap<String, u32>>, device: &Device) {
    for (name, value) in &device.attributes {
        if attributes.len() >= ATTRIBUTE_VALUES_MAX && !attributes.contains_key(name) {
            continue;
        }
        let values = attributes.entry(name.clone()).or_default();
        if values.len() < ATTRIBUTE_VALUES_MAX || values.contains_key(value) {
            *values.entry(value.clone()).or_insert(0) += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use mainstay_fleet::{DeviceId, Running};

    use super::*;
    use crate::testing::at;

    fn device(id: &str, class: &str, hardware: &str, site: Option<&str>) -> Device {
        let site = site.map(|site| ("site".to_owned(), site.to_owned()));
        Device {
            id: DeviceId::new(id).expect("a good name"),
            class: class.to_owned(),
            hardware: hardware.to_owned(),
            zone: "America/Denver".to_owned(),
            bootloader: "1.4.0".to_owned(),
            registered_at: at(0),
            last_seen: None,
            running: None,
            attributes: site.into_iter().collect(),
        }
    }

    #[test]
    fn devices_revisions_and_sites_are_counted_by_class() {
        let mut fleet = [
            device("th-1", "thermo-v2", "B", Some("store-7")),
            device("th-2", "thermo-v2", "C", Some("store-7")),
            device("th-3", "thermo-v2", "C", None),
            device("ga-1", "gate-v1", "A", Some("store-7")),
            device("xx-1", "No Class", "A", None),
        ];
        let runs = |version: &str| {
            Some(Running {
                release: crate::testing::OLD,
                version: version.to_owned(),
                sequence: 1,
                verified: true,
                last_resort: false,
                since: at(0),
            })
        };
        fleet[0].running = runs("1.4.0");
        fleet[1].running = runs("built on Monday");
        let today = jiff::civil::date(2026, 11, 26);
        let facts = fleet_facts(&fleet, today);
        let class = |id| ClassId::new(id).expect("a class");
        let (thermo, gate) = (class("thermo-v2"), class("gate-v1"));
        assert_eq!(
            facts.devices_by_class,
            BTreeMap::from([(thermo.clone(), 3), (gate.clone(), 1)])
        );
        let revisions: Vec<_> = facts.hardware(&thermo).collect();
        assert_eq!(revisions, [("B", 1), ("C", 2)]);
        assert_eq!(
            facts.sites_by_class,
            BTreeMap::from([(thermo, 2), (gate, 1)])
        );
        let known = facts.versions_by_class.into_values();
        let known: Vec<Vec<_>> = known
            .map(|versions| versions.iter().map(ToString::to_string).collect())
            .collect();
        assert_eq!(known, [vec![], vec!["1.4.0".to_owned()]]);
        assert_eq!(facts.as_of, Some(today));
    }

    #[test]
    fn attributes_are_counted_by_value_as_far_as_there_is_room() {
        let fleet: Vec<_> = (0..=ATTRIBUTE_VALUES_MAX)
            .map(|n| {
                let mut device = device(&format!("th-{n}"), "thermo-v2", "B", None);
                let region = if n % 2 == 0 { "east" } else { "west" };
                let own = [("region", region.to_owned()), ("serial", n.to_string())];
                let own = own.map(|(name, value)| (name.to_owned(), value));
                device.attributes = own.into_iter().collect();
                device
            })
            .collect();
        let facts = fleet_facts(&fleet, jiff::civil::date(2026, 11, 26));
        let counted = &facts.devices_by_attribute[&ClassId::new("thermo-v2").expect("a class")];
        let names: Vec<_> = counted.keys().collect();
        assert_eq!(names, ["region", "serial"]);
        assert_eq!(counted["serial"].len(), ATTRIBUTE_VALUES_MAX);
        let regions: Vec<_> = counted["region"].values().copied().collect();
        assert_eq!(regions, [129, 128]);
    }
}
