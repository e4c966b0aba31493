//! A rollout: its card, its timeline, its devices.

use jiff::Timestamp;
use mainstay_report::{EnrolledDevice, RolloutCard, RolloutState, TimelineEntry, Tone};
use mainstay_rollout::{DeviceView, Paused, Phase, Progress, Rollout, why};

use super::charts::sprt_chart;
use super::picture::Picture;
use super::progress::progress_words;

/// A rollout as the home page shows it: its waves, its newest test, and why it waits.
pub fn rollout_card(rollout: &Rollout, picture: &Picture, now: Timestamp) -> RolloutCard {
    let waits = picture.waits(rollout, now);
    let health = picture.summary(rollout);
    let tested = health.waves.iter().rev().find(|wave| wave.path.len() > 1);
    RolloutCard {
        being_counted: false,
        waves: match rollout.is_starting() {
            true => Vec::new(),
            false => picture.bars().to_vec(),
        },
        sprt: tested.map(|wave| sprt_chart(rollout, wave)),
        why_it_waits: waits
            .iter()
            .map(|wait| why::rollout(rollout, wait, now))
            .collect(),
        next: waits.first().map(|wait| why::next(wait).to_owned()),
        ..uncounted_card(rollout)
    }
}

/// The same of a rollout whose devices are still being counted.
pub fn uncounted_card(rollout: &Rollout) -> RolloutCard {
    RolloutCard {
        id: rollout.id.0,
        version: rollout.candidate.version.clone(),
        class: rollout.candidate.class.clone(),
        state: rollout_state(rollout),
        started_at: rollout.started_at,
        being_counted: true,
        waves: Vec::new(),
        sprt: None,
        why_it_waits: Vec::new(),
        next: None,
    }
}

/// How a rollout stands.
pub fn rollout_state(rollout: &Rollout) -> RolloutState {
    let is_paused = rollout.paused.is_some();
    match rollout.phase {
        Phase::Rolling { .. } if is_paused => RolloutState::Paused,
        Phase::Rolling { .. } if rollout.is_starting() => RolloutState::Starting,
        Phase::Rolling { .. } => RolloutState::Rolling,
        Phase::AwaitsHuman { .. } => RolloutState::AwaitsHuman,
        Phase::Halted { .. } => RolloutState::Halted,
        Phase::Complete { .. } => RolloutState::Complete,
        Phase::Withdrawn { .. } => RolloutState::Withdrawn,
    }
}

/// What happened to a rollout, newest first.
pub fn rollout_timeline(rollout: &Rollout) -> Vec<TimelineEntry> {
    let mut entries = vec![entry(
        rollout.started_at,
        "The rollout started",
        "",
        Tone::Plain,
    )];
    for state in &rollout.waves {
        let wave = state.wave.to_string();
        let opened = state
            .opened_at
            .map(|at| entry(at, "A wave opened", &wave, Tone::Busy));
        let passed = state.passed.as_ref();
        let passed = passed.map(|passed| entry(passed.at, "A wave passed", &wave, Tone::Good));
        let answered = state.answers.iter().map(|answer| {
            entry(
                answer.at,
                &format!("{} let it go on", answer.who),
                &answer.why,
                Tone::Plain,
            )
        });
        entries.extend(opened.into_iter().chain(passed).chain(answered));
    }
    entries.extend(pauses(rollout));
    entries.extend(ending(rollout));
    // Stable, so that what has the same instant stays in its order.
    entries.sort_by_key(|entry| entry.at);
    entries.reverse();
    entries
}

/// Who paused it, and who let it go on.
fn pauses(rollout: &Rollout) -> Vec<TimelineEntry> {
    let began = |paused: &Paused| {
        let what = format!("{} paused it", paused.who);
        entry(paused.at, &what, &paused.why, Tone::Attention)
    };
    let past = rollout.pauses.iter().flat_map(|pause| {
        let what = format!("{} let it go on after a pause", pause.resumed_by);
        [
            began(&pause.paused),
            entry(pause.until, &what, "", Tone::Plain),
        ]
    });
    past.chain(rollout.paused.iter().map(began)).collect()
}

fn ending(rollout: &Rollout) -> Option<TimelineEntry> {
    match &rollout.phase {
        Phase::Rolling { .. } => None,
        Phase::AwaitsHuman {
            question, since, ..
        } => {
            let asks = why::asked(rollout, question);
            Some(entry(*since, "It asked a question", &asks, Tone::Attention))
        }
        Phase::Halted { at, reason, .. } => {
            let because = why::halted(rollout, reason);
            Some(entry(*at, "It was halted", &because, Tone::Bad))
        }
        Phase::Complete { at } => Some(entry(*at, "It completed", "", Tone::Good)),
        Phase::Withdrawn { at, who, why } => {
            Some(entry(*at, &format!("{who} withdrew it"), why, Tone::Plain))
        }
    }
}

fn entry(at: Timestamp, what: &str, detail: &str, tone: Tone) -> TimelineEntry {
    TimelineEntry {
        at,
        what: what.to_owned(),
        detail: detail.to_owned(),
        tone,
    }
}

/// Whom people look at first.
pub(super) fn rank(progress: &Progress) -> u8 {
    match progress {
        Progress::CannotReturn { .. } => 0,
        Progress::Failed { .. } => 1,
        Progress::Returning { .. } | Progress::Returned { .. } => 2,
        Progress::Refused { .. } => 3,
        Progress::OnTrial { .. } => 4,
        Progress::Began { .. } | Progress::Promised { .. } => 5,
        Progress::Confirmed { .. } => 6,
        Progress::Waiting => 7,
    }
}

/// A device of a rollout.
pub fn enrolled(rollout: &Rollout, device: &DeviceView) -> EnrolledDevice {
    let (progress, tone) = progress_words(&device.progress);
    let wave = rollout
        .waves
        .get(device.wave)
        .map(|state| state.wave.to_string());
    EnrolledDevice {
        id: device.id.to_string(),
        hardware: device.hardware.to_string(),
        zone: device.zone.to_string(),
        wave: wave.unwrap_or_default(),
        progress,
        tone,
        since: device.progress.began(),
    }
}
