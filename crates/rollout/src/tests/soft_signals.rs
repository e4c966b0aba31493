//! Soft signals, compared with devices that are held back: stories of one wave and the one after.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mainstay_plan::SignalName;

use super::soft_story::{HOURS, READ, Story, ordinary, rule};
use crate::halt::HaltReason;
use crate::progress::{FailureCause, Progress};
use crate::question::{Question, answer};
use crate::readings::{missing, wanted};
use crate::rollout::{Phase, Rollout};
use crate::soft::SoftVerdict;
use crate::testing::{at, confirm, failed, on_trial};
use crate::view::FleetView;
use crate::{ReleaseDigest, Wait, halt, why};

#[test]
fn a_release_that_is_no_worse_goes_on_after_its_last_look() {
    let mut story = Story::begun(&[40, 400], 0);
    assert_eq!(
        (story.step(40), story.step(120)),
        (String::new(), String::new())
    );
    let (wave, pairs, planned) = (0, 0, 36);
    assert_eq!(
        story.wait(120),
        Wait::Comparison {
            wave,
            pairs,
            planned
        }
    );
    assert_eq!(
        why::rollout(&story.rollout, &story.wait(120), at(120)),
        "1.1.0 waits, because the canary is compared with devices held back, and 0 of 36 pairs are judged."
    );
    story.read(READ, |n, _| ordinary(n));
    assert_eq!(story.step(READ), "open1");
    assert_eq!(story.verdict(), SoftVerdict::NotWorse);
    assert_eq!(story.pairs(), [], "they are let go");
    assert_eq!(
        story.rollout.waves[1].controls.pairs.len(),
        0,
        "the last wave is compared with nobody"
    );
    let text = serde_json::to_string(&story.rollout).expect("plain data");
    let back: Rollout = serde_json::from_str(&text).expect("as written");
    assert_eq!(back, story.rollout);
}

#[test]
fn devices_that_stay_away_are_among_those_to_spare() {
    let mut story = Story::begun(&[40, 400], 0);
    for pair in story.pairs().iter().take(4) {
        let devices = &mut story.view.devices;
        let device = devices
            .iter_mut()
            .find(|d| d.id == pair.treated)
            .expect("enrolled");
        device.progress = Progress::Waiting;
    }
    story.step(40);
    story.read(READ, |n, _| ordinary(n));
    assert_eq!(story.step(READ), "open1", "nine in ten are enough");
}

#[test]
fn a_release_that_is_clearly_worse_is_halted_before_everybody_was_read() {
    let mut story = Story::begun(&[40, 400], 12);
    story.step(40);
    let drain = |n, new| if new { 2 * ordinary(n) } else { ordinary(n) };
    story.read(READ, drain);
    assert_eq!(story.step(READ), "halt incident(0)");
    let Phase::Halted { reason, .. } = &story.rollout.phase else {
        panic!("it halted");
    };
    let HaltReason::SoftWorse {
        wave: 0,
        signal: SignalName::Battery,
        found,
    } = reason
    else {
        panic!("{reason:?}");
    };
    assert_eq!(
        (found.pairs, found.margin_percent, found.worst.len()),
        (28, 10, 3)
    );
    assert!(
        (85..105).contains(&found.worse_by_percent),
        "{}",
        found.worse_by_percent
    );
    assert!(found.worst[0].treated_milli > 2 * found.worst[0].control_milli - 1);
    let halted = why::rollout(&story.rollout, &story.wait(READ), at(READ));
    let says = "1.1.0 is halted: battery drain in the canary is ";
    assert!(halted.starts_with(says) && halted.contains(" than on devices held back, over 28 pairs (10 % is allowed); worst in thousandths a day: th-"), "{halted}");
}

/// As bad as the case before, and too early: twelve pairs of thirty-six.
#[test]
fn an_early_look_wants_much() {
    let mut story = Story::begun(&[40, 400], 28);
    story.step(40);
    story.read(
        READ,
        |n, new| if new { 2 * ordinary(n) } else { ordinary(n) },
    );
    assert_eq!(story.step(READ), "");
    assert_eq!(story.rollout.waves[0].controls.signals[0].looks.pairs, [12]);
    assert_eq!(story.verdict(), SoftVerdict::Continue);
    story.read(
        READ + 600,
        |n, new| if new { 2 * ordinary(n) } else { ordinary(n) },
    );
    assert_eq!(story.step(READ + 600), "halt incident(0)");
}

#[test]
fn what_cannot_be_told_is_asked_and_the_answer_lets_it_go_on() {
    let mut story = Story::begun(&[40, 400], 0);
    story.step(40);
    // Some are much better and some much worse, by no rule.
    story.read(READ, |n, _| 20_000 << (n * 11 % 4));
    assert_eq!(story.step(READ), "rollout.soft-unclear");
    assert_eq!(story.step(READ + 1), "", "asked once");
    let asked = why::rollout(&story.rollout, &story.wait(READ), at(READ));
    let says = "1.1.0 waits, because a person must answer: the canary was compared with devices held back, \
                which can't tell whether it is worse: battery drain is ";
    assert!(
        asked.starts_with(says)
            && asked.contains(" over 40 pairs (10 % is allowed); worst in thousandths a day: th-"),
        "{asked}"
    );
    story.rollout = answer(&story.rollout, "kim", "a mild week", at(READ + 5)).expect("asked");
    assert_eq!(story.step(READ + 6), "open1");
}

#[test]
fn too_few_pairs_conclude_nothing_whatever_they_say() {
    let mut story = Story::begun(&[9, 400], 0);
    // Nine can tell that much.
    story.rollout.rules.install.halt = 60.0;
    story.step(40);
    story.read(
        READ,
        |n, new| if new { 50 * ordinary(n) } else { ordinary(n) },
    );
    assert_eq!(story.step(READ), "rollout.soft-unclear");
    let Phase::AwaitsHuman {
        question: Question::SoftUnclear { signals, .. },
        ..
    } = &story.rollout.phase
    else {
        panic!("it asks");
    };
    assert_eq!(signals[0].1.pairs, 9);
    let mut alone = Story::of(&[10, 10]);
    alone.rollout.rules.install.halt = 60.0;
    let later = alone.view.devices.iter_mut().skip(10);
    later.for_each(|d| d.hardware = "A".into());
    alone.step(0);
    alone
        .view
        .devices
        .iter_mut()
        .take(10)
        .for_each(|d| confirm(d, 1, 600));
    assert_eq!(
        alone.step(40),
        "rollout.soft-unclear",
        "nobody is like them"
    );
    let asked = why::rollout(&alone.rollout, &alone.wait(40), at(40));
    assert!(
        asked.ends_with("of battery drain no pair could be read."),
        "{asked}"
    );
    let text = serde_json::to_string(&alone.rollout).expect("plain data");
    let back: Rollout = serde_json::from_str(&text).expect("as written");
    assert_eq!(
        back, alone.rollout,
        "that nobody could be held back is kept"
    );
}

#[test]
fn the_last_wave_is_compared_with_nobody() {
    let mut story = Story::begun(&[40], 0);
    story.step(40);
    assert_eq!(story.step(120), "open1 open2 complete");
    assert!(story.rollout.waves[0].controls.is_empty());
}

#[test]
fn who_keeps_no_readings_has_no_soft_signals_judged() {
    let mut story = Story::of(&[40, 400]);
    story.view.readings = None;
    story.step(0);
    let canary = story.view.devices.iter_mut().take(40);
    canary.for_each(|device| confirm(device, 1, READ));
    story.step(40);
    assert_eq!(story.step(120), "open1");
    // Whoever stops handing them is no better off: no pair can be read.
    let mut story = Story::begun(&[40, 400], 0);
    story.view.readings = None;
    story.step(40);
    assert_eq!(story.step(READ), "rollout.soft-unclear");
}

#[test]
fn only_readings_of_the_right_time_on_the_right_release_count() {
    let mut story = Story::begun(&[40, 400], 0);
    story.step(40);
    let pairs = story.pairs();
    story.read(READ, |n, _| ordinary(n));
    let readings = story.view.readings.as_mut().expect("just read");
    let mut moved = |id, minutes| {
        let mut of = readings.iter_mut();
        let reading = of.find(|r| r.device == id).expect("read");
        reading.at = at(1) + SignedDuration::from_hours(48) + SignedDuration::from_mins(minutes);
    };
    // The horizon is at minute 0; from minute 30 on a device counts as silent.
    moved(pairs[0].treated.clone(), -1);
    moved(pairs[1].control.clone(), 29);
    moved(pairs[2].control.clone(), 30);
    let mut change = |id, progress| {
        let mut devices = story.view.devices.iter_mut();
        devices.find(|d| d.id == id).expect("enrolled").progress = progress;
    };
    change(pairs[3].treated.clone(), failed(1, FailureCause::SelfTest));
    change(pairs[4].control.clone(), Progress::Began { at: at(5) });
    story.device(&pairs[5].control).running = Some(ReleaseDigest([9; 32]).into());
    story.step(READ);
    let comparison = &story.rollout.waves[0].controls.signals[0];
    assert_eq!(
        (comparison.found.pairs, comparison.verdict),
        (35, SoftVerdict::NotWorse)
    );
}

/// Readings of devices that hadn't confirmed by then are readings of what ran before.
#[test]
fn who_does_not_run_the_candidate_is_not_read_for_it() {
    for progress in [
        on_trial(1),
        Progress::Confirmed {
            began: at(1),
            booted: at(2),
            at: at(1) + SignedDuration::from_hours(49),
        },
    ] {
        // They may still come until they would be called silent.
        for (minutes, unread) in [(48 * HOURS + 20, 0), (READ, 3)] {
            let mut story = Story::begun(&[40, 400], 0);
            story.step(40);
            for pair in story.pairs().iter().take(3) {
                story.device(&pair.treated).progress = progress.clone();
            }
            story.read(READ, |n, _| ordinary(n));
            story.step(minutes);
            let found = &story.signal().found;
            assert_eq!((found.pairs, found.treated_unread), (37, unread));
        }
    }
}

/// A failure is known at once, and no pair waits for it.
#[test]
fn who_failed_is_never_read() {
    let mut story = Story::begun(&[40, 400], 0);
    story.step(40);
    let pairs = story.pairs();
    story.device(&pairs[0].treated).progress = failed(1, FailureCause::SelfTest);
    story.read(READ, |n, _| ordinary(n));
    let end = 48 * HOURS + 1;
    assert_eq!(story.step(end), "open1");
    let found = &story.signal().found;
    assert_eq!((found.pairs, found.treated_unread), (39, 0));
}

/// The rest is no worse; so it would be whatever the release did to those that can't be read.
#[test]
fn what_a_killing_release_leaves_over_proves_nothing() {
    let unread = |treated: usize, controls: usize| {
        let mut story = Story::begun(&[40, 400], 0);
        story.step(40);
        let pairs = story.pairs();
        story.read(READ, |n, _| ordinary(n));
        let lost = pairs[..treated].iter().map(|pair| &pair.treated);
        let lost = lost.chain(
            pairs[treated..treated + controls]
                .iter()
                .map(|p| &p.control),
        );
        let lost: BTreeSet<_> = lost.collect();
        let readings = story.view.readings.as_mut().expect("just read");
        readings.retain(|reading| !lost.contains(&reading.device));
        let did = story.step(READ);
        (story, did)
    };
    let (story, did) = unread(5, 0);
    assert_eq!(did, "rollout.soft-unclear");
    let asked = why::rollout(&story.rollout, &story.wait(READ), at(READ));
    let says = ", 5 devices couldn't be read on the release while the one held back for it could, and 0 the other way round";
    assert!(asked.contains(says), "{asked}");
    assert_eq!(unread(4, 0).1, "open1", "chance does as much");
    assert_eq!(unread(5, 5).1, "open1", "a storm");
    assert_eq!(
        unread(7, 7).1,
        "rollout.soft-unclear",
        "26 of 36 are too few"
    );
}

#[test]
fn ten_pairs_are_enough_also_one_after_the_other() {
    let mut story = Story::begun(&[10, 400], 1);
    story.step(40);
    story.read(READ, |n, _| ordinary(n));
    story.step(READ);
    assert_eq!(story.verdict(), SoftVerdict::Continue, "one is to come");
    story.read(READ + 600, |n, _| ordinary(n));
    story.step(READ + 600);
    assert_eq!(story.verdict(), SoftVerdict::NotWorse);
}

#[test]
fn one_forged_reading_vetoes_nothing() {
    let mut story = Story::begun(&[40, 400], 0);
    story.step(40);
    story.read(
        READ,
        |n, new| if new { ordinary(n) / 2 } else { ordinary(n) },
    );
    let forger = story.pairs()[0].treated.clone();
    let readings = story.view.readings.as_mut().expect("just read");
    let mut of = readings.iter_mut();
    of.find(|r| r.device == forger).expect("read").milli = u32::MAX;
    assert_eq!(story.step(READ), "open1");
}

#[test]
fn what_is_judged_is_read_no_more() {
    let mut story = Story::begun(&[40, 400], 0);
    story.rollout.rules.soft.push(rule(SignalName::ErrorLog));
    story.step(40);
    assert_eq!(wanted(&story.rollout, &story.view).len(), 2 * 80);
    story.read(READ, |n, _| ordinary(n));
    let readings = story.view.readings.as_mut().expect("just read");
    readings.retain(|reading| reading.signal == SignalName::Battery);
    story.step(48 * HOURS + 1);
    assert_eq!(story.verdict_of(SignalName::Battery), SoftVerdict::NotWorse);
    let left = wanted(&story.rollout, &story.view);
    assert!(left.len() == 80 && left.iter().all(|w| w.signal == SignalName::ErrorLog));
    let halted = halt::by_person(&story.rollout, &story.view, "kim", "stop", at(READ));
    let halted = halted.expect("it was open").rollout;
    assert_eq!(wanted(&halted, &story.view), []);
}

#[test]
fn what_is_read_or_comes_too_late_is_no_longer_missing() {
    let mut story = Story::begun(&[40, 400], 0);
    story.step(40);
    let count = |story: &Story, minutes| missing(&story.rollout, &story.view, at(minutes)).len();
    assert_eq!(count(&story, 40), 80);
    // The pairs' clocks started at minute 1; from half an hour after the horizon on a device counts as silent.
    let due = 1 + 48 * HOURS;
    let one = missing(&story.rollout, &story.view, at(40)).remove(0);
    assert_eq!(
        (one.since, one.at, one.until),
        (at(1 + 24 * HOURS), at(due), at(due + 30))
    );
    story.read(READ, |n, _| ordinary(n));
    assert_eq!(count(&story, due - 1), 80, "what isn't read yet");
    let readings = story.view.readings.as_mut().expect("just read");
    readings.truncate(30);
    readings[0].at = at(due - 1);
    assert_eq!(
        count(&story, due),
        51,
        "one of the thirty was read too early"
    );
    assert_eq!((count(&story, due + 29), count(&story, due + 30)), (51, 0));
}

#[test]
fn what_is_stored_comes_back() {
    let mut story = Story::begun(&[40, 400], 0);
    story.step(40);
    story.read(READ, |n, _| 20_000 << (n * 11 % 4));
    story.step(READ);
    let text = serde_json::to_string(&(&story.rollout, &story.view)).expect("plain data");
    let back: (Rollout, FleetView) = serde_json::from_str(&text).expect("as written");
    assert_eq!(back, (story.rollout, story.view));
}
