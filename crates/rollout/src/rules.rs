//! What the plan says about one rollout, copied when the rollout starts.
//!
//! A running rollout keeps the rules it started with, whatever happens to the plan. Read [`Rules`].

use jiff::SignedDuration;
use mainstay_plan as plan;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::needs;
use crate::rollout::Candidate;

/// The rules of one rollout: a copy of what its plan revision said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The waves of the release's track, in order; the first is the canary.
    pub waves: Vec<plan::Wave>,
    /// How large the canary is, and how many of each hardware revision it must hold.
    pub canary: plan::Canary,
    /// When devices may begin to install, in their own zone.
    pub window: plan::Window,
    /// The days on which none may.
    pub blackout: Vec<plan::Blackout>,
    /// How many may download at once.
    pub limits: plan::Limits,
    /// Over how long the devices of one window are spread.
    pub jitter: SignedDuration,
    /// A device that hasn't begun this long after its wave opened is unreached.
    pub give_up_after: SignedDuration,
    /// How often devices ask; silence is measured in it.
    pub poll: SignedDuration,
    /// How long a wave rests between being accepted and the next one opening.
    pub soak: SignedDuration,
    /// The declared failure rates and error rates, and the horizon of health.
    pub install: plan::HardFailure,
    /// What stops the rollout at once.
    pub tripwire: plan::Tripwire,
    /// The signals that are compared with devices held back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub soft: Vec<plan::SoftSignal>,
    /// What a device runs at least before it gets the release, the lowest version first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stones: Vec<Version>,
    /// What other classes run at least before anybody gets it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prerequisites: Vec<plan::Prerequisite>,
    /// Whether a person opens each wave but the first, beside all that must speak for it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub is_promoted_by_person: bool,
}

impl Rules {
    /// How many percent of the devices outside the canary the waves reach; none if that is all of them.
    #[must_use]
    pub fn ends_at_percent(&self) -> Option<u8> {
        match self.waves.last() {
            Some(plan::Wave::Percent(100)) => None,
            Some(plan::Wave::Percent(share)) => Some(*share),
            Some(plan::Wave::Canary) | None => Some(0),
        }
    }

    /// Why a device that is eligible isn't in a rollout by these rules, as the end of "because ...".
    pub(crate) fn left_out(&self) -> String {
        let late = "it wasn't eligible when that started".to_owned();
        match self.ends_at_percent() {
            None => late,
            Some(0) => format!("that is for a canary, and it wasn't drawn for that, or {late}"),
            Some(share) => format!(
                "its waves end at {share} % of the devices, and it isn't one of them, or {late}"
            ),
        }
    }

    /// How the plan's alpha is shared in this rollout.
    #[must_use]
    pub fn shares(&self) -> plan::Shares {
        self.install.shares(&self.soft, self.waves.len())
    }

    /// The test on hard failures, with its share of alpha.
    #[must_use]
    pub fn test(&self) -> plan::HardTest {
        self.install.test(&self.soft, self.waves.len())
    }

    /// The rules that `plan` sets for releases on `track`, without what their class asks for ([`Self::with_needs`]).
    #[must_use]
    pub fn new(plan: &plan::Plan, track: &plan::Track) -> Self {
        Self {
            waves: track.waves.clone(),
            canary: plan.rollout.canary.clone(),
            window: plan.rollout.window.clone(),
            blackout: plan.rollout.blackout.clone(),
            limits: plan.rollout.limits.clone(),
            jitter: plan.rollout.jitter,
            give_up_after: plan.rollout.give_up_after,
            poll: plan.rollout.poll,
            soak: track.soak,
            install: plan.health.install.clone(),
            tripwire: plan.health.tripwire.clone(),
            soft: plan.health.soft.clone(),
            stones: Vec::new(),
            prerequisites: Vec::new(),
            is_promoted_by_person: false,
        }
    }

    /// The same, with what `class` says that must come before `candidate`, and whether a person opens its waves.
    #[must_use]
    pub fn with_needs(self, class: &plan::Class, candidate: &Candidate) -> Self {
        Self {
            stones: needs::stones(class, candidate),
            prerequisites: needs::prerequisites(class, candidate),
            is_promoted_by_person: class.is_safety_relevant,
            ..self
        }
    }
}
