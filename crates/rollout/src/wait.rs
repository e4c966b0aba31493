//! Why nothing happens: the reasons for which a device or a rollout waits.
//!
//! [`crate::offer()`] and [`crate::step()`] return them, [`crate::why`] says them in words. Read
//! [`Wait`].

use jiff::Timestamp;
use mainstay_plan as plan;
use serde::{Deserialize, Serialize};

use crate::excess;
use crate::halt::HaltReason;
use crate::monitor;
use crate::needs::Unmet;
use crate::pause::Paused;
use crate::progress::FailureCause;
use crate::question::Question;
use crate::returns::CannotReturn;
use crate::rollout::{Phase, Rollout};
use crate::score::Tally;
use crate::soft;
use crate::sprt::Sprt;
use crate::view::FleetView;
use crate::wave;
use crate::withheld::Withheld;

/// Why a device, or a rollout, waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wait", rename_all = "kebab-case")]
pub enum Wait {
    /// The device isn't in this rollout.
    NotEnrolled,
    /// The device hasn't reached a stepping stone on the way to the candidate.
    BehindStone {
        /// The version that it has to run first; a later one does as well.
        stone: String,
    },
    /// A person has paused the rollout.
    Paused {
        /// Since when.
        since: Timestamp,
        /// Who did, by address.
        who: String,
        /// In their words.
        why: String,
    },
    /// The devices of the rollout are still to be drawn.
    Starting,
    /// Devices of another class must run something first.
    Prerequisite {
        /// What, and how far they are.
        unmet: Unmet,
    },
    /// The device's wave isn't open yet.
    WaveNotOpen {
        /// Its wave, from 0.
        wave: usize,
        /// The newest open one; none before the first opens.
        open: Option<usize>,
    },
    /// The device's window is closed.
    WindowOpens {
        /// When it opens.
        at: Timestamp,
        /// In which zone that is said.
        zone: String,
        /// Why it is closed.
        because: plan::Closed,
    },
    /// The window is open and the device's turn in it hasn't come.
    Jitter {
        /// When it comes.
        until: Timestamp,
    },
    /// As many devices as allowed are downloading.
    Budget {
        /// So many ...
        in_flight: u32,
        /// ... of so many.
        limit: u32,
    },
    /// The rollout was halted.
    Halted {
        /// Why.
        reason: HaltReason,
    },
    /// The rollout was taken back before its first wave opened.
    Withdrawn {
        /// Who did, by address.
        who: String,
        /// In their words.
        why: String,
    },
    /// The rollout would offer the candidate, and something beside it forbids that.
    Withheld {
        /// What.
        because: Withheld,
    },
    /// The wave has passed, and rests.
    Soak {
        /// Until then.
        until: Timestamp,
    },
    /// The wave hasn't enough scored devices.
    Evidence {
        /// In which wave, from 0.
        wave: usize,
        /// So many scored ...
        scored: u32,
        /// ... of so many at least, if no further one fails.
        needed: u32,
    },
    /// The wave has passed and rested, and is still compared with devices held back.
    Comparison {
        /// Which wave, from 0.
        wave: usize,
        /// So many pairs are in ...
        pairs: u32,
        /// ... of so many, at the signal that has fewest.
        planned: u32,
    },
    /// Members aren't settled: of a wave too small for the test; in the last wave, of all waves.
    Unsettled {
        /// In which wave, from 0.
        wave: usize,
        /// So many.
        devices: u32,
    },
    /// A person must answer first.
    Human {
        /// What.
        question: Question,
    },
    /// The device is fetching or installing the candidate.
    Installing {
        /// Since when.
        since: Timestamp,
    },
    /// The device tries the candidate.
    OnTrial {
        /// Its horizon.
        until: Timestamp,
    },
    /// The device runs the candidate.
    AlreadyRuns,
    /// The candidate failed on the device; it isn't offered to it again.
    Failed {
        /// How.
        cause: FailureCause,
    },
    /// The device refused the candidate. It is offered it again later, unless it had begun.
    Refused {
        /// The refusal's stable id.
        refusal: String,
    },
    /// The device never began in time; a later release reaches it.
    GaveUp {
        /// When it became unreached.
        at: Timestamp,
    },
    /// The device is back on its earlier release.
    Returned,
    /// The device should go back, and can't.
    CannotReturn {
        /// Why.
        why: CannotReturn,
    },
    /// The rollout is complete.
    Complete,
    /// The device's zone isn't in the time zone database.
    UnknownZone {
        /// As recorded.
        zone: String,
    },
}

impl Wait {
    /// Whether a device that is told this is at rest: nothing of the rollout comes to it any more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(
            self,
            Self::NotEnrolled
                | Self::Halted { .. }
                | Self::Withdrawn { .. }
                | Self::AlreadyRuns
                | Self::Failed { .. }
                | Self::GaveUp { .. }
                | Self::Returned
                | Self::CannotReturn { .. }
                | Self::Complete
        )
    }
}

/// What must be known of a rollout's devices to say why it waits.
pub(crate) trait Known {
    /// Whether any device hasn't begun.
    fn is_any_to_come(&self) -> bool;

    /// How many members of all waves aren't judged yet.
    fn unsettled(&self) -> u32;

    /// How many pairs of a wave are in, of how many, if its comparisons don't let the next one open yet.
    fn missing(&self, rollout: &Rollout, wave: usize, now: Timestamp) -> Option<(u32, u32)>;

    /// The test of a wave.
    fn test(&self, wave: usize) -> Sprt;

    /// How many members of a wave aren't judged yet.
    fn pending(&self, wave: usize) -> u32;
}

/// Devices that are all in memory, shown to a rollout at a moment.
struct InMemory<'a> {
    rollout: &'a Rollout,
    view: &'a FleetView,
    now: Timestamp,
}

impl Known for InMemory<'_> {
    fn is_any_to_come(&self) -> bool {
        let mut devices = self.view.devices.iter();
        devices.any(|device| device.progress.began().is_none())
    }

    fn unsettled(&self) -> u32 {
        wave::unsettled(self.rollout, self.view, self.now)
    }

    fn missing(&self, rollout: &Rollout, wave: usize, now: Timestamp) -> Option<(u32, u32)> {
        comparisons_missing(rollout, self.view, wave, now)
    }

    fn test(&self, wave: usize) -> Sprt {
        monitor::replay(self.rollout, self.view, wave, self.now)
    }

    fn pending(&self, wave: usize) -> u32 {
        Tally::of(self.rollout, self.view, wave, self.now).pending
    }
}

/// How many pairs are in, of how many, if a comparison of the wave is still open. The view needs to hold the wave's pairs, and nobody else.
pub(crate) fn comparisons_missing(
    rollout: &Rollout,
    view: &FleetView,
    wave: usize,
    now: Timestamp,
) -> Option<(u32, u32)> {
    let missing = soft::missing(rollout, view, wave, now);
    missing.or_else(|| excess::missing(rollout, view, wave, now))
}

/// Why the rollout isn't further, whose devices are all in memory.
pub(crate) fn of_rollout(rollout: &Rollout, view: &FleetView, now: Timestamp) -> Vec<Wait> {
    of(rollout, &InMemory { rollout, view, now }, now)
}

/// Why the rollout isn't further: that it is paused first. Never empty: a complete one says so.
pub(crate) fn of(rollout: &Rollout, known: &impl Known, now: Timestamp) -> Vec<Wait> {
    let paused = rollout.paused.as_ref().filter(|_| !rollout.is_over());
    let paused = paused.map(Paused::wait);
    let wait = match &rollout.phase {
        Phase::Halted { reason, .. } => Wait::Halted {
            reason: reason.clone(),
        },
        Phase::Complete { .. } => Wait::Complete,
        Phase::Withdrawn { who, why, .. } => Wait::Withdrawn {
            who: who.clone(),
            why: why.clone(),
        },
        Phase::AwaitsHuman { question, .. } => Wait::Human {
            question: question.clone(),
        },
        Phase::Rolling { .. } if rollout.is_starting() => Wait::Starting,
        Phase::Rolling { wave } if is_held(rollout, known, *wave) => {
            return paused.into_iter().chain(others_first(rollout)).collect();
        }
        Phase::Rolling { .. } if paused.is_some() => return paused.into_iter().collect(),
        Phase::Rolling { wave } => of_wave(rollout, known, *wave, now),
    };
    paused.into_iter().chain([wait]).collect()
}

/// Whether something is left to do that another class must come before: a wave to open, or members to promise something to.
fn is_held(rollout: &Rollout, known: &impl Known, wave: usize) -> bool {
    let is_last = wave::is_last(rollout, wave);
    !rollout.unmet.is_empty() && (!is_last || known.is_any_to_come())
}

fn others_first(rollout: &Rollout) -> impl Iterator<Item = Wait> {
    let unmet = rollout.unmet.iter().cloned();
    unmet.map(|unmet| Wait::Prerequisite { unmet })
}

fn of_wave(rollout: &Rollout, known: &impl Known, wave: usize, now: Timestamp) -> Wait {
    if wave::is_last(rollout, wave) {
        let devices = known.unsettled();
        return Wait::Unsettled { wave, devices };
    }
    let Some(until) = wave::rests_until(rollout, wave) else {
        return evidence(rollout, known, wave);
    };
    match known.missing(rollout, wave, now) {
        Some((pairs, planned)) if until <= now => Wait::Comparison {
            wave,
            pairs,
            planned,
        },
        _ => Wait::Soak { until },
    }
}

/// The evidence that is missing; in a wave too small for it, the members that are.
fn evidence(rollout: &Rollout, known: &impl Known, wave: usize) -> Wait {
    let sprt = known.test(wave);
    let scored = sprt.last().scored;
    let members = rollout.waves.get(wave).map_or(0, |state| state.members);
    match sprt
        .healthy_needed()
        .map(|more| scored.saturating_add(more))
    {
        Some(needed) if needed <= members => Wait::Evidence {
            wave,
            scored,
            needed,
        },
        _ => Wait::Unsettled {
            wave,
            devices: known.pending(wave),
        },
    }
}
