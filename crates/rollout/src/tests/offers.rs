//! What a device gets at its check-in, and why not.

use std::collections::BTreeSet;

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use mainstay_plan::DstGap;

use crate::offer::in_flight;
use crate::progress::{FailureCause, Progress};
use crate::rollout::Rollout;
use crate::testing::{NEW, at, confirmed, device, failed, on_trial, opened, view, waves_of};
use crate::{DeviceView, Wait, halt, may_hold_places, offer, step};

/// `forward`, `return`, or the wait's kind.
pub(super) fn outcome(rollout: &Rollout, device: &DeviceView, minutes: i64) -> String {
    match offer(rollout, device, 0, at(minutes)) {
        Ok(offer) => format!("{:?}", offer.kind).to_lowercase(),
        Err(wait) => {
            let text = format!("{wait:?}");
            text.split([' ', '{']).next().unwrap_or_default().to_owned()
        }
    }
}

pub(super) fn with(progress: Progress) -> DeviceView {
    DeviceView {
        progress,
        ..device(0)
    }
}

#[test]
fn the_state_of_the_device_decides_first() {
    let rollout = opened(40);
    let cases = [
        (Progress::Waiting, "forward"),
        (Progress::Promised { at: at(0) }, "forward"),
        (Progress::Began { at: at(0) }, "forward"),
        (on_trial(0), "OnTrial"),
        (confirmed(0), "AlreadyRuns"),
        (failed(0, FailureCause::SelfTest), "Failed"),
        (
            Progress::Refused {
                began: None,
                at: at(0),
                refusal: "trust.held".into(),
            },
            "Refused",
        ),
        (
            Progress::Returned {
                began: at(0),
                at: at(1),
            },
            "Returned",
        ),
    ];
    for (progress, expected) in cases {
        assert_eq!(outcome(&rollout, &with(progress), 10), expected);
    }
    let runs = DeviceView {
        running: Some(NEW.into()),
        ..device(0)
    };
    assert_eq!(outcome(&rollout, &runs, 10), "AlreadyRuns");
}

#[test]
fn long_after_a_halt_nobody_holds_a_place() {
    let rollout = opened(40);
    assert!(may_hold_places(&rollout, at(1_000_000)));
    let halted = halt::by_person(&rollout, &view(40), "kim", "smoke", at(5)).expect("rolling");
    assert!(may_hold_places(&halted.rollout, at(5)));
    assert!(!may_hold_places(&halted.rollout, at(1_000_000)));
}

#[test]
fn waves_open_one_after_the_other() {
    let (rollout, view) = waves_of(&[3, 3]);
    assert_eq!(
        outcome(&rollout, &view.devices[0], 0),
        "WaveNotOpen",
        "no step was taken"
    );
    let rollout = step(&rollout, &view, at(0)).rollout;
    assert_eq!(outcome(&rollout, &view.devices[0], 0), "forward");
    let wait = offer(&rollout, &view.devices[3], 0, at(0));
    assert_eq!(
        wait,
        Err(Wait::WaveNotOpen {
            wave: 1,
            open: Some(0)
        })
    );
    let stranger = DeviceView {
        wave: 7,
        ..device(0)
    };
    assert_eq!(outcome(&rollout, &stranger, 0), "NotEnrolled");
    assert_eq!(outcome(&rollout, &device(0), 72 * 60), "GaveUp");
}

#[test]
fn the_budget_counts_the_others() {
    let rollout = opened(400);
    let waiting = device(0);
    let full = offer(&rollout, &waiting, 100, at(1));
    assert_eq!(
        full,
        Err(Wait::Budget {
            in_flight: 100,
            limit: 100
        })
    );
    assert!(offer(&rollout, &waiting, 99, at(1)).is_ok());
    let promised = with(Progress::Promised { at: at(0) });
    assert!(
        offer(&rollout, &promised, 100, at(1)).is_ok(),
        "it holds its place already"
    );
}

#[test]
fn places_in_the_budget_are_not_held_for_ever() {
    let rollout = opened(40);
    let mut view = view(3);
    view.devices[0].progress = Progress::Promised { at: at(0) };
    view.devices[1].progress = Progress::Began { at: at(0) };
    view.devices[2].progress = on_trial(0);
    let held = |minutes| in_flight(&rollout, &view, at(minutes));
    assert_eq!((held(29), held(30), held(59), held(60)), (2, 1, 1, 0));
}

/// 2 GiB over 2 Mbit/s take 143 minutes, and the horizon is half an hour.
#[test]
fn a_place_is_held_as_long_as_a_large_payload_takes() {
    let mut rollout = opened(40);
    rollout.candidate.image_bytes = 2 << 30;
    rollout.rules.limits.bytes_per_second = 50_000_000;
    let mut view = view(2);
    view.devices[0].progress = Progress::Began { at: at(0) };
    view.devices[1].progress = on_trial(0);
    let held = |minutes| in_flight(&rollout, &view, at(minutes));
    assert_eq!((held(60), held(143), held(144)), (1, 1, 0));
    let halted = halt::by_person(&rollout, &view, "kim", "smoke", at(5)).expect("rolling");
    assert!(may_hold_places(&halted.rollout, at(5 + 30 + 143)));
    assert!(!may_hold_places(&halted.rollout, at(5 + 30 + 144)));
}

#[test]
fn a_refusal_is_tried_again_unless_something_began() {
    let rollout = opened(40);
    let refused = |began| {
        let refusal = "trust.held".into();
        with(Progress::Refused {
            began,
            at: at(5),
            refusal,
        })
    };
    assert_eq!(outcome(&rollout, &refused(None), 34), "Refused");
    assert_eq!(outcome(&rollout, &refused(None), 35), "forward");
    assert_eq!(outcome(&rollout, &refused(Some(at(4))), 99), "Refused");
}

#[test]
fn windows_are_the_device_s_own() {
    let mut rollout = opened(40);
    rollout.rules.window.from = Time::constant(1, 0, 0, 0);
    rollout.rules.window.until = Time::constant(4, 0, 0, 0);
    // Noon in Greenwich is 06:00 in Denver; its window opens 19 hours later.
    let night = 19 * 60;
    assert_eq!(outcome(&rollout, &device(0), 0), "WindowOpens");
    assert_eq!(outcome(&rollout, &device(0), night - 1), "WindowOpens");
    assert_eq!(outcome(&rollout, &device(0), night), "forward");
    let honolulu = DeviceView {
        zone: "Pacific/Honolulu".into(),
        ..device(0)
    };
    assert_eq!(outcome(&rollout, &honolulu, 0), "forward", "02:00 there");
    let nowhere = DeviceView {
        zone: "Mars/Olympus".into(),
        ..device(0)
    };
    assert_eq!(outcome(&rollout, &nowhere, 0), "UnknownZone");
    let begun = with(Progress::Began { at: at(0) });
    assert_eq!(
        outcome(&rollout, &begun, 5),
        "forward",
        "what has begun may end"
    );
}

#[test]
fn turns_are_spread_over_the_window_and_never_past_it() {
    let mut rollout = opened(40);
    rollout.rules.window.from = Time::constant(1, 0, 0, 0);
    rollout.rules.window.until = Time::constant(4, 0, 0, 0);
    rollout.rules.jitter = SignedDuration::from_mins(600);
    let (night, end) = (19 * 60, 22 * 60);
    let turns: Vec<_> = (0..40).map(|n| turn(&rollout, n, night)).collect();
    assert!(
        turns.iter().all(|turn| (night..end).contains(turn)),
        "{turns:?}"
    );
    let early = turns.iter().filter(|turn| **turn < night + 90).count();
    assert!((8..=32).contains(&early), "{early} of 40 in the first half");
}

/// Denver's clocks go back at 08:00 UTC, so that 01:30 comes twice, and jump at 09:00 UTC, over 02:30.
#[test]
fn turns_are_spread_on_the_nights_when_clocks_change_too() {
    let spread = SignedDuration::from_mins(20);
    for (hour, opens) in [(1, "2027-11-07T08:30:00Z"), (2, "2027-03-14T09:00:00Z")] {
        let opens: Timestamp = opens.parse().expect("an instant");
        let mut rollout = opened(40);
        rollout.rules.window.from = Time::constant(hour, 30, 0, 0);
        rollout.rules.window.until = Time::constant(4, 0, 0, 0);
        rollout.rules.window.dst_gap = DstGap::Shift;
        rollout.rules.jitter = spread;
        rollout.waves[0].opened_at = Some(opens - SignedDuration::from_hours(1));
        let turns: BTreeSet<_> = (0..40)
            .filter_map(|n| match offer(&rollout, &device(n), 0, opens) {
                Err(Wait::Jitter { until }) => Some(until),
                _ => None,
            })
            .collect();
        assert!(turns.len() > 35, "{} of 40 wait", turns.len());
        assert!(turns.last() < Some(&(opens + spread)), "{turns:?}");
    }
}

/// The minute in which the device's turn comes.
fn turn(rollout: &Rollout, n: usize, night: i64) -> i64 {
    match offer(rollout, &device(n), 0, at(night)) {
        Err(Wait::Jitter { until }) => until.duration_since(at(0)).as_mins(),
        other => {
            assert!(other.is_ok(), "{other:?}");
            night
        }
    }
}
