//! Whose bytes a device may fetch, before and after a stop.

use crate::progress::{FailureCause, Progress};
use crate::testing::{self, NEW, NOTHING, OLD, at, confirmed, device, failed};
use crate::{CannotReturn, DeviceView, Rollout, fetchable, halt, pause};

/// A rollout that may go back to what all devices ran.
fn rolling() -> Rollout {
    let mut rollout = testing::opened(40);
    rollout.candidate.returns_to = vec![OLD];
    rollout
}

fn stopped(at_minutes: i64) -> Rollout {
    stop(&rolling(), at_minutes)
}

fn stop(rolling: &Rollout, at_minutes: i64) -> Rollout {
    let view = testing::view(40);
    let halted = halt::by_person(rolling, &view, "kim@x", "smoke", at(at_minutes));
    halted.expect("it rolls").rollout
}

fn paused(at_minutes: i64) -> Rollout {
    pause::by_person(&rolling(), "kim@x", "cold rooms", at(at_minutes)).expect("it rolls")
}

/// A device that ran the old release, and by its own word runs this by now.
fn ran_old(progress: Progress, running: crate::ReleaseDigest) -> DeviceView {
    DeviceView {
        progress,
        running: Some(running.into()),
        before: Some(OLD.into()),
        ..device(0)
    }
}

#[test]
fn nobody_begins_with_what_was_stopped_and_who_has_begun_may_end() {
    let refused = Progress::Refused {
        began: None,
        at: at(4),
        refusal: "trust.held".into(),
    };
    let began = |minutes| Progress::Began { at: at(minutes) };
    let going_back = Progress::Returning {
        began: at(9),
        at: at(10),
        to: OLD.into(),
    };
    let stranded = Progress::CannotReturn {
        began: at(9),
        at: at(10),
        why: CannotReturn::NothingBefore.into(),
    };
    // Progress and what runs, whether the candidate may be fetched while nothing is stopped, and after a stop in the tenth minute.
    for (progress, running, before, after) in [
        (Progress::Waiting, OLD, false, false),
        (Progress::Promised { at: at(5) }, OLD, true, false),
        (Progress::Promised { at: at(5) }, NOTHING, true, false),
        (refused, OLD, true, false),
        (began(9), OLD, true, true),
        (began(10), OLD, true, true),
        // Its word came after the stop, and it has what it ran.
        (began(11), OLD, true, false),
        // It made way for the release: it may end, whenever its word came.
        (began(11), NOTHING, true, true),
        (confirmed(3), NEW, true, false),
        (failed(3, FailureCause::InstallFailed), OLD, true, false),
        (failed(3, FailureCause::InstallFailed), NOTHING, true, true),
        (going_back.clone(), OLD, true, false),
        (going_back, NOTHING, true, true),
        (stranded, NOTHING, true, true),
    ] {
        let device = ran_old(progress, running);
        let fetches = |rollout: &Rollout, held| fetchable(rollout, &device, held).contains(&NEW);
        assert_eq!(fetches(&rolling(), None), before, "{device:?}");
        assert_eq!(fetches(&rolling(), Some(at(10))), after, "held: {device:?}");
        assert_eq!(fetches(&stopped(10), None), after, "halted: {device:?}");
        assert_eq!(fetches(&paused(10), None), after, "paused: {device:?}");
        let resumed = pause::resume(&paused(10), "sam@x", at(12)).expect("it is paused");
        assert_eq!(fetches(&resumed, None), before, "{device:?}");
        for both in [
            fetches(&stopped(90), Some(at(10))),
            fetches(&stop(&paused(10), 90), None),
            fetches(&paused(90), Some(at(10))),
        ] {
            assert_eq!(both, after, "the earlier stop counts: {device:?}");
        }
    }
}

#[test]
fn what_it_ran_is_fetched_after_a_halt_or_with_nothing_left_to_run() {
    let began = Progress::Began { at: at(9) };
    let fails = failed(3, FailureCause::SelfTest);
    let held = Some(at(10));
    for (rollout, progress, running, held, expected) in [
        (rolling(), began.clone(), OLD, None, false),
        (rolling(), began.clone(), NOTHING, None, true),
        (rolling(), began.clone(), NOTHING, held, true),
        (stopped(10), began.clone(), NOTHING, None, true),
        (stopped(10), confirmed(3), NEW, None, true),
        (stopped(10), Progress::Waiting, OLD, None, false),
        (rolling(), fails.clone(), NOTHING, None, true),
        (rolling(), fails.clone(), NOTHING, held, true),
        (rolling(), fails, OLD, None, false),
    ] {
        let device = ran_old(progress, running);
        let fetches = fetchable(&rollout, &device, held).contains(&OLD);
        assert_eq!(fetches, expected, "{device:?}");
        let mut unsigned = rollout;
        unsigned.candidate.returns_to.clear();
        assert!(!fetchable(&unsigned, &device, held).contains(&OLD));
    }
}
