//! What a device gets that has lost its way: after a halt, or with nothing to run.

use super::offers::{outcome, with};
use crate::progress::{FailureCause, Progress};
use crate::returns::{Returns, stranded};
use crate::rollout::Phase;
use crate::step::Action;
use crate::testing::{NEW, NOTHING, OLD, at, confirmed, failed, on_trial, opened, view};
use crate::{
    CannotReturn, DeviceView, FleetView, Kind, ReleaseDigest, Wait, fetchable, halt, instead, offer,
};

/// A device with one slot erased what it ran, or what it ran doesn't start any more: it asks from its recovery image.
#[test]
fn who_runs_nothing_after_a_halt_gets_back_what_it_ran() {
    let rollout = opened(40);
    let halted = halt::by_person(&rollout, &view(40), "kim", "smoke", at(5)).expect("rolling");
    let refused = |began| Progress::Refused {
        began,
        at: at(4),
        refusal: "trust.held".into(),
    };
    let nothing = |progress| DeviceView {
        running: Some(NOTHING.into()),
        ..with(progress)
    };
    for (progress, expected) in [
        (Progress::Began { at: at(0) }, "return"),
        (refused(Some(at(0))), "return"),
        (failed(0, FailureCause::Bricked), "return"),
        // Not erased yet: it goes on with what it has.
        (Progress::Promised { at: at(0) }, "Halted"),
        (refused(None), "Halted"),
    ] {
        let device = nothing(progress);
        assert_eq!(
            outcome(&halted.rollout, &device, 10),
            expected,
            "{device:?}"
        );
    }
    assert_eq!(
        outcome(&rollout, &nothing(Progress::Began { at: at(0) }), 10),
        "forward",
        "no halt, no way back"
    );
    let device = nothing(refused(Some(at(0))));
    assert_eq!(outcome(&rollout, &device, 10), "return", "it failed");
    for cause in [FailureCause::SelfTest, FailureCause::Bricked] {
        let device = nothing(failed(0, cause));
        assert_eq!(
            outcome(&rollout, &device, 10),
            "return",
            "{cause:?}: at once"
        );
        let lost = DeviceView {
            before: None,
            ..device
        };
        assert_eq!(outcome(&rollout, &lost, 10), "CannotReturn");
    }
}

/// The rollout went on without it while it was switched off.
#[test]
fn who_made_way_for_what_is_complete_by_now_gets_it() {
    let mut rollout = opened(40);
    rollout.phase = Phase::Complete { at: at(5) };
    let began = with(Progress::Began { at: at(0) });
    assert_eq!(outcome(&rollout, &began, 10), "Complete");
    let nothing = DeviceView {
        running: Some(NOTHING.into()),
        ..began
    };
    assert_eq!(outcome(&rollout, &nothing, 10), "forward");
}

#[test]
fn what_is_offered_instead_is_for_those_that_have_nothing() {
    let rollout = opened(40);
    let offered = |device: &DeviceView| instead(&rollout, device).map(|offer| offer.release);
    let began = with(Progress::Began { at: at(0) });
    assert_eq!(offered(&began), None);
    let nothing = DeviceView {
        running: Some(NOTHING.into()),
        ..began
    };
    assert_eq!(offered(&nothing), Some(OLD));
    let waits = DeviceView {
        progress: Progress::Waiting,
        ..nothing.clone()
    };
    assert_eq!(offered(&waits), None);
    let lost = DeviceView {
        before: None,
        ..nothing
    };
    assert_eq!(offered(&lost), None);
}

/// It had come back, and lost what it came back to when nobody looked at the rollout any more.
#[test]
fn who_was_left_with_a_halted_release_is_sent_back_at_its_check_in() {
    let halted = halt::by_person(&opened(40), &view(40), "kim", "smoke", at(5)).expect("rolling");
    let returned = with(Progress::Returned {
        began: at(0),
        at: at(8),
    });
    assert_eq!(outcome(&halted.rollout, &returned, 10), "Returned");
    let left = DeviceView {
        running: Some(NEW.into()),
        ..returned
    };
    assert_eq!(outcome(&halted.rollout, &left, 10), "return");
}

/// It takes what it had kept, and nothing older.
#[test]
fn who_lost_what_it_had_kept_gets_that_again() {
    let mut rollout = opened(40);
    let lost = DeviceView {
        running: Some(NOTHING.into()),
        ..with(failed(0, FailureCause::Lost))
    };
    assert_eq!(outcome(&rollout, &lost, 10), "forward");
    assert_eq!(fetchable(&rollout, &lost, None), [NEW, OLD]);
    let runs_it = DeviceView {
        running: Some(NEW.into()),
        ..lost.clone()
    };
    assert_eq!(outcome(&rollout, &runs_it, 10), "Failed");
    rollout.phase = Phase::Complete { at: at(5) };
    assert_eq!(outcome(&rollout, &lost, 10), "forward");
}

/// It runs the candidate and can't leave it: nobody waits for it.
#[test]
fn who_fails_and_has_no_signed_way_back_is_stranded() {
    let rollout = opened(2);
    let mut fleet = view(2);
    fleet.devices[0].progress = failed(0, FailureCause::SelfTestLater);
    fleet.devices[0].running = Some(NEW.into());
    let count = |fleet: &FleetView| {
        let returns = Returns::of(&rollout, fleet);
        (returns.out, returns.stranded)
    };
    assert_eq!(count(&fleet), (1, 0));
    fleet.devices[0].before = Some(NEW.into());
    assert_eq!(count(&fleet), (0, 1));
    fleet.devices[0].before = Some(OLD.into());
    fleet.withdrawn = vec![OLD];
    assert_eq!(count(&fleet), (0, 1));
}

/// Else it would no longer count as one.
#[test]
fn a_failed_installation_is_told_nothing_by_a_halt() {
    let rollout = opened(2);
    let mut fleet = view(2);
    fleet.devices[0].progress = Progress::Refused {
        began: Some(at(0)),
        at: at(4),
        refusal: "trust.payload-digest".into(),
    };
    fleet.devices[0].running = Some(NOTHING.into());
    let halted = halt::by_person(&rollout, &fleet, "kim", "smoke", at(5)).expect("rolling");
    let tells =
        |action: &Action| matches!(action, Action::Return { .. } | Action::CannotReturn { .. });
    assert!(!halted.actions.iter().any(tells), "{:?}", halted.actions);
    assert_eq!(outcome(&halted.rollout, &fleet.devices[0], 10), "return");
    assert_eq!(Returns::of(&rollout, &fleet).out, 1);
}

#[test]
fn a_bricked_device_that_came_back_is_back() {
    let mut fleet = view(2);
    for device in &mut fleet.devices {
        device.progress = failed(0, FailureCause::Bricked);
        device.running = Some(NOTHING.into());
    }
    let rollout = opened(2);
    let count = |fleet: &FleetView| {
        let returns = Returns::of(&rollout, fleet);
        (returns.back, returns.stranded)
    };
    assert_eq!(count(&fleet), (0, 2));
    fleet.devices[0].running = Some(OLD.into());
    assert_eq!(count(&fleet), (1, 1));
    // Or the fix reached it.
    fleet.devices[0].running = Some(ReleaseDigest([9; 32]).into());
    assert_eq!(count(&fleet), (1, 1));
    let stranded: Vec<_> = stranded(&rollout.candidate, &fleet).collect();
    assert_eq!(stranded, [(&fleet.devices[1], CannotReturn::Bricked)]);
}

#[test]
fn after_a_halt_there_is_only_the_way_back() {
    let rollout = opened(40);
    let halted = halt::by_person(&rollout, &view(40), "kim", "smoke", at(5)).expect("rolling");
    let returning = Progress::Returning {
        began: at(0),
        at: at(5),
        to: OLD.into(),
    };
    let cases = [
        (Progress::Waiting, "Halted"),
        (Progress::Promised { at: at(0) }, "Halted"),
        (Progress::Began { at: at(0) }, "Halted"),
        (on_trial(0), "return"),
        (confirmed(0), "return"),
        (returning, "return"),
        (failed(0, FailureCause::SelfTest), "Halted"),
        (
            Progress::Returned {
                began: at(0),
                at: at(9),
            },
            "Returned",
        ),
    ];
    for (progress, expected) in cases {
        assert_eq!(outcome(&halted.rollout, &with(progress), 10), expected);
    }
    let back =
        offer(&halted.rollout, &with(confirmed(0)), 999, at(10)).expect("no budget, no window");
    assert_eq!((back.release, back.kind), (OLD, Kind::Return));
    let failed = DeviceView {
        running: Some(NEW.into()),
        ..with(failed(0, FailureCause::SelfTest))
    };
    assert_eq!(
        outcome(&halted.rollout, &failed, 10),
        "return",
        "it says it still runs it"
    );
    let unsigned = DeviceView {
        before: Some(NEW.into()),
        ..with(confirmed(0))
    };
    let why = CannotReturn::NotSigned { before: NEW };
    let wait = offer(&halted.rollout, &unsigned, 0, at(10));
    assert_eq!(wait, Err(Wait::CannotReturn { why }));
    let lost = DeviceView {
        before: None,
        ..with(confirmed(0))
    };
    assert_eq!(outcome(&halted.rollout, &lost, 10), "CannotReturn");
}
