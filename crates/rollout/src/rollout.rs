//! The rollout itself: its candidate, its rules, its waves, and where it stands.
//!
//! The value is what the store keeps. Only [`crate::starting`], [`crate::step()`], [`crate::halt::by_person`],
//! [`crate::withdrawal::by_person`], [`crate::question::answer`] and [`crate::pause`] make a changed one, and each change raises
//! `generation`, so that an offer made in a database transaction can prove that it was decided on the newest state.

use core::fmt;

use jiff::Timestamp;
use mainstay_fleet::ReleaseDigest;
use serde::{Deserialize, Serialize};

use crate::halt::HaltReason;
use crate::needs::{self, Unmet};
use crate::pause::{Pause, Paused};
use crate::question::Question;
use crate::rules::Rules;
use crate::sample::Enrolment;
use crate::starting::Starting;
use crate::wave::WaveState;

/// The number of a rollout, given by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RolloutId(pub i64);

impl fmt::Display for RolloutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The release that is carried out, as far as a rollout needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The release's identity: the digest of its manifest.
    pub release: ReleaseDigest,
    /// The version people call it by, such as `1.1.0`.
    pub version: String,
    /// The manifest's sequence number; devices only go up, but for a signed return.
    pub sequence: u64,
    /// The device class it is made for.
    pub class: String,
    /// The releases it may be rolled back to, as signed.
    pub returns_to: Vec<ReleaseDigest>,
    /// The size of what devices download; 0 where an earlier version didn't say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub image_bytes: u64,
}

fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

/// One release on its way through the waves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its number.
    pub id: RolloutId,
    /// What is rolled out.
    pub candidate: Candidate,
    /// The rules it started with.
    pub rules: Rules,
    /// The plan revision (hex digest of the plan file) that the rules come from.
    pub plan_revision: String,
    /// The seed of the sample and of the jitter, so that both can be replayed by an auditor.
    pub seed: u64,
    /// Raised by one at every change of this value, and never otherwise.
    pub generation: u64,
    /// Where it stands.
    pub phase: Phase,
    /// One state for each wave of the rules.
    pub waves: Vec<WaveState>,
    /// When it was started; before it [begins](crate::starting), when it was asked for.
    pub started_at: Timestamp,
    /// What is still to be done until it [begins](crate::starting); none once it has begun. What is taken back before stays so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting: Option<Starting>,
    /// What it waits for in other classes, as of the newest step that was told of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<Unmet>,
    /// Since when it waits for that, or is paused, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
    /// That a person paused it. One that is halted, or withdrawn, meanwhile stays as it was: what was stopped first stays stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// The pauses that are over, in their order: at most [`crate::pause::PAUSES_MAX`], the newest ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
}

/// Where a rollout stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum Phase {
    /// `wave` is the newest open one (or the one about to open); all earlier ones stay open too.
    Rolling {
        /// From 0.
        wave: usize,
    },
    /// As `Rolling`, but the next wave waits for a person's answer.
    AwaitsHuman {
        /// The newest open wave.
        wave: usize,
        /// What is asked.
        question: Question,
        /// Since when.
        since: Timestamp,
    },
    /// Stopped for good: no further device is offered the candidate, and those that run it go back.
    Halted {
        /// When.
        at: Timestamp,
        /// The wave that was open.
        wave: usize,
        /// Why, with the numbers.
        reason: HaltReason,
    },
    /// Every member of every wave is settled.
    Complete {
        /// When.
        at: Timestamp,
    },
    /// Somebody took it back before its first wave opened.
    Withdrawn {
        /// When.
        at: Timestamp,
        /// Who, by address.
        who: String,
        /// In their words.
        why: String,
    },
}

impl Rollout {
    /// A rollout that is about to open its first wave: the first [`crate::step()`] does.
    #[must_use]
    pub fn start(
        id: RolloutId,
        candidate: Candidate,
        rules: Rules,
        plan_revision: String,
        seed: u64,
        enrolments: &[Enrolment],
        now: Timestamp,
    ) -> Self {
        let waves = WaveState::for_enrolments(&rules.waves, enrolments);
        // Nothing is known yet, so nothing is met.
        let unmet = needs::unmet(&rules.prerequisites, &[]);
        Self {
            id,
            candidate,
            rules,
            plan_revision,
            seed,
            generation: 1,
            phase: Phase::Rolling { wave: 0 },
            waves,
            started_at: now,
            starting: None,
            unmet,
            held_since: None,
            paused: None,
            pauses: Vec::new(),
        }
    }

    /// The newest open wave, from 0; the last one once complete.
    #[must_use]
    pub fn current_wave(&self) -> usize {
        match &self.phase {
            Phase::Rolling { wave }
            | Phase::AwaitsHuman { wave, .. }
            | Phase::Halted { wave, .. } => *wave,
            Phase::Complete { .. } => self.waves.len().saturating_sub(1),
            Phase::Withdrawn { .. } => 0,
        }
    }

    /// The newest wave that has opened, from 0; none before the first has.
    #[must_use]
    pub fn newest_open_wave(&self) -> Option<usize> {
        self.waves.iter().rposition(|wave| wave.opened_at.is_some())
    }

    /// Whether nothing will change any more but devices going back.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.phase {
            Phase::Halted { .. } | Phase::Complete { .. } | Phase::Withdrawn { .. } => true,
            Phase::Rolling { .. } | Phase::AwaitsHuman { .. } => false,
        }
    }

    /// This value with its generation raised, if it differs from `earlier` in anything.
    #[must_use]
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        self.generation = earlier.generation;
        if self != *earlier {
            self.generation = earlier.generation.saturating_add(1);
        }
        self
    }
}
