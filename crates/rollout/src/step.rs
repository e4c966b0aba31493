//! The heart: what a rollout does next.
//!
//! Stop before going on: the monitors are read first, the tripwire and a rejection come before any
//! promotion, and a halt is the end, also of a rollout that is paused. Only then may a wave pass, ask, or promote. Each of these
//! reasons lives in its own file; this one only puts them in order. Read [`step()`].

use jiff::Timestamp;
use mainstay_fleet::{DeviceId, ReleaseDigest};

use crate::excess;
use crate::halt::{self, HaltReason};
use crate::held;
use crate::incident::Evidence;
use crate::monitor;
use crate::needs;
use crate::question::{self, Question};
use crate::returns::{self, CannotReturn};
use crate::rollout::{Phase, Rollout};
use crate::score::Tally;
use crate::soft;
use crate::view::FleetView;
use crate::wait::{self, Wait};
use crate::wave;

/// The outcome of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The rollout to keep. Its generation is raised if anything changed.
    pub rollout: Rollout,
    /// What the caller must do, in this order.
    pub actions: Vec<Action>,
    /// Why it isn't further.
    pub waits: Vec<Wait>,
}

/// What the caller must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A wave is open from now on. Nothing to do but to say so.
    OpenWave {
        /// Which, from 0.
        wave: usize,
    },
    /// The rollout is halted from now on: tell people, hold the release in the signed status.
    Halt {
        /// Why.
        reason: HaltReason,
    },
    /// Open an incident with this evidence.
    OpenIncident(Box<Evidence>),
    /// Set this device's progress to [`crate::Progress::Returning`]; its next check-in offers it.
    Return {
        /// The device.
        device: DeviceId,
        /// The release it goes back to.
        to: ReleaseDigest,
    },
    /// Set this device's progress to [`crate::Progress::CannotReturn`].
    CannotReturn {
        /// The device.
        device: DeviceId,
        /// Why.
        why: CannotReturn,
    },
    /// Ask people; the answer comes back through [`crate::question::answer`].
    AskHuman(Question),
    /// The rollout is complete.
    Complete,
}

/// Decides what `rollout` does next, given all its devices.
///
/// Pure, total and idempotent: without news, a second step with the same `now` returns the same
/// rollout and no action but the returns that the caller hasn't recorded yet.
#[must_use]
pub fn step(rollout: &Rollout, view: &FleetView, now: Timestamp) -> Step {
    let (next, actions) = match &rollout.phase {
        Phase::Halted { .. } => (rollout.clone(), returns::actions(rollout, view)),
        Phase::Complete { .. } | Phase::Withdrawn { .. } => (rollout.clone(), Vec::new()),
        Phase::Rolling { .. } if rollout.is_starting() => (rollout.clone(), Vec::new()),
        Phase::Rolling { .. } | Phase::AwaitsHuman { .. } => go_on(rollout, view, now),
    };
    let waits = wait::of_rollout(&next, view, now);
    Step {
        rollout: next.since(rollout),
        actions,
        waits,
    }
}

fn go_on(rollout: &Rollout, view: &FleetView, now: Timestamp) -> (Rollout, Vec<Action>) {
    let mut next = rollout.clone();
    needs::observe(&mut next, view, now);
    let mut actions: Vec<_> = wave::open_first(&mut next, view, now).into_iter().collect();
    if held::is_held(&next) && next.newest_open_wave().is_none() {
        // Nothing is under way that could be judged.
        return (next, actions);
    }
    monitor::observe(&mut next, view, now);
    soft::observe(&mut next, view, now);
    excess::observe(&mut next, view, now);
    if let Some(reason) = halt::reason(&next, view) {
        let (next, halting) = halt::halt(next, view, reason, now);
        actions.extend(halting);
        return (next, actions);
    }
    actions.extend(advance(&mut next, view, now));
    (next, actions)
}

/// Passes, asks and promotes until nothing more moves: several times only over waves of nobody.
fn advance(next: &mut Rollout, view: &FleetView, now: Timestamp) -> Vec<Action> {
    let mut actions = Vec::new();
    for _ in 0..=next.waves.len() {
        let tally = Tally::of(next, view, next.current_wave(), now);
        wave::pass(next, &tally, now);
        if let Some(question) = question::raised(next, view, &tally, now) {
            actions.extend(question::ask(next, question, now));
            break;
        }
        question::withdraw(next);
        let Some(action) = wave::promote(next, view, now) else {
            break;
        };
        actions.push(action);
        if next.is_over() {
            break;
        }
        // A wave that has just opened is compared from this instant on, not from the next step on.
        soft::observe(next, view, now);
        excess::observe(next, view, now);
    }
    actions
}
