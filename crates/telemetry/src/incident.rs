//! What people work on after a halt. It opens itself, with what was known at that moment, and
//! closes only with a review (`closing.rs`).
//!
//! Read [`Incident`].

use core::fmt;

use jiff::Timestamp;
use mainstay_rollout::{CannotReturn, DeviceId, Evidence, ReleaseDigest, Rollout, RolloutId, why};
use serde::{Deserialize, Serialize};

use crate::review::{Entry, Reopens};

/// The number of an incident, given by the store. Shown as `INC-1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub i64);

impl IncidentId {
    /// Reads `INC-1`; none if that isn't what the text says.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number: i64 = text.strip_prefix("INC-")?.parse().ok()?;
        // One spelling only: what is shown leads back here.
        let id = Self(number);
        (number > 0 && id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INC-{}", self.0)
    }
}

/// A halted rollout, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// When it was opened: at the halt, or when an earlier one was opened anew.
    pub opened_at: Timestamp,
    /// The rollout.
    pub rollout: RolloutId,
    /// The release.
    pub release: ReleaseDigest,
    /// Its version.
    pub version: String,
    /// One sentence: what was halted and why.
    pub title: String,
    /// What happened, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// How many devices ran the release.
    pub affected: u32,
    /// The devices that can't go back, and why.
    pub cannot_return: Vec<(DeviceId, CannotReturn)>,
    /// What the failing devices share, as sentences, most telling first.
    pub shared: Vec<String>,
    /// The most telling of those, if it is hardly a coincidence
    /// ([`COINCIDENCE_PERCENT_MAX`]). A lead, not a cause.
    pub suspected: Option<String>,
    /// Everything that was known at the halt.
    pub evidence: Evidence,
    /// The numbers of the plans that were in force when the incidents opened that this one takes up
    /// again, oldest first, and then when it opened itself; the store adds the last. Clocks jump,
    /// numbers don't. Empty if an older version opened it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<i64>,
    /// The closed incident that this one takes up again, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopens: Option<Reopens>,
    /// What people did, oldest first. It only grows: what was written over stays readable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Entry>,
}

/// One line of an incident's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// What, as a sentence without its full stop.
    pub what: String,
}

/// A shared trait is suspected when chance alone would give it at most so often: the customary
/// one in twenty.
pub const COINCIDENCE_PERCENT_MAX: u32 = 5;

impl Incident {
    /// The incident of a halt. The store gives the number.
    #[must_use]
    pub fn open(id: IncidentId, rollout: &Rollout, evidence: Evidence) -> Self {
        let telling = evidence
            .common
            .iter()
            .find(|common| common.coincidence_percent() <= COINCIDENCE_PERCENT_MAX);
        Self {
            id,
            opened_at: evidence.at,
            rollout: evidence.rollout,
            release: evidence.release,
            version: evidence.version.clone(),
            title: title(rollout, &evidence),
            timeline: timeline(rollout, &evidence),
            affected: evidence.ran,
            cannot_return: evidence.cannot_return.clone(),
            shared: evidence.common.iter().map(why::shared).collect(),
            suspected: telling.map(why::shared),
            evidence,
            plans: Vec::new(),
            reopens: None,
            log: Vec::new(),
        }
    }
}

fn title(rollout: &Rollout, evidence: &Evidence) -> String {
    let reason = why::halted(rollout, &evidence.reason);
    format!("{} was halted: {reason}", evidence.version)
}

fn timeline(rollout: &Rollout, evidence: &Evidence) -> Vec<TimelineEntry> {
    let opened = rollout.waves.iter().filter_map(|state| {
        let what = format!("the {} wave opened", state.wave);
        state.opened_at.map(|at| TimelineEntry { at, what })
    });
    let failed = evidence.first_failures.iter().map(|f| TimelineEntry {
        at: f.at,
        what: format!(
            "{} (hardware {}) {}",
            f.device,
            f.hardware,
            f.cause.phrase()
        ),
    });
    let halted = TimelineEntry {
        at: evidence.at,
        what: title(rollout, evidence),
    };
    let mut entries: Vec<_> = opened.chain(failed).collect();
    entries.sort_by_key(|entry| entry.at);
    entries.push(halted);
    entries
}
