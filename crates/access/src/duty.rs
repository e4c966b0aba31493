//! The three duties, and a person who has one of them.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::email::Email;

/// One of the three duties that must never meet in one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Builds and signs.
    Engineer,
    /// Approves.
    ReleaseManager,
    /// Schedules and rolls out.
    Operations,
}

impl Duty {
    /// All three, in the order in which a release meets them.
    pub const ALL: [Self; 3] = [Self::Engineer, Self::ReleaseManager, Self::Operations];

    /// The stable id, as the plan writes it: "engineer", "release-manager", "operations".
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Engineer => "engineer",
            Self::ReleaseManager => "release-manager",
            Self::Operations => "operations",
        }
    }

    /// The duty of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|duty| duty.id() == id)
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// A person with their duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub email: Email,
    /// What for.
    pub duty: Duty,
}
