//! Waves: opening, passing, closing.
//!
//! A wave *opens* when its members may be offered the candidate, *passes* when the evidence (or a
//! person) says that the next may follow, and *closes* after its soak, when the next one opens.
//! Its members may still be offered the candidate then.
//!
//! A wave passes on the first of these grounds, and the soak counts from that moment:
//!
//! 1. its sequential test accepted the release (members that are still out don't hold it up);
//! 2. it comes after another one, or before nobody, and is too small for the test ever to accept, every member is settled, at least one is
//!    healthy and none failed;
//! 3. a person answered the question that it ended with.
//!
//! A question that is open holds promotion even after a wave has passed; so do soft signals until all are judged
//! (`soft.rs`), and silence where it is compared (`excess.rs`), beside the soak. What another class must run first holds every wave, the first
//! as well (`needs.rs`), and so does a pause (`pause.rs`). Where people's safety hangs on the class, a person opens each wave after the first, once nothing else holds
//! it (`question.rs`). The last wave needs no
//! ground: it completes when every member of every wave is settled. Read [`WaveState`] first.

use jiff::{SignedDuration, Timestamp};
use mainstay_plan as plan;
use serde::{Deserialize, Serialize};

use crate::control::{self, Controls};
use crate::excess;
use crate::held;
use crate::monitor::Monitor;
use crate::question::Answer;
use crate::rollout::{Phase, Rollout};
use crate::sample::Enrolment;
use crate::score::{Score, Tally, score};
use crate::soft;
use crate::sprt::{Sprt, Verdict};
use crate::step::Action;
use crate::view::FleetView;
use crate::words::after;

/// One wave of a rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaveState {
    /// What the plan says of it: the canary, or a cumulative percentage.
    pub wave: plan::Wave,
    /// How many devices were drawn into it. It never shrinks.
    pub members: u32,
    /// When its members became eligible for offers.
    pub opened_at: Option<Timestamp>,
    /// For how long it was open while another class had to come first, or the rollout was paused: its members weren't to blame.
    #[serde(default, skip_serializing_if = "SignedDuration::is_zero")]
    pub held: SignedDuration,
    /// Why the next wave may follow, once it may.
    pub passed: Option<Passed>,
    /// When the next wave opened, or the rollout completed.
    pub closed_at: Option<Timestamp>,
    /// The statistics of its hard failures.
    pub monitor: Monitor,
    /// What people have answered about it.
    pub answers: Vec<Answer>,
    /// Who is held back to be compared with it, drawn when it opens; nobody under a plan without soft signals.
    #[serde(default, skip_serializing_if = "Controls::is_empty")]
    pub controls: Controls,
}

/// That a wave passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// When: the soak counts from here.
    pub at: Timestamp,
    /// On what grounds.
    pub grounds: Grounds,
}

/// On what grounds a wave passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "grounds", rename_all = "kebab-case")]
pub enum Grounds {
    /// The sequential test accepted the release.
    Accepted {
        /// After so many scored devices ...
        scored: u32,
        /// ... of which so many had failed.
        failures: u32,
    },
    /// The wave comes after another one, or before nobody, and is too small for the test ever to accept; every member is settled,
    /// none failed.
    EveryMember {
        /// How many were healthy.
        healthy: u32,
    },
    /// Nobody was drawn into it.
    Empty,
    /// A person answered the question that it ended with.
    Person {
        /// Who.
        who: String,
    },
}

impl WaveState {
    /// The states of all waves before the first opens.
    #[must_use]
    pub fn for_enrolments(waves: &[plan::Wave], enrolments: &[Enrolment]) -> Vec<Self> {
        let members = |index| enrolments.iter().filter(|e| e.wave == index).count();
        let state = |(index, wave): (usize, &plan::Wave)| Self {
            wave: *wave,
            members: u32::try_from(members(index)).unwrap_or(u32::MAX),
            held: SignedDuration::ZERO,
            opened_at: None,
            passed: None,
            closed_at: None,
            monitor: Monitor::default(),
            answers: Vec::new(),
            controls: Controls::default(),
        };
        waves.iter().enumerate().map(state).collect()
    }
}

/// Opens the first wave, if nothing is open yet and nothing holds the rollout.
pub(crate) fn open_first(
    rollout: &mut Rollout,
    view: &FleetView,
    now: Timestamp,
) -> Option<Action> {
    let first = rollout.waves.first()?;
    if first.opened_at.is_some() || held::is_held(rollout) {
        return None;
    }
    open(rollout, view, 0, now)
}

fn open(rollout: &mut Rollout, view: &FleetView, wave: usize, now: Timestamp) -> Option<Action> {
    let controls = control::draw(rollout, view, wave, now);
    let state = rollout.waves.get_mut(wave)?;
    state.opened_at = Some(now);
    state.controls = controls;
    rollout.phase = Phase::Rolling { wave };
    Some(Action::OpenWave { wave })
}

/// Lets the newest open wave pass, if it now has grounds to.
pub(crate) fn pass(rollout: &mut Rollout, tally: &Tally, now: Timestamp) {
    let (wave, fresh) = (rollout.current_wave(), Sprt::of(rollout.rules.test()));
    let somebody_follows = rollout
        .waves
        .iter()
        .skip(wave + 1)
        .any(|next| next.members > 0);
    let small_will_do = wave > 0 || !somebody_follows;
    let Some(state) = rollout.waves.get_mut(wave) else {
        return;
    };
    if state.passed.is_none() {
        let grounds = grounds(state, small_will_do, tally, &fresh);
        state.passed = grounds.map(|grounds| Passed { at: now, grounds });
    }
}

/// A small wave that comes after one with grounds of its own needs no more than that none of it fails (`small_will_do`), and so does one
/// after which nobody comes. A first wave needs more: nothing has shown anything yet, and what it can't tell is a person's to decide.
fn grounds(state: &WaveState, small_will_do: bool, tally: &Tally, fresh: &Sprt) -> Option<Grounds> {
    let Monitor {
        scored,
        failures,
        verdict,
        ..
    } = state.monitor;
    if state.members == 0 {
        return Some(Grounds::Empty);
    }
    if matches!(verdict, Verdict::Accept { .. }) {
        return Some(Grounds::Accepted { scored, failures });
    }
    let too_small = small_will_do && fresh.healthy_needed().is_none_or(|n| n > tally.units);
    let flawless = tally.failed == 0 && tally.healthy > 0;
    let healthy = tally.healthy;
    (too_small && tally.is_settled() && flawless).then_some(Grounds::EveryMember { healthy })
}

/// Closes the newest open wave and opens the next one, or completes the rollout, if it is time.
pub(crate) fn promote(rollout: &mut Rollout, view: &FleetView, now: Timestamp) -> Option<Action> {
    let wave = rollout.current_wave();
    if is_last(rollout, wave) {
        return complete(rollout, view, now);
    }
    if !lets_on(rollout, wave, now) {
        return None;
    }
    let state = rollout.waves.get_mut(wave)?;
    state.closed_at = Some(now);
    state.controls.pairs.clear();
    open(rollout, view, wave + 1, now)
}

/// Whether all but a person lets the wave after `wave` open.
pub(crate) fn lets_on(rollout: &Rollout, wave: usize, now: Timestamp) -> bool {
    let has_rested = rests_until(rollout, wave).is_some_and(|end| now >= end);
    let is_clear = |state: &WaveState| soft::lets_on(state) && excess::lets_on(state);
    has_rested && !held::is_held(rollout) && rollout.waves.get(wave).is_some_and(is_clear)
}

/// When the soak of a wave that has passed ends. A wave of nobody has nothing to wait for.
pub(crate) fn rests_until(rollout: &Rollout, wave: usize) -> Option<Timestamp> {
    let passed = rollout.waves.get(wave)?.passed.as_ref()?;
    Some(match passed.grounds {
        Grounds::Empty => passed.at,
        _ => after(passed.at, rollout.rules.soak),
    })
}

/// Whether no wave comes after `wave`.
pub(crate) fn is_last(rollout: &Rollout, wave: usize) -> bool {
    wave + 1 >= rollout.waves.len()
}

fn complete(rollout: &mut Rollout, view: &FleetView, now: Timestamp) -> Option<Action> {
    if rollout.paused.is_some() || unsettled(rollout, view, now) > 0 {
        return None;
    }
    rollout.waves.last_mut()?.closed_at = Some(now);
    rollout.phase = Phase::Complete { at: now };
    Some(Action::Complete)
}

/// How many members of all waves aren't judged yet. Members that the view doesn't hold aren't.
pub(crate) fn unsettled(rollout: &Rollout, view: &FleetView, now: Timestamp) -> u32 {
    let mut pending: Vec<_> = rollout.waves.iter().map(|wave| wave.members).collect();
    for device in &view.devices {
        if let Some(pending) = pending.get_mut(device.wave)
            && score(rollout, device, now) != Score::Pending
        {
            *pending = pending.saturating_sub(1);
        }
    }
    pending.iter().sum()
}
