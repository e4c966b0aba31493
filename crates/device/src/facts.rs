//! What a device says of itself, to its owner: nothing here changes anything.

use mainstay_protocol::{BootReason, HeldRevocations};
use mainstay_trust::{Digest, Refusal};

use crate::device::Device;
use crate::record::Record;
use crate::slot::Slot;
use crate::state::Phase;
use crate::want::Fetching;

impl<S, P, R> Device<S, P, R> {
    /// The version of the root that counts; 0 if none can be opened.
    #[must_use]
    pub fn root_version(&self) -> u32 {
        self.standing.root_version
    }

    /// The revocations that count; none if there are none yet under its root.
    #[must_use]
    pub fn revocations(&self) -> Option<HeldRevocations> {
        self.standing.revocations
    }

    /// Which bytes of the admitted payload come next, whatever else is wanted: for owners that are handed an
    /// image. None if no release is being installed.
    #[must_use]
    pub fn fetching(&self) -> Option<Fetching> {
        let Phase::Fetching {
            admitted, written, ..
        } = self.state.phase
        else {
            return None;
        };
        Some(Fetching {
            payload: admitted.payload_digest(),
            offset: admitted.payload_offset().saturating_add(written),
            left: admitted.image_bytes().saturating_sub(written),
        })
    }

    /// The newest refusal since the start; none if nothing was refused.
    #[must_use]
    pub fn last_refusal(&self) -> Option<Refusal> {
        self.state.refused.map(|(_, refusal)| refusal)
    }

    /// Whether an installation is under way that has not been restarted into.
    #[must_use]
    pub fn is_installing(&self) -> bool {
        matches!(self.state.phase, Phase::Fetching { .. }) || self.state.is_restarting_into_trial()
    }

    /// The slot that runs; none in safe mode.
    #[must_use]
    pub fn running_slot(&self) -> Option<Slot> {
        self.booted.slot
    }

    /// What it hashes and checks with.
    pub fn primitives(&self) -> &P {
        &self.primitives
    }

    /// Why it runs what it runs.
    #[must_use]
    pub fn boot_reason(&self) -> BootReason {
        self.booted.reason
    }

    /// The digest of the running image; none in safe mode.
    #[must_use]
    pub fn running_image(&self) -> Option<Digest> {
        self.image
    }

    /// The identity of the running release; none in safe mode.
    #[must_use]
    pub fn running_release(&self) -> Option<Digest> {
        self.state.running.map(|release| release.manifest)
    }

    /// Whether the running image is on trial.
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        self.state.watch.is_some()
    }

    /// What survives a power cut.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.state.record
    }
}
