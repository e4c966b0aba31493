//! Silence beside the devices held back.

use jiff::SignedDuration;
use mainstay_plan::{SignalName, SoftSignal};

use crate::control::PAIRS_MAX;
use crate::question::{Question, answer};
use crate::rollout::{Phase, Rollout};
use crate::testing::{at, confirm, on_trial, waves_of};
use crate::view::FleetView;
use crate::{Action, Wait, step, why};

/// All of the canary began at minute 1 and was due at 31; from 61 on a device is silent.
const LATE: i64 = 62;

struct Story {
    rollout: Rollout,
    view: FleetView,
}

impl Story {
    /// A canary of 40 and 400 others, all well.
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same, of a fleet that is changed before it opens.
    fn with(change: impl Fn(&mut FleetView)) -> Self {
        Self::of(&[40, 400], change)
    }

    fn of(sizes: &[usize], change: impl Fn(&mut FleetView)) -> Self {
        let (mut rollout, mut view) = waves_of(sizes);
        change(&mut view);
        rollout.rules.soft = vec![SoftSignal {
            name: SignalName::Connectivity,
            worse_by_at_most: 10,
            horizon: SignedDuration::from_hours(48),
        }];
        rollout = step(&rollout, &view, at(0)).rollout;
        for device in &mut view.devices {
            device.last_seen = Some(at(LATE).into());
            if device.wave == 0 {
                confirm(device, 1, LATE);
            }
        }
        Self { rollout, view }
    }

    /// The devices of these pairs speak for the last time at `seen`.
    fn hear(&mut self, pairs: core::ops::Range<usize>, treated: bool, seen: i64) {
        for pair in &self.rollout.waves[0].controls.pairs[pairs] {
            let id = if treated {
                &pair.treated
            } else {
                &pair.control
            };
            let mut devices = self.view.devices.iter_mut();
            let device = devices.find(|d| d.id == *id).expect("enrolled");
            device.last_seen = Some(at(seen).into());
        }
    }

    /// The treated devices of these pairs begin at this minute, and confirm.
    fn begin(&mut self, pairs: core::ops::Range<usize>, began: i64) {
        for pair in &self.rollout.waves[0].controls.pairs[pairs] {
            let mut devices = self.view.devices.iter_mut();
            let device = devices.find(|d| d.id == pair.treated).expect("enrolled");
            confirm(device, began, began + LATE);
        }
    }

    fn asks(&mut self, minutes: i64) -> Option<Question> {
        let outcome = step(&self.rollout, &self.view, at(minutes));
        self.rollout = outcome.rollout;
        assert!(
            !outcome
                .actions
                .iter()
                .any(|a| matches!(a, Action::Halt { .. }))
        );
        match &self.rollout.phase {
            Phase::AwaitsHuman { question, .. } => Some(question.clone()),
            _ => None,
        }
    }
}

#[test]
fn a_storm_that_strikes_both_sides_asks_nothing() {
    let mut story = Story::new();
    story.hear(0..15, true, 20);
    story.hear(0..15, false, 20);
    story.hear(15..17, true, 20);
    story.hear(17..20, false, 20);
    assert_eq!(story.asks(LATE), None);
    let monitor = &story.rollout.waves[0].monitor;
    assert_eq!(
        (monitor.scored, monitor.failures),
        (20, 0),
        "the silent are passed over"
    );
}

#[test]
fn a_release_that_silences_devices_asks_a_person() {
    let mut story = Story::new();
    story.hear(0..8, true, 20);
    let question = story.asks(LATE).expect("it asks");
    let Question::SilenceExcess { silences, .. } = &question else {
        panic!("{question:?}");
    };
    let counts = (
        silences.pairs,
        silences.treated,
        silences.controls,
        silences.devices.len(),
    );
    assert_eq!(counts, (40, 8, 0, 5));
    let asked = why::asked(&story.rollout, &question);
    let says = "in the canary 8 devices fell silent while the one held back for it didn't, and 0 the other \
                way round, of 40 pairs (the first: th-";
    assert!(asked.starts_with(says), "{asked}");
    assert_eq!(
        story.asks(LATE + 300),
        Some(question),
        "it is never healthy by waiting"
    );
}

#[test]
fn it_is_withdrawn_when_they_speak_and_answered_until_twice_as_many_are_silent() {
    let mut story = Story::new();
    story.hear(0..8, true, 20);
    assert!(story.asks(LATE).is_some());
    story.hear(0..4, true, LATE);
    assert_eq!(story.asks(LATE + 1), None);
    story.hear(0..4, true, 20);
    assert!(story.asks(LATE + 2).is_some());
    story.rollout = answer(&story.rollout, "kim", "a storm", at(LATE + 3)).expect("asked");
    assert_eq!(story.asks(LATE + 4), None);
    story.hear(8..15, true, 20);
    assert_eq!(story.asks(LATE + 5), None);
    story.hear(15..16, true, 20);
    assert!(story.asks(LATE + 6).is_some());
}

/// They were there when they were drawn, and were gone when the updated ones began: they say nothing, be there ever so many.
#[test]
fn partners_that_were_silent_before_are_no_partners() {
    let mut story = Story::new();
    story.hear(0..8, true, 20);
    story.hear(10..24, false, -30);
    let Some(Question::SilenceExcess { silences, .. }) = story.asks(LATE) else {
        panic!("it asks");
    };
    let counts = (silences.pairs, silences.treated, silences.controls);
    assert_eq!(counts, (26, 8, 0));
}

/// An early look finds much, which goes away; what comes later is looked at by the later looks.
#[test]
fn an_early_excess_is_not_the_last_look() {
    let mut story = Story::new();
    story.begin(20..40, 600);
    story.hear(0..15, true, 20);
    assert!(story.asks(LATE).is_some(), "fifteen of twenty");
    story.hear(0..15, true, LATE);
    assert_eq!(story.asks(LATE + 1), None, "they spoke up");
    let end = 600 + LATE;
    story.hear(0..40, false, end);
    story.hear(0..20, true, end);
    story.hear(20..28, true, 610);
    assert!(story.asks(end).is_some(), "eight to none of forty");
    let looks = &story.rollout.waves[0].controls.silence.looks;
    assert_eq!((&looks.pairs[..], looks.ended), (&[20, 40][..], true));
}

/// Half of the canary is enough for the hard failures, and not for silence.
#[test]
fn the_next_wave_waits_until_silence_is_judged() {
    let mut story = Story::new();
    story.begin(24..40, 600);
    assert_eq!(story.asks(LATE), None);
    assert!(story.rollout.waves[0].passed.is_some());
    let soaked = LATE + 61;
    assert_eq!(story.asks(soaked), None);
    assert_eq!(story.rollout.phase, Phase::Rolling { wave: 0 });
    let waits = step(&story.rollout, &story.view, at(soaked)).waits;
    let (wave, pairs, planned) = (0, 24, 36);
    let expected = Wait::Comparison {
        wave,
        pairs,
        planned,
    };
    assert_eq!(waits, [expected]);
    story.hear(24..40, false, 600 + LATE);
    assert_eq!(story.asks(600 + LATE), None);
    assert_eq!(story.rollout.phase, Phase::Rolling { wave: 1 });
}

/// Who hangs in the middle of it and goes on speaking is silent on no side, and is asked about all the same.
#[test]
fn devices_that_speak_and_never_finish_are_asked_about() {
    let mut story = Story::new();
    let canary = story.view.devices.iter_mut().take(5);
    canary.for_each(|device| device.progress = on_trial(1));
    let asked = story.asks(LATE).expect("five of forty");
    assert_eq!(asked.id(), "rollout.silence");
    assert!(!story.rollout.waves[0].controls.silence.is_excess);
}

/// So many pairs of C as are ever compared say nothing about as many of B.
#[test]
fn however_many_pairs_there_are_who_has_none_is_heard_by_the_plain_bound() {
    let later = |view: &mut FleetView| {
        let later = view.devices.iter_mut().filter(|d| d.wave > 0);
        later.for_each(|device| device.hardware = "C".into());
    };
    let mut story = Story::of(&[2200, 1100], later);
    let controls = &story.rollout.waves[0].controls;
    assert!(controls.pairs.len() == PAIRS_MAX && controls.alone > 800);
    let canary = story.view.devices.iter_mut().take(2200);
    let silent = canary
        .filter(|device| device.hardware.as_str() == "B")
        .take(250);
    silent.for_each(|device| device.last_seen = Some(at(20).into()));
    let asked = story.asks(LATE).expect("more than a tenth");
    assert_eq!(asked.id(), "rollout.silence");
}

/// Hardware B has no partners left: the pairs of C say nothing about it.
#[test]
fn who_has_no_partner_is_heard_by_the_plain_bound() {
    let later = |view: &mut FleetView| {
        let later = view.devices.iter_mut().filter(|d| d.wave > 0);
        later.for_each(|device| device.hardware = "C".into());
    };
    let mut story = Story::with(later);
    assert_eq!(story.rollout.waves[0].controls.pairs.len(), 20);
    let canary = story.view.devices.iter_mut().take(40);
    let silent = canary
        .filter(|device| device.hardware.as_str() == "B")
        .take(5);
    silent.for_each(|device| device.last_seen = Some(at(20).into()));
    let asked = story.asks(LATE).expect("five of forty");
    assert_eq!(asked.id(), "rollout.silence");
}

#[test]
fn without_partners_the_plain_bound_holds() {
    let mut story = Story::new();
    story.rollout.waves[0].controls = Default::default();
    let canary = story.view.devices.iter_mut().take(5);
    canary.for_each(|device| device.last_seen = Some(at(20).into()));
    let asked = story.asks(LATE).expect("more than a tenth");
    assert_eq!(asked.id(), "rollout.silence");
}
