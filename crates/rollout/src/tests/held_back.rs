//! Who is held back for whom.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mainstay_plan::{SignalName, SoftSignal};

use crate::control::Pair;
use crate::readings::wanted;
use crate::rollout::Rollout;
use crate::step;
use crate::testing::{at, at_sites, waves_of};
use crate::view::FleetView;

/// A rollout that hasn't begun, under a plan that compares battery drain.
fn comparing(sizes: &[usize]) -> (Rollout, FleetView) {
    let (mut rollout, view) = waves_of(sizes);
    rollout.rules.soft = vec![SoftSignal {
        name: SignalName::Battery,
        worse_by_at_most: 10,
        horizon: SignedDuration::from_hours(48),
    }];
    (rollout, view)
}

/// Opens the canary.
fn open(rollout: &Rollout, view: &FleetView) -> Rollout {
    step(rollout, view, at(0)).rollout
}

fn pairs(rollout: &Rollout, view: &FleetView) -> Vec<Pair> {
    open(rollout, view).waves[0].controls.pairs.clone()
}

#[test]
fn a_plan_without_soft_signals_holds_nobody_back() {
    let (mut rollout, view) = comparing(&[40, 400]);
    rollout.rules.soft = Vec::new();
    let opened = open(&rollout, &view);
    assert!(opened.waves[0].controls.is_empty());
    let text = serde_json::to_string(&opened).expect("plain data");
    assert!(
        !text.contains("controls") && !text.contains("soft"),
        "stored as ever"
    );
    assert_eq!(wanted(&opened, &view), []);
}

#[test]
fn partners_are_of_the_same_kind_and_wait_for_their_own_wave() {
    let (rollout, mut view) = comparing(&[40, 100, 300]);
    for (n, device) in view.devices.iter_mut().enumerate() {
        device.zone = ["America/Denver", "Europe/Berlin"][n / 2 % 2].to_owned();
    }
    let drawn = pairs(&rollout, &view);
    assert_eq!(drawn.len(), 40);
    let device = |id: &crate::DeviceId| {
        let mut devices = view.devices.iter();
        devices.find(|d| d.id == *id).expect("enrolled")
    };
    for pair in &drawn {
        let (treated, control) = (device(&pair.treated), device(&pair.control));
        assert_eq!(
            (&treated.hardware, &treated.zone),
            (&control.hardware, &control.zone)
        );
        assert!(treated.wave == 0 && control.wave > 0);
    }
    let controls: BTreeSet<_> = drawn.iter().map(|pair| &pair.control).collect();
    assert_eq!(controls.len(), 40, "each is held back once");
}

#[test]
fn the_seed_says_who_is_held_back_and_nothing_else() {
    let (mut rollout, mut view) = comparing(&[40, 400]);
    let drawn = pairs(&rollout, &view);
    view.devices.reverse();
    assert_eq!(pairs(&rollout, &view), drawn, "an auditor draws the same");
    rollout.seed += 1;
    assert_ne!(pairs(&rollout, &view), drawn);
}

#[test]
fn a_zone_that_has_nobody_left_borrows_and_a_revision_does_not() {
    let (rollout, mut view) = comparing(&[10, 10]);
    let (canary, later) = view.devices.split_at_mut(10);
    canary
        .iter_mut()
        .for_each(|d| d.zone = "Europe/Berlin".to_owned());
    later
        .iter_mut()
        .skip(1)
        .for_each(|d| d.hardware = "B".to_owned());
    // Five canaries of C have one partner, five of B have five of nine.
    assert_eq!(pairs(&rollout, &view).len(), 6);
}

#[test]
fn where_sites_count_a_site_gives_one_to_each_side() {
    let (mut rollout, mut view) = comparing(&[40, 400]);
    at_sites(&mut rollout, &mut view, 5);
    let drawn = pairs(&rollout, &view);
    assert_eq!(drawn.len(), 8, "the canary of forty stands at eight sites");
}

#[test]
fn large_waves_are_compared_in_part() {
    let (rollout, view) = comparing(&[250, 400]);
    assert_eq!(pairs(&rollout, &view).len(), 200);
}
