//! What other classes must run first, and what is held until they do.

use mainstay_plan::{ClassId, Prerequisite, VersionNumber};
use proptest::prelude::*;

use crate::needs::{ClassVersions, unmet};
use crate::progress::Progress;
use crate::rollout::{Phase, Rollout};
use crate::score::unreached_at;
use crate::step::{Action, Step};
use crate::testing::{self, at, confirm, device, waves_of};
use crate::view::FleetView;
use crate::why::{self, Subject};
use crate::withdrawal::{self, WithdrawalRefused};
use crate::{DeviceView, Kind, Wait, halt, offer, step};

const SUBJECT: Subject<'_> = Subject {
    device: "th-0193",
    class: "thermo-v2",
    hardware: "B",
    runs: Some("1.0.0"),
};

/// With so large a failure rate to be noticed, in percent, two healthy devices are enough.
const TWO_CAN_TELL: f64 = 90.0;

/// Gateways must run 2.0.0.
fn gateways(share_percent: u8) -> Prerequisite {
    Prerequisite {
        index: 0,
        from: VersionNumber::new(1, 1, 0),
        class: ClassId::new("gateway-v1").expect("a class"),
        at_least: VersionNumber::new(2, 0, 0),
        share_percent,
    }
}

/// So many gateways, of which some are verified to run these versions.
fn counted(devices: u32, verified: &[(&str, u32)]) -> ClassVersions {
    let verified = verified.iter();
    ClassVersions {
        class: "gateway-v1".to_owned(),
        devices,
        verified: verified
            .map(|(version, count)| ((*version).to_owned(), *count))
            .collect(),
    }
}

#[test]
fn a_share_is_counted_of_all_and_rounded_up() {
    let cases = [
        (100, counted(40, &[("2.0.0", 40)]), None),
        (
            100,
            counted(40, &[("2.0.0", 39), ("1.9.9", 1)]),
            Some((39, 40)),
        ),
        (
            100,
            counted(3, &[("2.0.0", 1), ("2.10.0", 1), ("10.0.0", 1)]),
            None,
        ),
        (
            100,
            counted(2, &[("2.0.0", 1), ("2.0.0-rc.1", 1)]),
            Some((1, 2)),
        ),
        (
            100,
            counted(2, &[("2.0.0", 1), ("built on Monday", 1)]),
            Some((1, 2)),
        ),
        (95, counted(40, &[("2.0.0", 38)]), None),
        (95, counted(41, &[("2.0.0", 38)]), Some((38, 39))),
        (1, counted(1, &[]), Some((0, 1))),
        (1, counted(0, &[]), Some((0, 0))),
    ];
    for (share, other, expected) in cases {
        let told = unmet(&[gateways(share)], std::slice::from_ref(&other));
        let told = told.first().map(|unmet| (unmet.ready, unmet.needed));
        assert_eq!(told, expected, "{share} % of {other:?}");
    }
    let stranger = ClassVersions {
        class: "lamp-v1".to_owned(),
        ..counted(1, &[("2.0.0", 1)])
    };
    assert_eq!(
        unmet(&[gateways(100)], &[stranger]).len(),
        1,
        "nothing is known"
    );
    assert_eq!(unmet(&[], &[]), []);
}

/// Two devices in the canary and two after it, which wait for gateways.
fn waiting(devices: u32, ready: u32) -> (Rollout, FleetView) {
    let (mut rollout, mut view) = waves_of(&[2, 0, 2]);
    rollout.rules.prerequisites = vec![gateways(100)];
    rollout.rules.install.halt = TWO_CAN_TELL;
    know(&mut view, devices, ready);
    (rollout, view)
}

fn know(view: &mut FleetView, devices: u32, ready: u32) {
    view.others = Some(vec![counted(devices, &[("2.0.0", ready)])]);
}

fn opened(step: &Step) -> usize {
    let opens = |action: &&Action| matches!(action, Action::OpenWave { .. });
    step.actions.iter().filter(opens).count()
}

#[test]
fn no_wave_opens_before_the_other_class_is_there() {
    let (rollout, mut view) = waiting(40, 12);
    let held = step(&rollout, &view, at(0));
    assert_eq!(opened(&held), 0);
    let told: Vec<_> = held
        .waits
        .iter()
        .map(|wait| why::rollout(&held.rollout, wait, at(0)))
        .collect();
    assert_eq!(
        told,
        [
            "1.1.0 waits, because 12 of 40 devices of gateway-v1 are verified to run 2.0.0 or later, and all must."
        ]
    );
    let wait = offer(&held.rollout, &view.devices[0], 0, at(1)).expect_err("nobody gets it");
    assert_eq!(
        why::sentence(&SUBJECT, &held.rollout, &wait, at(1)),
        "th-0193 (thermo-v2, hardware B) runs 1.0.0 and isn't updating to 1.1.0, because 12 of 40 devices of \
         gateway-v1 are verified to run 2.0.0 or later, and all must."
    );
    assert!(!wait.is_settled() && why::next(&wait).starts_with("bring the other class there"));
    // However long it takes, nobody runs out of patience: no wave is open.
    know(&mut view, 40, 40);
    let later = at(60 * 24 * 90);
    let goes_on = step(&held.rollout, &view, later);
    assert_eq!((opened(&goes_on), goes_on.rollout.unmet.len()), (1, 0));
    assert!(goes_on.rollout.generation > held.rollout.generation);
    let offered = offer(&goes_on.rollout, &view.devices[0], 0, later).expect("its turn");
    assert_eq!(offered.kind, Kind::Forward);
}

#[test]
fn it_can_be_withdrawn_until_its_first_wave_opens() {
    let (rollout, mut view) = waiting(40, 12);
    let held = step(&rollout, &view, at(0)).rollout;
    let withdraw =
        |rollout: &Rollout| withdrawal::by_person(rollout, "kim@x", "a hotfix goes first", at(5));
    let withdrawn = withdraw(&held).expect("no wave is open").rollout;
    assert!(withdrawn.is_over() && withdrawn.generation > held.generation);
    let because = "isn't rolled out, because kim@x withdrew its rollout before a wave opened: a hotfix goes first.";
    know(&mut view, 40, 40);
    let later = step(&withdrawn, &view, at(60));
    assert_eq!((&later.rollout, later.actions.len()), (&withdrawn, 0));
    assert_eq!(
        why::rollout(&withdrawn, &later.waits[0], at(60)),
        format!("1.1.0 {because}")
    );
    let wait = offer(&withdrawn, &view.devices[0], 0, at(60)).expect_err("nobody gets it");
    assert!(wait.is_settled());
    assert_eq!(
        why::sentence(&SUBJECT, &withdrawn, &wait, at(60)),
        "th-0193 (thermo-v2, hardware B) runs 1.0.0 and isn't updating to 1.1.0, because kim@x withdrew its rollout \
         before a wave opened: a hotfix goes first."
    );
    let refused = |rollout: &Rollout| withdraw(rollout).map(|_| ());
    assert_eq!(refused(&withdrawn), Err(WithdrawalRefused::Over));
    let halted = halt::by_person(&withdrawn, &view, "sam@x", "smoke", at(60));
    assert_eq!(halted, Err(halt::HaltRefused::Withdrawn));
    let opened = step(&held, &view, at(60)).rollout;
    assert_eq!(refused(&opened), Err(WithdrawalRefused::WaveOpen));
    // Also while it is held again: who was promised something may have begun.
    know(&mut view, 40, 12);
    let held_again = step(&opened, &view, at(61)).rollout;
    assert_eq!(held_again.unmet.len(), 1);
    assert_eq!(refused(&held_again), Err(WithdrawalRefused::WaveOpen));
}

/// Whoever looks at a rollout without asking about other classes neither opens a wave nor closes the way.
#[test]
fn what_nobody_asked_stays_as_it_was() {
    let mut rules = testing::rules();
    rules.prerequisites = vec![gateways(100)];
    let (plain, mut view) = waves_of(&[2]);
    let (id, candidate) = (plain.id, plain.candidate);
    let new = Rollout::start(id, candidate, rules, "00".to_owned(), 7, &[], at(0));
    let unasked = step(&new, &view, at(0));
    assert_eq!((opened(&unasked), unasked.rollout.unmet.len()), (0, 1));
    know(&mut view, 1, 1);
    let asked = step(&new, &view, at(0)).rollout;
    view.others = None;
    assert_eq!(step(&asked, &view, at(1)).rollout.unmet, []);
}

#[test]
fn a_class_that_falls_back_holds_what_has_not_begun() {
    let (rollout, mut view) = waiting(40, 40);
    let open = step(&rollout, &view, at(0)).rollout;
    know(&mut view, 40, 39);
    let held = step(&open, &view, at(1)).rollout;
    assert!(
        held.generation > open.generation,
        "an offer decided before can't be promised"
    );
    let with = |progress| DeviceView {
        progress,
        ..device(0)
    };
    for (progress, gets_it) in [
        (Progress::Waiting, false),
        (Progress::Promised { at: at(0) }, false),
        (Progress::Began { at: at(0) }, true),
    ] {
        let offered = offer(&held, &with(progress.clone()), 0, at(2));
        assert_eq!(offered.is_ok(), gets_it, "{progress:?}");
    }
    // Whoever has begun is judged all the same, and the next wave waits.
    for device in &mut view.devices[..2] {
        confirm(device, 1, 40);
    }
    let passed = step(&held, &view, at(40)).rollout;
    assert!(passed.waves[0].passed.is_some());
    let rested = step(&passed, &view, at(40 + 61));
    assert_eq!(opened(&rested), 0);
    know(&mut view, 40, 40);
    let last = step(&rested.rollout, &view, at(40 + 62));
    assert_eq!((opened(&last), last.rollout.current_wave()), (2, 2));
}

/// Else the last wave would complete without those that it never promised anything.
#[test]
fn nobody_is_given_up_for_another_classs_sake() {
    let (mut rollout, mut view) = waves_of(&[2]);
    rollout.rules.prerequisites = vec![gateways(100)];
    let patience = rollout.rules.give_up_after.as_mins();
    know(&mut view, 40, 40);
    let open = step(&rollout, &view, at(0)).rollout;
    know(&mut view, 40, 39);
    let held = step(&open, &view, at(10)).rollout;
    assert_eq!(held.held_since, Some(at(10)));
    let later = step(&held, &view, at(10 * patience)).rollout;
    assert_eq!(later, held, "it waits");
    know(&mut view, 40, 40);
    let on = step(&held, &view, at(10 * patience)).rollout;
    assert!(matches!(on.phase, Phase::Rolling { .. }) && on.held_since.is_none());
    let end = 10 * patience + patience - 10;
    assert_eq!(
        unreached_at(&on, 0),
        Some(at(end)),
        "all but the ten minutes"
    );
    assert!(offer(&on, &view.devices[0], 0, at(end - 1)).is_ok());
    let given_up = offer(&on, &view.devices[0], 0, at(end)).expect_err("it had its time");
    assert!(matches!(given_up, Wait::GaveUp { .. }), "{given_up:?}");
}

/// Who was given up before stays so.
#[test]
fn a_hold_brings_nobody_back_who_was_given_up() {
    let (mut rollout, mut view) = waves_of(&[2]);
    rollout.rules.prerequisites = vec![gateways(100)];
    let patience = rollout.rules.give_up_after.as_mins();
    know(&mut view, 40, 40);
    confirm(&mut view.devices[0], 1, patience);
    view.devices[0].progress = Progress::Began {
        at: at(patience - 1),
    };
    let open = step(&rollout, &view, at(0)).rollout;
    know(&mut view, 40, 39);
    let held = step(&open, &view, at(patience + 1)).rollout;
    assert_eq!(unreached_at(&held, 0), Some(at(patience)));
    know(&mut view, 40, 40);
    let on = step(&held, &view, at(patience + 2)).rollout;
    assert_eq!(unreached_at(&on, 0), Some(at(patience)));
}

#[test]
fn what_is_held_can_be_halted_and_what_is_done_is_complete() {
    let (rollout, mut view) = waiting(40, 12);
    let held = step(&rollout, &view, at(0)).rollout;
    let halted = halt::by_person(&held, &view, "kim", "not this one", at(1)).expect("it rolls");
    assert!(matches!(halted.rollout.phase, Phase::Halted { .. }));
    let (mut rollout, _) = waves_of(&[2, 0, 2]);
    rollout.rules.install.halt = TWO_CAN_TELL;
    rollout.rules.prerequisites = vec![gateways(100)];
    know(&mut view, 40, 40);
    let mut now = 0;
    for minutes in [0, 40, 101, 102] {
        now = minutes;
        for device in view.devices.iter_mut().take(if now >= 102 { 4 } else { 2 }) {
            confirm(device, 1, now);
        }
        rollout = step(&rollout, &view, at(now)).rollout;
    }
    know(&mut view, 40, 0);
    let end = step(&rollout, &view, at(now + 40)).rollout;
    assert!(
        matches!(end.phase, Phase::Complete { .. }),
        "{:?}",
        end.phase
    );
}

#[test]
fn how_far_the_other_class_is_comes_in_words() {
    for (share, other, expected) in [
        (
            95,
            counted(40, &[("2.0.0", 1)]),
            "1 of 40 devices of gateway-v1 is verified to run 2.0.0 or later, and 38 must",
        ),
        (
            100,
            counted(1, &[]),
            "0 of 1 device of gateway-v1 are verified to run 2.0.0 or later, and all must",
        ),
        (
            100,
            counted(0, &[]),
            "devices of gateway-v1 must run 2.0.0 or later first, and none is registered",
        ),
    ] {
        let told = unmet(&[gateways(share)], &[other]);
        assert_eq!(told[0].to_string(), expected);
    }
}

proptest! {
    /// However the other class moves to and fro: at a step at which it isn't there no wave opens, and until the next step
    /// nobody who hasn't begun is offered anything; a second step without news changes nothing.
    #[test]
    fn nothing_is_offered_while_another_class_must_come_first(
        ready in prop::collection::vec((0..=4_u32, 1..90_i64), 1..60),
        share in 1..=100_u8,
    ) {
        let (mut rollout, mut view) = waiting(4, 0);
        rollout.rules.prerequisites = vec![gateways(share)];
        let mut now = 0;
        for (ready, minutes) in ready {
            now += minutes;
            know(&mut view, 4, ready);
            let met = ready * 100 >= u32::from(share) * 4;
            let next = step(&rollout, &view, at(now));
            prop_assert!(met || opened(&next) == 0);
            let again = step(&next.rollout, &view, at(now));
            prop_assert_eq!(&again.rollout, &next.rollout);
            rollout = next.rollout;
            for device in &mut view.devices {
                let offered = offer(&rollout, device, 0, at(now)).is_ok();
                prop_assert!(met || !offered);
                if offered {
                    confirm(device, now, now + 35);
                }
            }
        }
    }
}
