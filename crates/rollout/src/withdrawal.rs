//! Taking a rollout back of which no wave has opened.
//!
//! A class has one rollout at a time, and one that waits for another class keeps that place, also from a hotfix. As long as it has
//! opened no wave, nobody was promised anything: nothing has to be undone, and nothing speaks against the release, which may be rolled
//! out again. Once a wave is open, [`crate::halt`] is the only early end. Read [`by_person`].

use jiff::Timestamp;

use crate::rollout::{Phase, Rollout};
use crate::step::Step;
use crate::wait::Wait;

/// Why a rollout can't be withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WithdrawalRefused {
    /// A wave has opened: devices may have been promised the release.
    #[error("a wave of the rollout is open")]
    WaveOpen,
    /// It has come to an end.
    #[error("the rollout is over")]
    Over,
}

impl WithdrawalRefused {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::WaveOpen => "rollout.wave-open",
            Self::Over => "rollout.over",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::WaveOpen => {
                "if it must not go on, halt it: that sends devices back, and is for good"
            }
            Self::Over => "nothing more to do: it keeps nobody from the class",
        }
    }
}

/// Withdraws the rollout because `who` says so, for the reason `why`. Whether `who` may is checked by the caller.
///
/// # Errors
/// If a wave has opened, or the rollout is over.
pub fn by_person(
    rollout: &Rollout,
    who: &str,
    why: &str,
    now: Timestamp,
) -> Result<Step, WithdrawalRefused> {
    if rollout.is_over() {
        return Err(WithdrawalRefused::Over);
    }
    if rollout.newest_open_wave().is_some() {
        return Err(WithdrawalRefused::WaveOpen);
    }
    let (who, why) = (who.to_owned(), why.to_owned());
    let mut next = rollout.clone();
    next.phase = Phase::Withdrawn {
        at: now,
        who: who.clone(),
        why: why.clone(),
    };
    Ok(Step {
        rollout: next.since(rollout),
        actions: Vec::new(),
        waits: vec![Wait::Withdrawn { who, why }],
    })
}
