//! How soon bad releases were stopped, and their devices good again.

use mainstay_rollout::{CannotReturn, FailureCause, Progress, ReleaseDigest};
use mainstay_telemetry::levels::{Carried, Enrolled, Measure, Standing};

use super::*;

#[test]
fn the_time_to_a_halt_begins_with_the_first_failure_before_it() {
    let plan = plan("halted_within = \"2h\"", "");
    let bad = |second| failed(second, FailureCause::BootFailed);
    for (halted, failures, expected, because) in [
        (None, vec![60], Standing::Unsaid, "Nothing was halted."),
        (
            Some(HOUR),
            vec![],
            Standing::Unsaid,
            "It was halted before a device had failed.",
        ),
        (
            Some(HOUR),
            vec![HOUR + 1],
            Standing::Unsaid,
            "It was halted before a device had failed.",
        ),
        (
            Some(3 * HOUR),
            vec![2 * HOUR, HOUR, 4 * HOUR],
            Standing::Met,
            "It was halted 2h after the first failure; 2h are promised.",
        ),
        (
            Some(3 * HOUR + 1),
            vec![HOUR],
            Standing::Missed,
            "It was halted 2h 1m after the first failure; 2h are promised.",
        ),
    ] {
        let devices: Vec<_> = failures.iter().map(|second| bad(*second)).collect();
        let told = stands(
            &plan,
            rolled(None, halted),
            &devices,
            (DAY, Measure::TimeToHalt),
        );
        assert_eq!(told, (expected, because.to_owned()));
    }
}

/// Of devices that came to this, with the moment when they confirmed something again, after a halt at two hours.
fn recovery(devices: &[(Progress, Option<i64>)], now: i64) -> (Standing, String) {
    let plan = plan("recovered_within = \"3h\"", "");
    let mut carried = Carried::new(rolled(None, Some(2 * HOUR)), 0, None, at(now));
    for (progress, again) in devices {
        let device = Enrolled {
            progress,
            last_seen: Some(at(now)),
            confirmed_again: again.map(at),
            verified_since: None,
        };
        carried.add(&device, []);
    }
    let levels = levels(&plan, &[carried], now);
    let level = level(&levels, Measure::Recovery);
    (level.standing, level.because.clone())
}

fn back(second: i64) -> (Progress, Option<i64>) {
    let back = Progress::Returned {
        began: at(0),
        at: at(second),
    };
    (back, None)
}

#[test]
fn recovery_runs_from_the_halt_to_the_way_back() {
    for (devices, standing, because) in [
        (
            [back(4 * HOUR), back(6 * HOUR)],
            Standing::Met,
            "Good again: 2 devices after 3h in the mean; 3h are promised.",
        ),
        (
            [back(4 * HOUR), back(6 * HOUR + 2)],
            Standing::Missed,
            "Good again: 2 devices after 3h 1m in the mean; 3h are promised.",
        ),
    ] {
        assert_eq!(recovery(&devices, DAY), (standing, because.to_owned()));
    }
}

#[test]
fn a_bricked_device_recovers_when_it_confirms_something() {
    let brick = failed(HOUR, FailureCause::Bricked);
    let told = recovery(&[(brick.clone(), Some(3 * HOUR))], DAY);
    let because = "Good again: 1 device after 2h in the mean; 3h are promised.";
    assert_eq!(told, (Standing::Met, because.to_owned()));
    let told = recovery(&[(brick, None), back(3 * HOUR)], 5 * HOUR);
    let because = "Good again: 1 device after 1h in the mean; 1 not yet, 4h in the mean by now; 3h are promised.";
    assert_eq!(told, (Standing::Unsaid, because.to_owned()));
}

#[test]
fn who_is_out_for_too_long_misses_the_goal_before_it_is_back() {
    let on_its_way = Progress::Returning {
        began: at(0),
        at: at(2 * HOUR),
        to: ReleaseDigest([1; 32]).into(),
    };
    let stranded = Progress::CannotReturn {
        began: at(0),
        at: at(2 * HOUR),
        why: CannotReturn::NothingBefore.into(),
    };
    let told = recovery(&[(on_its_way, None), (stranded, None)], 6 * HOUR);
    let because =
        "Good again is none of 2 devices; 2 not yet, 4h in the mean by now; 3h are promised.";
    assert_eq!(told, (Standing::Missed, because.to_owned()));
}

#[test]
fn who_told_of_a_failure_from_what_it_went_back_to_is_no_part_of_the_mean() {
    let gave_up = failed(HOUR, FailureCause::WatchdogRevert);
    let because =
        "No device had to be brought back; 1 went back by themselves before they told of it.";
    assert_eq!(
        recovery(&[(gave_up, None)], DAY),
        (Standing::Unsaid, because.to_owned())
    );
}

/// What was written to it from outside, a device never reported.
#[test]
fn a_device_that_was_saved_by_hand_is_good_again() {
    let plan = plan("recovered_within = \"3h\"", "");
    let brick = failed(2 * HOUR, FailureCause::Bricked);
    for (since, expected) in [(HOUR, Standing::Unsaid), (4 * HOUR, Standing::Met)] {
        let mut carried = Carried::new(rolled(None, None), 0, None, at(5 * HOUR));
        let device = Enrolled {
            progress: &brick,
            last_seen: Some(at(4 * HOUR)),
            confirmed_again: None,
            verified_since: Some(at(since)),
        };
        carried.add(&device, []);
        let levels = levels(&plan, &[carried], 5 * HOUR);
        assert_eq!(level(&levels, Measure::Recovery).standing, expected);
    }
}
