//! A rollout that a person pauses, and lets go on.

use jiff::SignedDuration;
use mainstay_plan::{ClassId, Prerequisite, VersionNumber};
use proptest::prelude::*;

use super::offers::outcome;
use crate::needs::ClassVersions;
use crate::pause::{self, PAUSES_MAX, PauseRefused};
use crate::progress::{FailureCause, Progress};
use crate::rollout::{Phase, Rollout};
use crate::score::unreached_at;
use crate::step::{Action, Step};
use crate::testing::{
    NEW, NOTHING, OLD, at, confirm, confirmed, device, failed, on_trial, waves_of,
};
use crate::view::FleetView;
use crate::why::{self, Subject};
use crate::{DeviceView, Question, ReleaseDigest, Wait, halt, offer, question, step, withdrawal};

const WHY: &str = "customers report cold rooms";

pub(super) fn pause(rollout: &Rollout, minutes: i64) -> Rollout {
    pause::by_person(rollout, "kim@x", WHY, at(minutes)).expect("it rolls")
}

pub(super) fn resume(rollout: &Rollout, minutes: i64) -> Rollout {
    pause::resume(rollout, "sam@x", at(minutes)).expect("it is paused")
}

/// Two devices in the canary, which is open since minute 0, and two after it.
pub(super) fn rolling() -> (Rollout, FleetView) {
    let (rollout, view) = waves_of(&[2, 0, 2]);
    (step(&rollout, &view, at(0)).rollout, view)
}

fn opened(step: &Step) -> usize {
    let opens = |action: &&Action| matches!(action, Action::OpenWave { .. });
    step.actions.iter().filter(opens).count()
}

#[test]
fn nobody_begins_and_who_has_begun_ends_it() {
    let (open, _) = rolling();
    let paused = pause(&open, 10);
    let resumed = resume(&paused, 20);
    let began = |minutes| Progress::Began { at: at(minutes) };
    let fails = failed(3, FailureCause::InstallFailed);
    let cases: [(Progress, ReleaseDigest, &str, &str); 11] = [
        (Progress::Waiting, OLD, "Paused", "forward"),
        (Progress::Promised { at: at(9) }, OLD, "Paused", "forward"),
        (began(9), OLD, "forward", "forward"),
        (began(10), OLD, "forward", "forward"),
        // Its word came after the pause, and it still has what it ran: it gets no byte either.
        (began(11), OLD, "Paused", "forward"),
        // It made way for the release.
        (began(11), NOTHING, "forward", "forward"),
        (on_trial(3), NEW, "OnTrial", "OnTrial"),
        (confirmed(3), NEW, "AlreadyRuns", "AlreadyRuns"),
        (
            Progress::Promised { at: at(9) },
            NEW,
            "AlreadyRuns",
            "AlreadyRuns",
        ),
        (fails.clone(), OLD, "Failed", "Failed"),
        // Whatever is paused, it must have something to run.
        (fails, NOTHING, "return", "return"),
    ];
    for (progress, running, while_paused, after) in cases {
        let device = DeviceView {
            progress,
            running: Some(running.into()),
            ..device(0)
        };
        assert_eq!(outcome(&paused, &device, 15), while_paused, "{device:?}");
        assert_eq!(outcome(&resumed, &device, 20), after, "{device:?}");
    }
}

/// What was decided before can't be promised any more: the store compares the generation.
#[test]
fn each_change_raises_the_generation() {
    let (open, view) = rolling();
    let paused = pause(&open, 10);
    assert_eq!(paused.generation, open.generation + 1);
    let looked_at = step(&paused, &view, at(15));
    assert_eq!(
        (looked_at.rollout, looked_at.actions.len()),
        (paused.clone(), 0)
    );
    assert_eq!(resume(&paused, 20).generation, paused.generation + 1);
}

#[test]
fn it_is_paused_once_and_only_while_it_goes_on() {
    let (open, view) = rolling();
    let paused = pause(&open, 10);
    let again = |rollout: &Rollout| pause::by_person(rollout, "ana@x", "too", at(11)).map(|_| ());
    let goes_on = |rollout: &Rollout| pause::resume(rollout, "sam@x", at(11)).map(|_| ());
    assert_eq!(again(&paused), Err(PauseRefused::AlreadyPaused));
    assert_eq!(goes_on(&open), Err(PauseRefused::NotPaused));
    assert_eq!(goes_on(&resume(&paused, 11)), Err(PauseRefused::NotPaused));
    let halted = halt::by_person(&paused, &view, "kim@x", "smoke", at(11)).expect("it rolls");
    let halted = halted.rollout;
    assert_eq!(again(&halted), Err(PauseRefused::Over));
    assert_eq!(goes_on(&halted), Err(PauseRefused::Over));
    assert_eq!(outcome(&halted, &view.devices[0], 12), "Halted");
    let told = step(&halted, &view, at(12)).waits;
    assert!(matches!(told[..], [Wait::Halted { .. }]), "{told:?}");
    let (unopened, _) = waves_of(&[2]);
    let withdrawn = withdrawal::by_person(&pause(&unopened, 1), "kim@x", "a hotfix", at(2));
    let withdrawn = withdrawn.expect("no wave is open").rollout;
    assert_eq!(goes_on(&withdrawn), Err(PauseRefused::Over));
}

#[test]
fn no_wave_opens_and_nothing_completes_until_it_goes_on() {
    let (new, mut view) = waves_of(&[24, 0, 2]);
    // Not even the first.
    let held = step(&pause(&new, 0), &view, at(5));
    assert_eq!(opened(&held), 0);
    let open = step(&resume(&held.rollout, 6), &view, at(6));
    assert_eq!(opened(&open), 1);
    for device in &mut view.devices[..24] {
        confirm(device, 7, 60);
    }
    // Its devices are judged, and it passes and rests meanwhile.
    let passed = step(&pause(&open.rollout, 10), &view, at(60)).rollout;
    assert!(passed.waves[0].passed.is_some());
    let rested = step(&passed, &view, at(60 + 61));
    assert_eq!(opened(&rested), 0);
    let last = step(&resume(&rested.rollout, 130), &view, at(130));
    assert_eq!((opened(&last), last.rollout.current_wave()), (2, 2));
    for device in &mut view.devices {
        confirm(device, 131, 170);
    }
    let paused = pause(&last.rollout, 165);
    let judged = step(&paused, &view, at(170));
    assert!(matches!(judged.rollout.phase, Phase::Rolling { wave: 2 }));
    let end = step(&resume(&judged.rollout, 171), &view, at(171)).rollout;
    assert!(
        matches!(end.phase, Phase::Complete { .. }),
        "{:?}",
        end.phase
    );
}

#[test]
fn what_halts_it_halts_it_all_the_same() {
    let (rollout, mut view) = waves_of(&[40]);
    let paused = pause(&step(&rollout, &view, at(0)).rollout, 10);
    view.devices[3].progress = failed(2, FailureCause::Bricked);
    let halted = step(&paused, &view, at(15));
    assert!(matches!(halted.rollout.phase, Phase::Halted { .. }));
    assert!(
        halted
            .actions
            .iter()
            .any(|action| matches!(action, Action::OpenIncident(_)))
    );
}

/// Two of two fell silent: somebody is asked, and the answer alone opens nothing.
#[test]
fn it_asks_and_is_answered_while_it_stands_still() {
    let (open, mut view) = rolling();
    for device in &mut view.devices[..2] {
        device.progress = Progress::Began { at: at(1) };
    }
    let asks = step(&pause(&open, 10), &view, at(120));
    assert!(matches!(
        asks.actions[..],
        [Action::AskHuman(Question::Silence { .. })]
    ));
    assert!(
        matches!(asks.waits[..], [Wait::Paused { .. }, Wait::Human { .. }]),
        "{:?}",
        asks.waits
    );
    let mut next =
        question::answer(&asks.rollout, "kim@x", "they are at sea", at(121)).expect("it asks");
    for minutes in [122, 123] {
        let later = step(&next, &view, at(minutes));
        if let Phase::AwaitsHuman { .. } = later.rollout.phase {
            next =
                question::answer(&later.rollout, "kim@x", "go on", at(minutes)).expect("it asks");
        } else {
            next = later.rollout;
        }
    }
    assert!(next.waves[0].passed.is_some(), "it is answered");
    assert_eq!(opened(&step(&next, &view, at(300))), 0);
    assert_eq!(opened(&step(&resume(&next, 300), &view, at(300))), 2);
}

/// Gateways must run 2.0.0, and so many of four do.
fn gateways(rollout: &mut Rollout, view: &mut FleetView, ready: u32) {
    rollout.rules.prerequisites = vec![Prerequisite {
        index: 0,
        from: VersionNumber::new(1, 1, 0),
        class: ClassId::new("gateway-v1").expect("a class"),
        at_least: VersionNumber::new(2, 0, 0),
        share_percent: 100,
    }];
    view.others = Some(vec![ClassVersions {
        class: "gateway-v1".to_owned(),
        devices: 4,
        verified: vec![("2.0.0".to_owned(), ready)],
    }]);
}

/// What happens to a rollout whose wave opened at minute 0.
#[derive(Debug, Clone, Copy)]
enum Event {
    Pause,
    Resume,
    /// The other class isn't there any more.
    Falls,
    /// It is there again.
    Rises,
}

#[test]
fn patience_stands_still_and_each_minute_is_given_back_once() {
    use Event::{Falls, Pause, Resume, Rises};
    let patience = 72 * 60;
    let cases: [(&[(i64, Event)], i64); 8] = [
        (&[], 0),
        (&[(10, Pause), (110, Resume)], 100),
        (
            &[(10, Pause), (110, Resume), (120, Pause), (125, Resume)],
            105,
        ),
        // However long: nobody runs out of patience meanwhile.
        (&[(10, Pause), (90_010, Resume)], 90_000),
        (&[(10, Falls), (20, Pause), (50, Resume), (110, Rises)], 100),
        (&[(10, Pause), (20, Falls), (50, Rises), (110, Resume)], 100),
        (&[(10, Pause), (20, Falls), (50, Resume), (110, Rises)], 100),
        (&[(10, Falls), (20, Pause), (50, Rises), (110, Resume)], 100),
    ];
    for (events, held) in cases {
        let (mut rollout, mut view) = waves_of(&[2]);
        gateways(&mut rollout, &mut view, 4);
        rollout = step(&rollout, &view, at(0)).rollout;
        for (minutes, event) in events {
            match event {
                Pause => rollout = pause(&rollout, *minutes),
                Resume => rollout = resume(&rollout, *minutes),
                Falls => gateways(&mut rollout, &mut view, 3),
                Rises => gateways(&mut rollout, &mut view, 4),
            }
            rollout = step(&rollout, &view, at(*minutes)).rollout;
            let is_held = rollout.paused.is_some() || !rollout.unmet.is_empty();
            assert_eq!(unreached_at(&rollout, 0).is_none(), is_held, "{events:?}");
        }
        assert_eq!(
            rollout.waves[0].held,
            SignedDuration::from_mins(held),
            "{events:?}"
        );
        assert_eq!(unreached_at(&rollout, 0), Some(at(patience + held)));
        let late = outcome(&rollout, &view.devices[0], patience + held - 1);
        assert_eq!(late, "forward", "{events:?}");
    }
}

/// Who was given up before stays so: a pause is no second chance.
#[test]
fn it_brings_nobody_back_who_was_given_up() {
    let (open, _) = rolling();
    let patience = 72 * 60;
    let paused = pause(&open, patience + 1);
    assert_eq!(unreached_at(&paused, 0), Some(at(patience)));
    let resumed = resume(&paused, patience + 60);
    assert_eq!(unreached_at(&resumed, 0), Some(at(patience)));
}

#[test]
fn a_clock_that_jumps_loses_no_word_and_takes_no_time_away() {
    let (open, view) = rolling();
    let resumed = resume(&pause(&open, 100), 40);
    assert_eq!((&resumed.paused, resumed.held_since), (&None, None));
    assert_eq!(resumed.waves[0].held, SignedDuration::ZERO);
    assert_eq!(resumed.pauses[0].until, at(100));
    assert_eq!(outcome(&resumed, &view.devices[0], 41), "forward");
}

#[test]
fn it_says_who_paused_it_since_when_and_why() {
    let (open, view) = rolling();
    let paused = pause(&open, 10);
    let step = step(&paused, &view, at(10 + 125));
    assert_eq!(
        why::rollout(&paused, &step.waits[0], at(10 + 125)),
        "1.1.0 waits, because kim@x paused its rollout 2 h 5 min ago: customers report cold rooms."
    );
    assert_eq!(step.waits.len(), 1, "nothing else holds it");
    let subject = Subject {
        device: "th-0193",
        class: "thermo-v2",
        hardware: "B",
        runs: Some("1.0.0"),
    };
    let wait = offer(&paused, &view.devices[0], 0, at(11)).expect_err("it is paused");
    assert_eq!(
        why::sentence(&subject, &paused, &wait, at(11)),
        "th-0193 (thermo-v2, hardware B) runs 1.0.0 and isn't updating to 1.1.0, because kim@x paused its rollout 1 min \
         ago: customers report cold rooms."
    );
    assert!(!wait.is_settled() && why::next(&wait).contains("`mainstay rollout resume NUMBER`"));
}

#[test]
fn it_remembers_its_newest_pauses() {
    let (mut rollout, _) = rolling();
    let count = i64::try_from(PAUSES_MAX).expect("few");
    for n in 0..count + 3 {
        rollout = resume(&pause(&rollout, 10 * n), 10 * n + 5);
    }
    assert_eq!(rollout.pauses.len(), PAUSES_MAX);
    let (first, last) = (&rollout.pauses[0], &rollout.pauses[PAUSES_MAX - 1]);
    assert_eq!(
        (first.paused.at, last.until),
        (at(30), at(10 * (count + 2) + 5))
    );
    assert_eq!(
        (last.paused.who.as_str(), last.resumed_by.as_str()),
        ("kim@x", "sam@x")
    );
    let kept = serde_json::to_string(&rollout).expect("it is data");
    assert_eq!(
        serde_json::from_str::<Rollout>(&kept).expect("its own"),
        rollout
    );
}

proptest! {
    /// Whoever pauses, resumes and answers when: while it is paused no wave opens, nobody who hasn't begun is offered anything, and a second
    /// step without news changes nothing.
    #[test]
    fn nothing_new_is_promised_while_it_is_paused(
        moves in prop::collection::vec((prop::bool::ANY, 1..90_i64), 1..60),
    ) {
        let (mut rollout, mut view) = waves_of(&[2, 0, 2]);
        let mut now = 0;
        for (is_paused, minutes) in moves {
            now += minutes;
            let moved = match is_paused {
                true => pause::by_person(&rollout, "kim@x", WHY, at(now)),
                false => pause::resume(&rollout, "sam@x", at(now)),
            };
            rollout = moved.unwrap_or(rollout);
            rollout = question::answer(&rollout, "kim@x", "go on", at(now)).unwrap_or(rollout);
            let next = step(&rollout, &view, at(now));
            let is_paused = rollout.paused.is_some();
            prop_assert!(!is_paused || opened(&next) == 0 && !next.rollout.is_over());
            let again = step(&next.rollout, &view, at(now));
            prop_assert_eq!(&again.rollout, &next.rollout);
            rollout = next.rollout;
            for device in &mut view.devices {
                let offered = offer(&rollout, device, 0, at(now)).is_ok();
                prop_assert!(!is_paused || !offered);
                if offered {
                    confirm(device, now, now + 35);
                }
            }
        }
    }
}
