//! A plan that compares soft signals: a preview has no readings, so it goes without, and says so.

use mainstay_plan::{SignalName, SoftSignal};

use super::*;

#[test]
fn what_is_compared_with_devices_held_back_is_left_out_and_said() {
    let devices = fleet(200);
    let mut premise = premise(&devices);
    let without = told(&premise);
    premise.rules.soft = vec![SoftSignal {
        name: SignalName::Battery,
        worse_by_at_most: 10,
        horizon: SignedDuration::from_hours(48),
    }];
    let with = told(&premise);
    assert_eq!((with.ends, &with.waves), (without.ends, &without.waves));
    assert!(with.ends.is_some());
    // The alpha that the soft signals have, the test on hard failures hasn't.
    let halts = |told: &Preview| {
        told.catches
            .iter()
            .map(|catch| catch.halts_permille)
            .sum::<u32>()
    };
    assert!(halts(&with) < halts(&without), "{:?}", with.catches);
    let words = "Nobody is held back to be compared";
    assert!(with.assumptions.join(" ").contains(words));
    assert!(!without.assumptions.join(" ").contains(words));
}
