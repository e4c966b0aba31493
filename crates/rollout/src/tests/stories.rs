//! What happens to a rollout, step by step.

use jiff::SignedDuration;

use crate::progress::{FailureCause, Progress};
use crate::question::{NothingAsked, Question, answer};
use crate::returns::{CannotReturn, Returns, stranded};
use crate::rollout::{Phase, Rollout};
use crate::testing::{NEW, NOTHING, OLD, at, confirm, failed, on_trial, waves_of};
use crate::view::FleetView;
use crate::wave::Grounds;
use crate::{Action, HaltReason, Wait, halt, step};

/// A rollout in a test, with its devices.
struct Story {
    rollout: Rollout,
    view: FleetView,
}

impl Story {
    fn of(sizes: &[usize]) -> Self {
        let (rollout, view) = waves_of(sizes);
        Self { rollout, view }
    }

    /// One step at `minutes`; the actions' names, separated by spaces.
    fn step(&mut self, minutes: i64) -> String {
        let outcome = step(&self.rollout, &self.view, at(minutes));
        self.rollout = outcome.rollout;
        outcome
            .actions
            .iter()
            .map(|a| self.perform(a))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// What the caller does for an action.
    fn perform(&self, action: &Action) -> String {
        match action {
            Action::OpenWave { wave } => format!("open{wave}"),
            Action::Halt { .. } => "halt".to_owned(),
            Action::OpenIncident(_) => "incident".to_owned(),
            Action::Return { .. } => "return".to_owned(),
            Action::CannotReturn { .. } => "stranded".to_owned(),
            Action::AskHuman(question) => question.id().to_owned(),
            Action::Complete => "complete".to_owned(),
        }
    }

    fn waits(&self, minutes: i64) -> Wait {
        step(&self.rollout, &self.view, at(minutes)).waits.remove(0)
    }

    /// The members of `wave` begin at `began`, confirm, and are heard of at `seen`.
    fn well(&mut self, wave: usize, began: i64, seen: i64) {
        let members = self.view.devices.iter_mut().filter(|d| d.wave == wave);
        members.for_each(|device| confirm(device, began, seen));
    }

    fn grounds(&self, wave: usize) -> Option<&Grounds> {
        self.rollout.waves[wave]
            .passed
            .as_ref()
            .map(|passed| &passed.grounds)
    }
}

#[test]
fn a_good_release_goes_through_its_waves() {
    let mut story = Story::of(&[40, 46, 414]);
    assert_eq!(story.step(0), "open0");
    story.well(0, 5, 36);
    assert_eq!(story.step(20), "");
    assert_eq!(
        story.waits(20),
        Wait::Evidence {
            wave: 0,
            scored: 0,
            needed: 20
        }
    );
    assert_eq!(story.step(36), "", "accepted, and resting");
    assert_eq!(
        story.grounds(0),
        Some(&Grounds::Accepted {
            scored: 20,
            failures: 0
        })
    );
    assert_eq!(story.waits(40), Wait::Soak { until: at(96) });
    assert_eq!(story.step(96), "open1");
    story.well(1, 100, 140);
    assert_eq!(
        (story.step(140), story.step(200)),
        (String::new(), "open2".to_owned())
    );
    story.well(2, 210, 250);
    assert_eq!(story.step(250), "complete");
    assert_eq!(
        (story.step(999), story.waits(999)),
        (String::new(), Wait::Complete)
    );
}

#[test]
fn a_bad_release_is_halted_in_its_canary_and_its_devices_go_back() {
    let mut story = Story::of(&[40, 460]);
    story.step(0);
    story.well(0, 0, 36);
    for n in [1, 3] {
        story.view.devices[n].progress = failed(0, FailureCause::SelfTest);
        story.view.devices[n].running = Some(OLD.into());
    }
    story.view.devices[5].progress = on_trial(20);
    story.view.devices[7].before = None;
    assert_eq!(
        story.step(20),
        "",
        "failures are known early and scored at the horizon"
    );
    let actions = story.step(36);
    assert!(actions.starts_with("halt incident return"), "{actions}");
    assert_eq!(actions.matches("return").count(), 37);
    assert_eq!(actions.matches("stranded").count(), 1);
    let reason = HaltReason::Sprt {
        wave: 0,
        failures: 2,
        scored: 4,
    };
    assert_eq!(story.waits(36), Wait::Halted { reason });
    assert_eq!(
        Returns::of(&story.rollout, &story.view),
        Returns {
            out: 37,
            back: 2,
            stranded: 1
        }
    );
}

#[test]
fn returns_are_told_until_they_are_recorded_and_no_longer() {
    let mut story = Story::of(&[3]);
    story.step(0);
    story.view.devices[0].progress = failed(0, FailureCause::Bricked);
    story.view.devices[1].progress = on_trial(0);
    assert_eq!(story.step(5), "halt incident return");
    let halted = story.rollout.clone();
    assert_eq!(story.step(6), "return");
    story.view.devices[1].progress = Progress::Returning {
        began: at(0),
        at: at(6),
        to: OLD.into(),
    };
    assert_eq!(story.step(7), "");
    story.view.devices[2].running = Some(NEW.into());
    assert_eq!(
        story.step(8),
        "return",
        "its reports were lost; its check-in told"
    );
    assert_eq!(story.rollout, halted);
}

/// The image that a device had come back to was lost, and the halted one is all that was left to it.
#[test]
fn who_had_come_back_and_runs_the_candidate_again_is_told_again() {
    let mut story = Story::of(&[3]);
    story.step(0);
    story.view.devices[0].progress = failed(0, FailureCause::Bricked);
    story.view.devices[1].progress = on_trial(0);
    assert_eq!(story.step(5), "halt incident return");
    let (began, at) = (at(0), at(6));
    story.view.devices[1].progress = Progress::Returned { began, at };
    story.view.devices[1].running = Some(OLD.into());
    assert_eq!(story.step(7), "");
    story.view.devices[1].running = Some(NEW.into());
    let returns = Returns::of(&story.rollout, &story.view);
    assert_eq!((returns.out, returns.back), (1, 1), "the first one is back");
    assert_eq!(story.step(8), "return");
}

#[test]
fn nobody_goes_back_to_what_was_withdrawn_too() {
    let mut story = Story::of(&[3]);
    story.step(0);
    story.view.devices[0].progress = failed(0, FailureCause::Bricked);
    story.view.devices[0].running = Some(NOTHING.into());
    story.view.devices[1].progress = on_trial(0);
    assert_eq!(story.step(5), "halt incident return");
    story.view.devices[1].progress = Progress::Returning {
        began: at(0),
        at: at(5),
        to: OLD.into(),
    };
    story.view.withdrawn = vec![NEW, OLD];
    assert_eq!(story.step(6), "stranded", "it waited in vain");
    let why = CannotReturn::Withdrawn { before: OLD };
    let stranded: Vec<_> = stranded(&story.rollout.candidate, &story.view)
        .map(|(_, why)| why)
        .collect();
    assert_eq!(stranded, [CannotReturn::Bricked, why]);
    story.view.devices[1].progress = Progress::CannotReturn {
        began: at(0),
        at: at(6),
        why: why.into(),
    };
    assert_eq!(story.step(7), "");
}

#[test]
fn a_later_wave_too_small_for_the_test_needs_every_member() {
    let mut story = Story::of(&[24, 5, 20]);
    story.step(0);
    story.well(0, 0, 36);
    assert_eq!(story.step(40), "");
    assert_eq!(story.step(100), "open1");
    story.well(1, 101, 137);
    story.view.devices[24].progress = Progress::Waiting;
    assert_eq!(story.step(141), "");
    assert_eq!(
        story.waits(141),
        Wait::Unsettled {
            wave: 1,
            devices: 1
        }
    );
    confirm(&mut story.view.devices[24], 142, 176);
    story.step(176);
    assert_eq!(story.grounds(1), Some(&Grounds::EveryMember { healthy: 5 }));
    assert_eq!(story.step(236), "open2");
}

/// Of five devices that are well, one in eight bad releases would be let through: what the test can't tell is asked.
#[test]
fn a_canary_too_small_for_the_test_asks_a_person() {
    let mut story = Story::of(&[5, 20]);
    story.step(0);
    story.well(0, 0, 36);
    assert_eq!(story.step(40), "rollout.undecided");
    assert_eq!(story.grounds(0), None);
    story.rollout = answer(&story.rollout, "kim", "they are well", at(41)).expect("asked");
    assert_eq!(story.step(42), "");
    assert_eq!(story.step(101), "open1");
}

#[test]
fn a_small_wave_with_a_failure_asks_and_the_answer_lets_it_go_on() {
    let mut story = Story::of(&[5, 20]);
    story.step(0);
    assert_eq!(
        answer(&story.rollout, "kim", "go", at(1)),
        Err(NothingAsked)
    );
    story.well(0, 0, 36);
    story.view.devices[4].progress = failed(0, FailureCause::SelfTest);
    assert_eq!(story.step(40), "rollout.undecided");
    assert_eq!(story.step(41), "", "asked once");
    let question = Question::Undecided {
        wave: 0,
        scored: 5,
        failures: 1,
        needed: Some(20),
    };
    assert_eq!(story.waits(41), Wait::Human { question });
    story.rollout = answer(&story.rollout, "kim", "a dropped device", at(50)).expect("asked");
    assert_eq!(
        story.grounds(0),
        Some(&Grounds::Person {
            who: "kim".to_owned()
        })
    );
    assert_eq!(
        (story.step(109), story.step(110)),
        (String::new(), "open1".to_owned())
    );
}

#[test]
fn silence_holds_promotion_until_it_ends_or_is_answered() {
    let mut story = Story::of(&[40, 400]);
    story.step(0);
    story.well(0, 0, 36);
    story.view.devices[..5]
        .iter_mut()
        .for_each(|d| d.last_seen = Some(at(10).into()));
    assert_eq!(story.step(60), "rollout.silence");
    assert_eq!(story.step(300), "", "accepted and rested, and still held");
    story.view.devices[0].last_seen = Some(at(301).into());
    assert_eq!(
        story.step(301),
        "open1",
        "four of forty are within the bound"
    );

    let mut story = Story::of(&[40, 400]);
    story.step(0);
    story.well(0, 0, 36);
    story.view.devices[..5]
        .iter_mut()
        .for_each(|d| d.last_seen = Some(at(10).into()));
    story.step(60);
    story.rollout = answer(&story.rollout, "kim", "a storm", at(70)).expect("asked");
    assert_eq!(story.step(71), "");
    story.view.devices[..10]
        .iter_mut()
        .for_each(|d| d.last_seen = Some(at(10).into()));
    assert_eq!(story.step(72), "rollout.silence", "twice as many are news");
}

#[test]
fn devices_never_reached_hold_up_nothing_but_time() {
    let mut story = Story::of(&[40, 10]);
    story.step(0);
    story.well(0, 0, 36);
    story.view.devices[..10]
        .iter_mut()
        .for_each(|d| d.progress = Progress::Waiting);
    story.step(36);
    assert_eq!(story.step(96), "open1");
    story.well(1, 100, 140);
    assert_eq!(story.step(140), "");
    assert_eq!(story.step(200), "open2");
    let (wave, devices) = (2, 10);
    assert_eq!(story.waits(200), Wait::Unsettled { wave, devices });
    assert_eq!(story.step(72 * 60), "complete");
}

#[test]
fn waves_of_nobody_are_passed_over() {
    let mut story = Story::of(&[3, 0, 0]);
    story.rollout.rules.soak = SignedDuration::ZERO;
    assert_eq!(story.step(0), "open0");
    story.well(0, 0, 36);
    assert_eq!(story.step(36), "open1 open2 complete");
}

#[test]
fn a_person_halts_it_once() {
    let mut story = Story::of(&[5, 20]);
    story.step(0);
    story.well(0, 0, 36);
    let outcome = halt::by_person(&story.rollout, &story.view, "kim", "smoke", at(20));
    let outcome = outcome.expect("it is rolling");
    assert_eq!(outcome.actions.len(), 2 + 5, "halt, incident, five returns");
    assert_eq!(outcome.rollout.generation, story.rollout.generation + 1);
    let again = halt::by_person(&outcome.rollout, &story.view, "li", "me too", at(21));
    assert_eq!(again, Err(halt::HaltRefused::AlreadyHalted));
}

#[test]
fn it_works_in_seconds_too() {
    let mut story = Story::of(&[25, 3]);
    let rules = &mut story.rollout.rules;
    rules.install.horizon = SignedDuration::from_secs(1);
    rules.soak = SignedDuration::from_secs(2);
    rules.poll = SignedDuration::from_millis(200);
    story.step(0);
    let second = |n: i64| at(0) + SignedDuration::from_secs(n);
    for device in &mut story.view.devices {
        confirm(device, 0, 0);
        device.last_seen = Some(second(1).into());
    }
    let accepted = step(&story.rollout, &story.view, second(1)).rollout;
    assert_eq!(accepted.phase, Phase::Rolling { wave: 0 });
    let opened = step(&accepted, &story.view, second(3)).rollout;
    assert!(matches!(opened.phase, Phase::Rolling { wave: 1 }));
}

#[test]
fn a_step_without_news_changes_nothing() {
    let mut story = Story::of(&[40, 400]);
    story.step(0);
    let before = story.rollout.clone();
    assert_eq!(
        (story.step(0), story.step(5)),
        (String::new(), String::new())
    );
    assert_eq!(story.rollout, before);
}

#[test]
fn what_is_stored_comes_back() {
    let mut story = Story::of(&[40, 400]);
    story.step(0);
    story.well(0, 0, 36);
    story.view.devices[..3]
        .iter_mut()
        .for_each(|d| d.progress = failed(0, FailureCause::Bricked));
    story.step(36);
    let text = serde_json::to_string(&(&story.rollout, &story.view)).expect("plain data");
    let back: (Rollout, FleetView) = serde_json::from_str(&text).expect("as written");
    assert_eq!(back, (story.rollout, story.view));
}
