//! Stopping for good, and why.
//!
//! A halt is sticky: nothing in this crate leads out of it. What was learnt goes into a new
//! release, with a new rollout. Read [`HaltReason`].

use jiff::Timestamp;
use mainstay_plan::SignalName;
use serde::{Deserialize, Serialize};

use crate::incident;
use crate::returns;
use crate::rollout::{Phase, Rollout};
use crate::soft::{self, Found};
use crate::sprt::Verdict;
use crate::step::{Action, Step};
use crate::tripwire::{self, Trip};
use crate::view::FleetView;
use crate::wait::Wait;

/// Why a rollout was halted, with the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "halted-by", rename_all = "kebab-case")]
pub enum HaltReason {
    /// The sequential test rejected the release.
    Sprt {
        /// In which wave, from 0.
        wave: usize,
        /// So many failures ...
        failures: u32,
        /// ... among the first so many scored devices.
        scored: u32,
    },
    /// A soft signal is worse than on devices held back, by more than the plan allows.
    SoftWorse {
        /// In which wave, from 0.
        wave: usize,
        /// The signal.
        signal: SignalName,
        /// By how much, over how many pairs, and the worst of them.
        found: Found,
    },
    /// The tripwire caught.
    Tripwire {
        /// On what.
        trip: Trip,
    },
    /// A person stopped it.
    Person {
        /// Who, by address.
        who: String,
        /// In their words.
        why: String,
    },
    /// The candidate was revoked.
    Revoked {
        /// By which document and for what, as a clause.
        why: String,
    },
}

/// Why a person can't halt a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HaltRefused {
    /// It is halted already.
    #[error("the rollout is halted already")]
    AlreadyHalted,
    /// It has completed.
    #[error("the rollout has completed")]
    AlreadyComplete,
    /// It was taken back before it began.
    #[error("the rollout was withdrawn before a wave opened")]
    Withdrawn,
}

impl HaltRefused {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::AlreadyHalted => "rollout.already-halted",
            Self::AlreadyComplete => "rollout.already-complete",
            Self::Withdrawn => "rollout.withdrawn",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::AlreadyHalted => "nothing more to do; read its incident",
            Self::AlreadyComplete => "roll out a release that replaces it",
            Self::Withdrawn => "nothing more to do: no device was offered anything",
        }
    }
}

/// The reason to halt that the facts give now: the tripwire first, for it is the quicker one.
pub(crate) fn reason(rollout: &Rollout, view: &FleetView) -> Option<HaltReason> {
    let trip = tripwire::check(rollout, view).map(|trip| HaltReason::Tripwire { trip });
    trip.or_else(|| rejected(rollout))
        .or_else(|| worse(rollout))
}

fn worse(rollout: &Rollout) -> Option<HaltReason> {
    let (wave, comparison) = soft::worse(rollout)?;
    Some(HaltReason::SoftWorse {
        wave,
        signal: comparison.signal,
        found: comparison.found.clone(),
    })
}

fn rejected(rollout: &Rollout) -> Option<HaltReason> {
    let monitors = rollout.waves.iter().map(|state| &state.monitor).enumerate();
    let mut rejects = monitors.filter(|(_, m)| matches!(m.verdict, Verdict::Reject { .. }));
    let (wave, monitor) = rejects.next()?;
    Some(HaltReason::Sprt {
        wave,
        failures: monitor.failures,
        scored: monitor.scored,
    })
}

/// Halts `next` for good, gathers the evidence, and sends back whoever runs the candidate.
pub(crate) fn halt(
    mut next: Rollout,
    view: &FleetView,
    reason: HaltReason,
    now: Timestamp,
) -> (Rollout, Vec<Action>) {
    next.phase = Phase::Halted {
        at: now,
        wave: next.current_wave(),
        reason: reason.clone(),
    };
    let evidence = incident::evidence(&next, view, reason.clone(), now);
    let mut actions = vec![
        Action::Halt { reason },
        Action::OpenIncident(Box::new(evidence)),
    ];
    actions.extend(returns::actions(&next, view));
    (next, actions)
}

/// Halts the rollout because `who` says so. One person of any duty is enough to stop.
///
/// # Errors
/// If the rollout is over.
pub fn by_person(
    rollout: &Rollout,
    view: &FleetView,
    who: &str,
    why: &str,
    now: Timestamp,
) -> Result<Step, HaltRefused> {
    let reason = HaltReason::Person {
        who: who.to_owned(),
        why: why.to_owned(),
    };
    stop(rollout, view, reason, now)
}

/// Halts the rollout because its candidate was revoked; `why` says by what.
///
/// # Errors
/// If the rollout is over.
pub fn by_revocation(
    rollout: &Rollout,
    view: &FleetView,
    why: &str,
    now: Timestamp,
) -> Result<Step, HaltRefused> {
    let why = why.to_owned();
    stop(rollout, view, HaltReason::Revoked { why }, now)
}

fn stop(
    rollout: &Rollout,
    view: &FleetView,
    reason: HaltReason,
    now: Timestamp,
) -> Result<Step, HaltRefused> {
    match rollout.phase {
        Phase::Halted { .. } => return Err(HaltRefused::AlreadyHalted),
        Phase::Complete { .. } => return Err(HaltRefused::AlreadyComplete),
        Phase::Withdrawn { .. } => return Err(HaltRefused::Withdrawn),
        Phase::Rolling { .. } | Phase::AwaitsHuman { .. } => {}
    }
    let (next, actions) = halt(rollout.clone(), view, reason.clone(), now);
    Ok(Step {
        rollout: next.since(rollout),
        actions,
        waits: vec![Wait::Halted { reason }],
    })
}
