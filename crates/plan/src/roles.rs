//! Who holds which duty, as the plan names them. Conflicts of duty are judged by the lint here and,
//! for real people at work, by the access crate. Read [`Roles`] first.

use serde::{Deserialize, Serialize};

use crate::names::Email;

/// The three duties that a release passes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Build and sign releases.
    pub engineers: Members,
    /// Approve them.
    pub release_managers: Members,
    /// Schedule, pause and abort their rollout.
    pub operations: Members,
}

impl Roles {
    /// Each duty with the name of its table in the plan.
    pub fn each(&self) -> [(&'static str, &Members); 3] {
        [
            ("engineer", &self.engineers),
            ("release-manager", &self.release_managers),
            ("operations", &self.operations),
        ]
    }
}

/// The people of one duty and those who stand in for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// The accountable people; never empty.
    pub people: Vec<Email>,
    /// Who stands in for them, with the same rights.
    pub deputies: Vec<Email>,
}

impl Members {
    /// People and deputies alike.
    pub fn all(&self) -> impl Iterator<Item = &Email> {
        self.people.iter().chain(&self.deputies)
    }

    /// How many different people may act.
    pub fn distinct(&self) -> usize {
        self.all().collect::<std::collections::BTreeSet<_>>().len()
    }
}
