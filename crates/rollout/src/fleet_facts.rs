//! What a plan's rules are told of the devices in the field. Read [`fleet_facts`].
//!
//! The plan knows no devices, and the fleet knows no plan: they meet here.

use mainstay_fleet::Device;
use mainstay_plan::{ClassId, FleetFacts};

/// How many devices of each class there are, for the rules that need it. What names no class isn't counted.
#[must_use]
pub fn fleet_facts(devices: &[Device]) -> FleetFacts {
    let mut facts = FleetFacts::default();
    for device in devices {
        if let Ok(class) = ClassId::new(&device.class) {
            *facts.devices_by_class.entry(class).or_insert(0) += 1;
        }
    }
    facts
}
