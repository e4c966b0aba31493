//! The names of the stages: for machines, and in a sentence.

use core::fmt;

use serde::{Deserialize, Serialize};

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
