//! What comes first: devices behind a stone are told, other classes are taken to be there, which is said.

use mainstay_plan::{ClassId, Prerequisite, VersionNumber};
use semver::Version;

use super::*;

#[test]
fn devices_behind_a_stone_are_told_beforehand() {
    let mut devices = fleet(200);
    for device in devices.iter_mut().take(30) {
        device.running.as_mut().expect("it runs").version = "0.9.0".to_owned();
    }
    let mut premise = premise(&devices);
    premise.terms.stones = vec![Version::new(1, 0, 0)];
    let told = told(&premise);
    let [behind] = &told.not_eligible[..] else {
        panic!("one reason: {:?}", told.not_eligible)
    };
    assert_eq!(
        (behind.id.as_str(), behind.devices),
        ("fleet.behind-stone", 30)
    );
    assert_eq!(behind.because, "it must run 1.0.0 or later first");
    assert_eq!(told.enrolled, 170);
}

#[test]
fn other_classes_are_taken_to_be_there_and_that_is_said() {
    let devices = fleet(200);
    let mut premise = premise(&devices);
    let without = told(&premise);
    premise.rules.prerequisites = vec![Prerequisite {
        index: 0,
        from: VersionNumber::new(1, 1, 0),
        class: ClassId::new("gateway-v1").expect("a class"),
        at_least: VersionNumber::new(2, 0, 0),
        share_percent: 95,
    }];
    let with = told(&premise);
    assert_eq!((with.ends, &with.waves), (without.ends, &without.waves));
    assert!(with.ends.is_some());
    let words = "95 % of the devices of gateway-v1 run 2.0.0 or later when it starts; until they do, no wave opens.";
    assert!(
        with.assumptions.iter().any(|said| said == words),
        "{:?}",
        with.assumptions
    );
}
