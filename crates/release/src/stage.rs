//! The stages of a release. Each carries the stage before it, so that no fact is ever optional.
//!
//! ```text
//! Draft -> Signed -> Gated -> Approved -> Scheduled -> Rolling -> Complete -> Superseded
//!                                                         |
//!                                                         +-> Halted -> RolledBack
//! any stage -> Revoked
//! ```
//!
//! One way leads back: a rollout that is withdrawn before a wave opened leaves its release `Approved`.
//!
//! Read [`Stage`].

use jiff::Timestamp;
use mainstay_access::Email;
use mainstay_plan::PlanDigest;
use mainstay_trust::Digest;
use serde::{Deserialize, Serialize};

pub use crate::history::Entry;
use crate::release::ReleaseId;
pub use crate::stage_name::StageName;

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
