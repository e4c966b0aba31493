//! What can happen to a release on a device.

use mainstay_trust::Digest;
use minicbor::{Decode, Encode};

/// One thing that happened. `manifest` is always the release's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Event {
    /// The envelope was accepted, and the first byte of the image is about to be fetched. From here
    /// on the device counts in a rollout's statistics.
    #[n(0)]
    DownloadStarted {
        /// The release.
        #[cbor(n(0), with = "crate::wire::digest")]
        manifest: Digest,
    },
    /// The device said no.
    #[n(1)]
    Refused {
        /// The release that was offered, as far as it could be read.
        #[cbor(n(0), with = "crate::wire::digest")]
        manifest: Digest,
        /// The reason's number, `mainstay_trust::Refusal::code` or [`Obstacle::code`](crate::Obstacle::code).
        #[n(1)]
        refusal: u16,
    },
    /// The image is whole in its slot, its digest was checked there, and the slot may be booted.
    #[n(2)]
    Installed {
        /// The release.
        #[cbor(n(0), with = "crate::wire::digest")]
        manifest: Digest,
    },
    /// The new image runs, on trial.
    #[n(3)]
    TrialBooted {
        /// The release.
        #[cbor(n(0), with = "crate::wire::digest")]
        manifest: Digest,
    },
    /// The new image stayed healthy and is kept. Only this makes a device count as updated.
    #[n(4)]
    Confirmed {
        /// The release.
        #[cbor(n(0), with = "crate::wire::digest")]
        manifest: Digest,
    },
    /// The device gave the new image up and runs the confirmed one again.
    #[n(5)]
    Reverted {
        /// The release that was given up.
        #[cbor(n(0), with = "crate::wire::digest")]
        manifest: Digest,
        /// Why.
        #[n(1)]
        cause: RevertCause,
    },
    /// No image could be booted; the device only fetches and installs.
    #[n(6)]
    EnteredSafeMode,
    /// The power went away while something was under way.
    #[n(7)]
    PowerLost,
}

/// Why a device gave a new image up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RevertCause {
    /// Its self-test failed.
    #[n(0)]
    SelfTest,
    /// It didn't confirm before its deadline.
    #[n(1)]
    Watchdog,
    /// It used up its trial boots.
    #[n(2)]
    BootLimit,
    /// The bytes in its slot were no longer those that were accepted.
    #[n(3)]
    ImageInvalid,
}

impl Event {
    /// The stable name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DownloadStarted { .. } => "download-started",
            Self::Refused { .. } => "refused",
            Self::Installed { .. } => "installed",
            Self::TrialBooted { .. } => "trial-booted",
            Self::Confirmed { .. } => "confirmed",
            Self::Reverted { .. } => "reverted",
            Self::EnteredSafeMode => "entered-safe-mode",
            Self::PowerLost => "power-lost",
        }
    }

    /// The release it is about, if it is about one.
    #[must_use]
    pub fn manifest(&self) -> Option<Digest> {
        match self {
            Self::DownloadStarted { manifest }
            | Self::Refused { manifest, .. }
            | Self::Installed { manifest }
            | Self::TrialBooted { manifest }
            | Self::Confirmed { manifest }
            | Self::Reverted { manifest, .. } => Some(*manifest),
            Self::EnteredSafeMode | Self::PowerLost => None,
        }
    }
}

impl RevertCause {
    /// The stable name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::SelfTest => "self-test",
            Self::Watchdog => "watchdog",
            Self::BootLimit => "boot-limit",
            Self::ImageInvalid => "image-invalid",
        }
    }
}
