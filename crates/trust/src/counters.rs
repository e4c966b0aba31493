//! What a device remembers from one document to the next, and when it is written down.
//!
//! | when | what moves | before or after |
//! |---|---|---|
//! | a root is accepted | the time; begun anew if the status or the revocation role has a new epoch | before the root is used |
//! | revocations are accepted | the time | before they are used |
//! | an installation begins | the status number, the time | before the first erase |
//! | a release is confirmed | its sequence number, its security floor | after the confirmed boot |
//!
//! Nothing else moves them; a bundle moves none. Each can only rise, within its epoch.

use crate::admission::Admitted;
use crate::mark::Mark;
use crate::revocations::Revocations;
use crate::root::{Role, Root};
use crate::verify::Verified;

/// The counters of one device. The default is a device that has seen nothing.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Counters {
    /// The newest status that it installed by.
    pub status: Mark,
    /// The confirmed release.
    pub confirmed: Mark,
    /// The highest security floor of the releases that it has confirmed.
    pub floor: Mark,
    /// The newest authenticated moment, in Unix seconds: its time never runs below this.
    pub time: u64,
}

impl Counters {
    /// A new root was accepted. A stolen status or revocation key may have signed a moment far ahead,
    /// which would let everything seem expired for ever; so with a new epoch of either role the time
    /// begins anew with the word of the root's keepers.
    pub fn root_accepted(&mut self, before: &Verified<Root<'_>>, after: &Verified<Root<'_>>) {
        let raised = [Role::Status, Role::Revocation].into_iter().any(|role| {
            let epoch = |root: &Verified<Root<'_>>| root.get().role(role).epoch;
            epoch(after) > epoch(before)
        });
        let issued = after.get().issued;
        self.time = if raised {
            issued
        } else {
            self.time.max(issued)
        };
    }

    /// New revocations were accepted.
    pub fn revocations_accepted(&mut self, revocations: &Verified<Revocations<'_>>) {
        self.time = self.time.max(revocations.get().issued);
    }

    /// An installation begins.
    pub fn install_began(&mut self, admitted: &Admitted) {
        self.status = self.status.max(admitted.status());
        self.time = self.time.max(admitted.time());
    }

    /// A release was confirmed: its marks, as they were when it was admitted.
    pub fn release_confirmed(&mut self, release: Mark, floor: Mark) {
        self.confirmed = release;
        self.floor = self.floor.max(floor);
    }
}
