//! The stages of a release. Each carries the stage before it, so that no fact is ever optional.
//!
//! ```text
//! Draft -> Signed -> Gated -> Approved -> Scheduled -> Rolling -> Complete -> Superseded
//!                                                         |
//!                                                         +-> Halted -> RolledBack
//! any stage -> Revoked
//! ```
//!
//! Read [`Stage`].

use core::fmt;

use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_plan::PlanDigest;
use mainstay_trust::Digest;
use serde::{Deserialize, Serialize};

use crate::release::ReleaseId;

/// Where a release stands, with the facts of how it came there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub enum Stage {
    /// Built and handed in.
    Draft(Drafted),
    /// Its build signature was verified.
    Signed(Signed),
    /// The track's gates are open.
    Gated(Gated),
    /// A release manager's approval was verified.
    Approved(Approved),
    /// Operations gave it a rollout.
    Scheduled(Scheduled),
    /// The rollout has started.
    Rolling(Rolling),
    /// The rollout has completed.
    Complete(Complete),
    /// The rollout was halted.
    Halted(Halted),
    /// Every device that could go back has done so.
    RolledBack(RolledBack),
    /// A newer release has taken its place.
    Superseded(Superseded),
    /// It was withdrawn for good.
    Revoked(Revoked),
}

/// Who handed it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafted {
    /// The engineer.
    pub by: Email,
    /// When.
    pub at: Timestamp,
}

/// Whose build signature it bears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The draft.
    pub drafted: Drafted,
    /// The holder of the build key.
    pub by: Email,
    /// When that was verified.
    pub at: Timestamp,
}

/// What opened the gates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gated {
    /// The signature.
    pub signed: Signed,
    /// Why they opened.
    pub fact: GateFact,
    /// The digest of the evidence set, which an approval names.
    pub evidence: Digest,
    /// When they opened.
    pub at: Timestamp,
}

/// Why the gates opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateFact {
    /// The plan names no gate for this track.
    PlanNamesNone,
}

/// Who approved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// The gates.
    pub gated: Gated,
    /// The release manager.
    pub by: Email,
    /// When.
    pub at: Timestamp,
    /// The plan revision that the approval names.
    pub plan_revision: PlanDigest,
}

/// Who gave it a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// The approval.
    pub approved: Approved,
    /// The operator.
    pub by: Email,
    /// When.
    pub at: Timestamp,
    /// The rollout's number.
    pub rollout: i64,
}

/// That its rollout has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rolling {
    /// The schedule.
    pub scheduled: Scheduled,
    /// When it started.
    pub at: Timestamp,
}

/// That its rollout has completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complete {
    /// The rollout.
    pub rolling: Rolling,
    /// When.
    pub at: Timestamp,
}

/// That its rollout was halted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halted {
    /// The rollout.
    pub rolling: Rolling,
    /// When.
    pub at: Timestamp,
    /// Why, as a sentence.
    pub reason: String,
}

/// That every device that could has gone back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBack {
    /// The halt.
    pub halted: Halted,
    /// When the last one was back.
    pub at: Timestamp,
}

/// That a newer release has taken its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Superseded {
    /// What it had come to.
    pub complete: Complete,
    /// The newer release.
    pub newer: ReleaseId,
    /// When.
    pub at: Timestamp,
}

/// That it was withdrawn for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// What it had come to.
    pub before: Box<Stage>,
    /// When this server learnt of it.
    pub at: Timestamp,
    /// By what, as a clause.
    pub because: String,
}

/// The stages by name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    /// [`Stage::Draft`].
    Draft,
    /// [`Stage::Signed`].
    Signed,
    /// [`Stage::Gated`].
    Gated,
    /// [`Stage::Approved`].
    Approved,
    /// [`Stage::Scheduled`].
    Scheduled,
    /// [`Stage::Rolling`].
    Rolling,
    /// [`Stage::Complete`].
    Complete,
    /// [`Stage::Halted`].
    Halted,
    /// [`Stage::RolledBack`].
    RolledBack,
    /// [`Stage::Superseded`].
    Superseded,
    /// [`Stage::Revoked`].
    Revoked,
}

/// One line of a release's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// The stage it entered.
    pub stage: StageName,
    /// Who brought it there; nobody if the rollout did.
    pub by: Option<&'a Email>,
    /// When.
    pub at: Timestamp,
}

impl StageName {
    /// The stable id, such as `rolled-back`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Signed => "signed",
            Self::Gated => "gated",
            Self::Approved => "approved",
            Self::Scheduled => "scheduled",
            Self::Rolling => "rolling",
            Self::Complete => "complete",
            Self::Halted => "halted",
            Self::RolledBack => "rolled-back",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
        }
    }

    /// As the end of "the release is ...".
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Draft => "drafted",
            Self::Gated => "through its gates",
            Self::RolledBack => "rolled back",
            other => other.id(),
        }
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

impl Stage {
    /// The stage by name alone.
    #[must_use]
    pub fn name(&self) -> StageName {
        match self {
            Self::Draft(_) => StageName::Draft,
            Self::Signed(_) => StageName::Signed,
            Self::Gated(_) => StageName::Gated,
            Self::Approved(_) => StageName::Approved,
            Self::Scheduled(_) => StageName::Scheduled,
            Self::Rolling(_) => StageName::Rolling,
            Self::Complete(_) => StageName::Complete,
            Self::Halted(_) => StageName::Halted,
            Self::RolledBack(_) => StageName::RolledBack,
            Self::Superseded(_) => StageName::Superseded,
            Self::Revoked(_) => StageName::Revoked,
        }
    }

    /// The draft's facts, which every stage carries.
    #[must_use]
    pub fn drafted(&self) -> &Drafted {
        match self {
            Self::Draft(drafted) => drafted,
            Self::Revoked(revoked) => revoked.before.drafted(),
            later => {
                &later
                    .signed()
                    .expect("every stage after the draft carries a signature")
                    .drafted
            }
        }
    }

    /// The build signature's facts, once signed.
    #[must_use]
    pub fn signed(&self) -> Option<&Signed> {
        match self {
            Self::Signed(signed) => Some(signed),
            Self::Revoked(revoked) => revoked.before.signed(),
            later => later.gated().map(|gated| &gated.signed),
        }
    }

    /// The gates' facts, once open.
    #[must_use]
    pub fn gated(&self) -> Option<&Gated> {
        match self {
            Self::Gated(gated) => Some(gated),
            Self::Revoked(revoked) => revoked.before.gated(),
            later => later.approved().map(|approved| &approved.gated),
        }
    }

    /// The approval's facts, once approved.
    #[must_use]
    pub fn approved(&self) -> Option<&Approved> {
        match self {
            Self::Approved(approved) => Some(approved),
            Self::Revoked(revoked) => revoked.before.approved(),
            later => later.scheduled().map(|scheduled| &scheduled.approved),
        }
    }

    /// The schedule's facts, once scheduled.
    #[must_use]
    pub fn scheduled(&self) -> Option<&Scheduled> {
        match self {
            Self::Scheduled(scheduled) => Some(scheduled),
            Self::Revoked(revoked) => revoked.before.scheduled(),
            later => later.rolling().map(|rolling| &rolling.scheduled),
        }
    }

    /// The rollout's start, once it rolls.
    #[must_use]
    pub fn rolling(&self) -> Option<&Rolling> {
        match self {
            Self::Rolling(rolling) => Some(rolling),
            Self::Complete(complete) => Some(&complete.rolling),
            Self::Halted(halted) => Some(&halted.rolling),
            Self::RolledBack(back) => Some(&back.halted.rolling),
            Self::Superseded(superseded) => Some(&superseded.complete.rolling),
            Self::Revoked(revoked) => revoked.before.rolling(),
            Self::Draft(_)
            | Self::Signed(_)
            | Self::Gated(_)
            | Self::Approved(_)
            | Self::Scheduled(_) => None,
        }
    }
}

impl Stage {
    /// Every stage the release has been in, oldest first, for a page's timeline.
    #[must_use]
    pub fn history(&self) -> Vec<Entry<'_>> {
        let mut entries = vec![entry(
            StageName::Draft,
            &self.drafted().by,
            self.drafted().at,
        )];
        let signed = self.signed().map(|s| entry(StageName::Signed, &s.by, s.at));
        let gated = self.gated().map(|g| Entry::of(StageName::Gated, g.at));
        let approved = self
            .approved()
            .map(|a| entry(StageName::Approved, &a.by, a.at));
        let scheduled = self
            .scheduled()
            .map(|s| entry(StageName::Scheduled, &s.by, s.at));
        let rolling = self.rolling().map(|r| Entry::of(StageName::Rolling, r.at));
        entries.extend(
            [signed, gated, approved, scheduled, rolling]
                .into_iter()
                .flatten(),
        );
        entries.extend(self.outcome());
        entries
    }

    /// What came of the rollout, oldest first.
    fn outcome(&self) -> Vec<Entry<'_>> {
        match self {
            Self::Complete(complete) => vec![Entry::of(StageName::Complete, complete.at)],
            Self::Halted(halted) => vec![Entry::of(StageName::Halted, halted.at)],
            Self::RolledBack(back) => vec![
                Entry::of(StageName::Halted, back.halted.at),
                Entry::of(StageName::RolledBack, back.at),
            ],
            Self::Superseded(superseded) => vec![
                Entry::of(StageName::Complete, superseded.complete.at),
                Entry::of(StageName::Superseded, superseded.at),
            ],
            Self::Revoked(revoked) => {
                let mut before = revoked.before.outcome();
                before.push(Entry::of(StageName::Revoked, revoked.at));
                before
            }
            _ => Vec::new(),
        }
    }
}

impl Entry<'_> {
    fn of(stage: StageName, at: Timestamp) -> Self {
        Self {
            stage,
            by: None,
            at,
        }
    }
}

fn entry(stage: StageName, by: &Email, at: Timestamp) -> Entry<'_> {
    let by = Some(by);
    Entry { stage, by, at }
}
