//! Why a release may not move, each reason with its stable id and its cure.
//!
//! Read [`Refusal`].

use mainstay_access::{Denied, Email};
use mainstay_plan::TrackName;

use crate::release::ReleaseId;
use crate::stage::StageName;

/// Why a release may not move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The release isn't in the stage that the transition starts from.
    #[error("{release} is {is}, and only a release that is {needs} can be {becomes}")]
    WrongStage {
        /// The release.
        release: ReleaseId,
        /// Its stage.
        is: StageName,
        /// The stage that was needed.
        needs: StageName,
        /// The stage that was wanted.
        becomes: StageName,
    },
    /// The same person did an earlier step that must be somebody else's.
    #[error(
        "{who} is the one by whom {release} was {did}, and can't be the one by whom it is {becomes}"
    )]
    SamePerson {
        /// The release.
        release: ReleaseId,
        /// The person.
        who: Email,
        /// What the person did earlier.
        did: StageName,
        /// The stage that was wanted.
        becomes: StageName,
    },
    /// The person's duty doesn't include this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The plan names gates for this track, and there is no evidence that opens them.
    #[error("the {track} track names the gates {gates}, and no evidence opens them")]
    GateNoEvidence {
        /// The track.
        track: TrackName,
        /// The gates, separated by commas.
        gates: String,
    },
    /// The release belongs to another track than the one it was checked against.
    #[error("{release} is on the {is} track, and was checked against the {checked} track")]
    WrongTrack {
        /// The release.
        release: ReleaseId,
        /// The release's track.
        is: TrackName,
        /// The track it was checked against.
        checked: TrackName,
    },
    /// Only a newer release of the same class can take a release's place.
    #[error("{newer} can't supersede {release}: it isn't a newer release of the same class")]
    NotNewer {
        /// The release.
        release: ReleaseId,
        /// The one that should replace it.
        newer: ReleaseId,
    },
    /// It is revoked, and that is for good.
    #[error("{release} is revoked already")]
    AlreadyRevoked {
        /// The release.
        release: ReleaseId,
    },
    /// The facts of a draft contradict each other.
    #[error("{release} can't be drafted: {because}")]
    BadFacts {
        /// The release.
        release: ReleaseId,
        /// How.
        because: &'static str,
    },
}

impl Refusal {
    /// The stable id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::WrongStage { .. } => "release.wrong-stage",
            Self::SamePerson { .. } => "release.same-person",
            Self::Denied(denied) => denied.id(),
            Self::GateNoEvidence { .. } => "release.gate-no-evidence",
            Self::WrongTrack { .. } => "release.wrong-track",
            Self::NotNewer { .. } => "release.not-newer",
            Self::AlreadyRevoked { .. } => "release.already-revoked",
            Self::BadFacts { .. } => "release.bad-facts",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::WrongStage { needs, .. } => {
                format!("look at the release; it must be {needs} first, or a new one is needed")
            }
            Self::SamePerson { .. } => "ask somebody else who holds the duty".to_owned(),
            Self::Denied(denied) => denied.cure(),
            Self::GateNoEvidence { .. } => {
                "hand in the evidence, or use a track whose plan names no gates".to_owned()
            }
            Self::WrongTrack { is, .. } => format!("check it against the {is} track"),
            Self::NotNewer { .. } => {
                "name a release of the same class with a higher sequence".to_owned()
            }
            Self::AlreadyRevoked { .. } => {
                "nothing more to do; make a release that replaces it".to_owned()
            }
            Self::BadFacts { .. } => "pack the artifact again, then hand it in".to_owned(),
        }
    }
}
