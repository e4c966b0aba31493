//! How far a counter has come: a number that only rises, within an epoch.
//!
//! A thief who signs the highest number there is would leave nothing above it. So numbers are
//! compared within the epoch of the role that gave them: raising a role's epoch in a new root makes
//! every number of the old epoch lie below every number of the new one, and the theft dies with it.

use crate::root::{Role, Root};

/// A number within an epoch. Ordered by epoch first.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Default)]
pub struct Mark {
    /// The epoch of the role, or roles, that gave the number.
    pub epoch: u32,
    /// The number.
    pub number: u64,
}

impl Mark {
    /// The mark of a status number under `root`.
    pub fn of_status(root: &Root<'_>, seq: u64) -> Mark {
        Mark {
            epoch: root.role(Role::Status).epoch,
            number: seq,
        }
    }

    /// The mark of a release's sequence number, or of a security floor, under `root`. It takes both
    /// roles to make a release, so the epoch is the sum of theirs: it rises when either does.
    pub fn of_release(root: &Root<'_>, number: u64) -> Mark {
        let epoch = |role| root.role(role).epoch;
        Mark {
            epoch: epoch(Role::Build).saturating_add(epoch(Role::Release)),
            number,
        }
    }
}
