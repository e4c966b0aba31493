//! The next revocations, from the ones before: what was withdrawn stays withdrawn, and more is added.
//!
//! What revocations may say is `trust`'s business; a draft that it refuses is never written. Read
//! [`RevocationsDraft`] first.

use std::collections::BTreeMap;

use mainstay_trust::manifest::Uuid;
use mainstay_trust::{Digest, KeyId, List, Minimum, Refusal, Revocations};

use crate::blocks::BlockError;
use crate::document_file;
use crate::identity::uuid_text;

/// Revocations before they are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationsDraft {
    /// The epoch of role revocation in the root in force.
    pub epoch: u32,
    /// From 1, one more each time.
    pub seq: u64,
    /// When it was made, in Unix seconds.
    pub issued: u64,
    /// When the next one must be there, in Unix seconds.
    pub next_update: u64,
    /// Keys whose signatures refuse what they stand on.
    pub keys: Vec<KeyId>,
    /// Releases that aren't installed any more, by manifest digest.
    pub releases: Vec<Digest>,
    /// The least sequence number of a class, by class id.
    pub minimums: BTreeMap<Uuid, u64>,
}

/// Why something can't be withdrawn like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawError {
    /// A minimum never falls: what lies between would be installed again.
    #[error("the class {} has the minimum {has} already, which {asked} would lower", uuid_text(.class))]
    MinimumFalls {
        /// The class id.
        class: Uuid,
        /// The minimum that it has.
        has: u64,
        /// The one asked for.
        asked: u64,
    },
    /// What `trust` would refuse.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

impl WithdrawError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::MinimumFalls { .. } => "revocations.minimum-falls",
            Self::Refused(refusal) => refusal.id(),
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::MinimumFalls { .. } => "Name a minimum above the one that is set.",
            Self::Refused(refusal) => refusal.cure(),
        }
    }
}

impl RevocationsDraft {
    /// The first document of an epoch: nothing is withdrawn yet.
    pub fn first(epoch: u32, issued: u64, next_update: u64) -> Self {
        Self {
            epoch,
            seq: 1,
            issued,
            next_update,
            keys: Vec::new(),
            releases: Vec::new(),
            minimums: BTreeMap::new(),
        }
    }

    /// The draft that is written as `revocations`, byte for byte.
    pub fn of(revocations: &Revocations<'_>) -> Self {
        let minimums = revocations.minimums.iter();
        Self {
            epoch: revocations.epoch,
            seq: revocations.seq,
            issued: revocations.issued,
            next_update: revocations.next_update,
            keys: revocations.keys.iter().collect(),
            releases: revocations.releases.iter().collect(),
            minimums: minimums
                .map(|entry| (entry.class, entry.sequence))
                .collect(),
        }
    }

    /// The document after this one, in the root's epoch; a new epoch counts from 1.
    ///
    /// # Errors
    /// [`Refusal::RevocationsReplayed`] after the highest number there is.
    pub fn next(self, epoch: u32) -> Result<Self, WithdrawError> {
        let seq = match epoch == self.epoch {
            true => self
                .seq
                .checked_add(1)
                .ok_or(Refusal::RevocationsReplayed)?,
            false => 1,
        };
        Ok(Self { epoch, seq, ..self })
    }

    /// Withdraws a key.
    pub fn revoke_key(&mut self, key: KeyId) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    /// Withdraws a release.
    pub fn revoke_release(&mut self, release: Digest) {
        if !self.releases.contains(&release) {
            self.releases.push(release);
        }
    }

    /// Sets the least sequence number that a class installs.
    ///
    /// # Errors
    /// If it would lie below the one that is set.
    pub fn set_minimum(&mut self, class: Uuid, sequence: u64) -> Result<(), WithdrawError> {
        match self.minimums.get(&class) {
            Some(&has) if sequence < has => Err(WithdrawError::MinimumFalls {
                class,
                has,
                asked: sequence,
            }),
            _ => {
                self.minimums.insert(class, sequence);
                Ok(())
            }
        }
    }

    /// The document without signatures, if `trust` finds nothing wrong with its content.
    ///
    /// # Errors
    /// What `trust` would refuse, such as more than it takes.
    pub fn unsigned(&self) -> Result<Vec<u8>, BlockError> {
        let minimums: Vec<_> = self
            .minimums
            .iter()
            .map(|(&class, &sequence)| Minimum { class, sequence })
            .collect();
        document_file::unsigned(&Revocations {
            digest: Digest::ZERO,
            epoch: self.epoch,
            seq: self.seq,
            issued: self.issued,
            next_update: self.next_update,
            keys: List::from(&self.keys[..]),
            releases: List::from(&self.releases[..]),
            minimums: List::from(&minimums[..]),
        })
    }
}
