//! Waves that a person opens, because people's safety hangs on the class.

use mainstay_plan::{Class, Plan, TrackName};

use crate::progress::FailureCause;
use crate::question::{Question, answer};
use crate::rollout::{Phase, Rollout};
use crate::testing::{at, candidate, confirm, failed, waves_of};
use crate::view::FleetView;
use crate::{Action, HaltReason, Rules, Wait, step, why};

/// A rollout whose waves a person opens.
struct Story {
    rollout: Rollout,
    view: FleetView,
}

impl Story {
    fn of(sizes: &[usize]) -> Self {
        let (mut rollout, view) = waves_of(sizes);
        rollout.rules.is_promoted_by_person = true;
        Self { rollout, view }
    }

    /// One step at `minutes`: which wave opens, what is asked, and whatever else there is.
    fn step(&mut self, minutes: i64) -> String {
        let outcome = step(&self.rollout, &self.view, at(minutes));
        self.rollout = outcome.rollout;
        let told = outcome.actions.iter().map(|action| match action {
            Action::OpenWave { wave } => format!("open{wave}"),
            Action::AskHuman(question) => format!("{}{}", question.id(), question.wave()),
            Action::Halt { .. } => "halt".to_owned(),
            Action::Complete => "complete".to_owned(),
            _ => "other".to_owned(),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    /// The members of `wave` begin at `began`, confirm, and are heard of at `seen`.
    fn well(&mut self, wave: usize, began: i64, seen: i64) {
        let members = self.view.devices.iter_mut().filter(|d| d.wave == wave);
        members.for_each(|device| confirm(device, began, seen));
    }

    fn go_on(&mut self, minutes: i64) {
        let who = "kim@northwind.example";
        self.rollout = answer(&self.rollout, who, "I looked", at(minutes)).expect("it is asked");
    }

    /// A canary that has passed at minute 36 and rests until 96.
    fn rested(sizes: &[usize]) -> Self {
        let mut story = Self::of(sizes);
        story.step(0);
        story.well(0, 5, 36);
        assert_eq!(story.step(36), "");
        story
    }
}

#[test]
fn a_person_opens_each_wave_but_the_first_and_nothing_else_is_waited_for() {
    let mut story = Story::rested(&[40, 46, 414]);
    assert_eq!(story.step(95), "", "it rests");
    assert_eq!(story.step(96), "rollout.promotion0");
    assert_eq!(
        (story.step(97), story.step(9_000)),
        (String::new(), String::new()),
        "asked once, and for as long as it takes"
    );
    story.go_on(9_001);
    assert_eq!(story.step(9_002), "open1");
    story.well(1, 9_003, 9_040);
    assert_eq!(story.step(9_040), "");
    assert_eq!(story.step(9_100), "rollout.promotion1");
    story.go_on(9_100);
    assert_eq!(story.step(9_100), "open2");
    story.well(2, 9_101, 9_140);
    assert_eq!(story.step(9_140), "complete", "nothing comes after it");
}

#[test]
fn what_is_asked_tells_what_was_seen() {
    let mut story = Story::rested(&[40, 460]);
    story.view.devices[39].last_seen = Some(at(6).into());
    story.step(96);
    let wait = step(&story.rollout, &story.view, at(96)).waits.remove(0);
    assert_eq!(
        why::rollout(&story.rollout, &wait, at(96)),
        "1.1.0 waits, because a person must answer: the canary has passed and rested (39 healthy, 0 failed, 1 neither), \
         and as people's safety hangs on thermo-v2, a person opens what comes next."
    );
}

#[test]
fn a_failure_that_shows_while_a_person_thinks_halts_all_the_same() {
    let mut story = Story::rested(&[40, 460]);
    assert_eq!(story.step(96), "rollout.promotion0");
    for device in story.view.devices.iter_mut().take(8) {
        device.progress = failed(5, FailureCause::SelfTest);
    }
    assert!(story.step(97).starts_with("halt"));
    let Phase::Halted { reason, .. } = &story.rollout.phase else {
        panic!("it is halted")
    };
    assert!(matches!(reason, HaltReason::Tripwire { .. }), "{reason:?}");
}

#[test]
fn silence_is_asked_about_first_and_its_answer_opens_nothing() {
    let mut story = Story::rested(&[40, 460]);
    for device in story.view.devices.iter_mut().skip(30) {
        device.last_seen = Some(at(6).into());
    }
    assert_eq!(story.step(96), "rollout.silence0");
    story.go_on(97);
    assert_eq!(story.step(98), "rollout.promotion0");
    story.go_on(99);
    assert_eq!(story.step(100), "open1");
}

#[test]
fn nobody_is_asked_about_a_wave_of_nobody_nor_while_another_class_comes_first() {
    let mut story = Story::rested(&[40, 0, 4]);
    assert_eq!(story.step(96), "rollout.promotion0");
    story.go_on(97);
    assert_eq!(story.step(98), "open1 open2");

    let mut story = Story::rested(&[40, 460]);
    let other = mainstay_plan::Prerequisite {
        index: 0,
        from: mainstay_plan::VersionNumber::new(1, 1, 0),
        class: mainstay_plan::ClassId::new("gateway-v1").expect("a class"),
        at_least: mainstay_plan::VersionNumber::new(2, 0, 0),
        share_percent: 100,
    };
    story.rollout.rules.prerequisites = vec![other];
    story.rollout.unmet = crate::needs::unmet(&story.rollout.rules.prerequisites, &[]);
    assert_eq!(story.step(96), "");
    let wait = step(&story.rollout, &story.view, at(96)).waits.remove(0);
    assert!(matches!(wait, Wait::Prerequisite { .. }), "{wait:?}");
}

#[test]
fn an_answer_is_kept_with_the_wave_and_with_what_was_known() {
    let mut story = Story::rested(&[40, 460]);
    story.step(96);
    story.go_on(97);
    let text = serde_json::to_string(&story.rollout).expect("plain data");
    let back: Rollout = serde_json::from_str(&text).expect("as written");
    assert_eq!(back, story.rollout);
    let kept = &back.waves[0].answers[0];
    let question = Question::Promotion {
        wave: 0,
        healthy: 40,
        failed: 0,
        others: 0,
    };
    assert_eq!(
        (&kept.question, kept.who.as_str()),
        (&question, "kim@northwind.example")
    );
}

fn with_safety(word: &str) -> Plan {
    let line = "install    = \"dual-bank\"";
    let plan = mainstay_plan::starting_plan().replacen(line, &format!("{line}\n{word}"), 1);
    mainstay_plan::parse(&plan).expect("it is a plan")
}

#[test]
fn the_plan_says_so_of_a_class() {
    for (word, expected) in [
        ("", false),
        ("safety = \"none\"", false),
        ("safety = \"relevant\"", true),
    ] {
        let plan = with_safety(word);
        let class: &Class = &plan.classes[0];
        for track in [TrackName::Maintenance, TrackName::Hotfix] {
            let track = plan.tracks.get(track).expect("it has that track");
            let rules = Rules::new(&plan, track).with_needs(class, &candidate());
            assert_eq!(rules.is_promoted_by_person, expected, "{word}");
        }
    }
}
