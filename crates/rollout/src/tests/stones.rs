//! Stepping stones: who is drawn and offered what, and who isn't.

use mainstay_fleet::{Device, Running, eligible};
use proptest::prelude::*;
use semver::Version;

use crate::needs::past_stones;
use crate::progress::{FailureCause, Progress};
use crate::rules::Rules;
use crate::testing::{self, NEW, NOTHING, at, confirmed, device, failed, on_trial};
use crate::why::{self, Subject};
use crate::{DeviceView, Wait, draw, halt};

const SUBJECT: Subject<'_> = Subject {
    device: "th-0193",
    class: "thermo-v2",
    hardware: "B",
    runs: Some("0.9.0"),
};

#[test]
fn a_device_that_fell_behind_a_stone_is_offered_nothing() {
    let mut rollout = testing::opened(40);
    rollout.rules.stones = vec![Version::new(0, 9, 0), Version::new(1, 0, 0)];
    let ahead = |progress: Progress, runs: Option<&str>| {
        let view = DeviceView {
            progress,
            ..device(0)
        };
        past_stones(&rollout, &view, runs).err()
    };
    let behind = |stone: &str| {
        Some(Wait::BehindStone {
            stone: stone.to_owned(),
        })
    };
    let refused = Progress::Refused {
        began: None,
        at: at(0),
        refusal: "trust.held".into(),
    };
    let to_come = [
        Progress::Waiting,
        Progress::Promised { at: at(0) },
        Progress::Began { at: at(0) },
        refused,
    ];
    for progress in to_come {
        assert_eq!(ahead(progress.clone(), Some("1.0.0")), None, "{progress:?}");
        assert_eq!(ahead(progress.clone(), Some("0.9.9")), behind("1.0.0"));
        assert_eq!(ahead(progress.clone(), Some("0.8.0")), behind("0.9.0"));
        assert_eq!(
            ahead(progress, None),
            behind("0.9.0"),
            "nobody knows what it runs"
        );
    }
    for progress in [on_trial(0), confirmed(0), failed(0, FailureCause::SelfTest)] {
        assert_eq!(
            ahead(progress.clone(), Some("0.8.0")),
            None,
            "{progress:?}: nothing is to come"
        );
    }
    let wait = behind("1.0.0").expect("one");
    assert_eq!(
        why::sentence(&SUBJECT, &rollout, &wait, at(1)),
        "th-0193 (thermo-v2, hardware B) runs 0.9.0 and isn't updating to 1.1.0, because it must run 1.0.0 or later first."
    );
    let back =
        halt::by_person(&rollout, &testing::view(40), "kim", "smoke", at(5)).expect("it rolls");
    let view = DeviceView {
        running: Some(NEW.into()),
        ..device(0)
    };
    assert_eq!(
        past_stones(&back.rollout, &view, None),
        Ok(()),
        "no stone bars the way back"
    );
}

#[test]
fn a_device_whose_only_slot_makes_way_was_over_the_stones() {
    let mut rollout = testing::opened(40);
    rollout.rules.stones = vec![Version::new(1, 0, 0)];
    let ahead = |progress| {
        let view = DeviceView {
            running: Some(NOTHING.into()),
            progress,
            ..device(0)
        };
        past_stones(&rollout, &view, Some("")).err()
    };
    assert_eq!(ahead(Progress::Promised { at: at(0) }), None);
    assert_eq!(ahead(Progress::Began { at: at(0) }), None);
    assert!(ahead(Progress::Waiting).is_some());
}

/// A pre-release has the changes of its release.
#[test]
fn what_a_release_needs_follows_from_its_version() {
    let plan = mainstay_plan::starting_plan().replacen(
        "install    = \"dual-bank\"",
        "install    = \"dual-bank\"\nneeds = [{ from = \"3.0.0\", at_least = \"2.0.0\" }]",
        1,
    );
    let plan = mainstay_plan::parse(&plan).expect("it passes");
    let track = plan.tracks.each().next().expect("a track");
    for (version, stones) in [("2.9.0", 0), ("3.0.0-rc.1", 1), ("3.0.0", 1), ("3.0", 1)] {
        let mut candidate = testing::candidate();
        candidate.version = version.to_owned();
        let class = &plan.classes[0];
        let rules = Rules::new(&plan, track).with_needs(class, &candidate);
        let terms = crate::terms(&candidate, class, track.name);
        assert_eq!(
            (rules.stones.len(), &terms.stones),
            (stones, &rules.stones),
            "{version}"
        );
    }
}

fn runs(n: usize, version: &str) -> Device {
    Device {
        id: testing::id(n),
        class: "thermo-v2".to_owned(),
        hardware: "H0".to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.0".to_owned(),
        registered_at: at(0),
        last_seen: Some(at(0)),
        running: Some(Running {
            release: testing::OLD,
            version: version.to_owned(),
            sequence: 1,
            verified: true,
            last_resort: false,
            since: at(0),
        }),
        attributes: std::collections::BTreeMap::new(),
    }
}

type Numbers = (u64, u64, u64);

fn numbers() -> impl Strategy<Value = Numbers> {
    (0..3_u64, 0..12_u64, 0..2_u64)
}

fn text((a, b, c): Numbers) -> String {
    format!("{a}.{b}.{c}")
}

proptest! {
    /// Whatever devices run and whatever the stones: who is drawn runs at least the highest, and whoever is left out for a
    /// stone doesn't.
    #[test]
    fn nobody_is_drawn_past_a_stone(
        fleet in prop::collection::vec(numbers(), 1..40),
        stones in prop::collection::btree_set(numbers(), 0..4),
    ) {
        let devices: Vec<_> = fleet.iter().enumerate().map(|(n, v)| runs(n, &text(*v))).collect();
        let mut terms = testing::terms();
        terms.stones = stones.iter().map(|(a, b, c)| Version::new(*a, *b, *c)).collect();
        let mut rules = testing::rules();
        rules.canary.at_least_per_hardware = 1;
        let drawn = draw(&terms, &rules, 7, &devices, at(0)).unwrap_or_default();
        for (device, version) in devices.iter().zip(&fleet) {
            let is_past = stones.iter().all(|stone| version >= stone);
            prop_assert_eq!(drawn.iter().any(|one| one.device == device.id), is_past);
            let reason = eligible(device, &terms, at(0)).err().map(|reason| reason.to_string());
            let ahead = stones.iter().find(|stone| version < stone);
            let expected = ahead.map(|stone| format!("it must run {} or later first", text(*stone)));
            prop_assert_eq!(reason, expected);
        }
    }
}
