//! What a device was built with.

use mainstay_trust::BootloaderVersion;
use mainstay_trust::manifest::Uuid;

/// Facts and policies that never change while the device runs. `R` holds the bytes of the signed root
/// and of the device's name.
#[derive(Debug, Clone)]
pub struct Config<R> {
    /// The signed root that was put in at the factory.
    pub root: R,
    /// The device's own name, as the server knows it: decides on its place in a schedule's share.
    pub device_id: R,
    /// Whether the clock that the owner hands in may be believed about the time of day: one that a
    /// person or a battery vouches for, not the network.
    pub trusts_clock: bool,
    /// Whose device it is.
    pub vendor_id: Uuid,
    /// Its class, hardware group and environment.
    pub class_id: Uuid,
    /// Whether it starts images where they lie, in either slot, and so needs one for each: a release then has
    /// two, and one that has not is refused. Slot A is bank A.
    pub image_per_slot: bool,
    /// The boot loader's version.
    pub bootloader: BootloaderVersion,
    /// How a new image is tried out.
    pub trial: TrialPolicy,
    /// Bytes asked for at once: at least a write of the flash, and no more than fits the owner's memory.
    pub fetch_bytes: u32,
    /// Bytes written between two saved checkpoints of a download.
    pub checkpoint_bytes: u32,
    /// Milliseconds to wait after a check-in or a fetch that failed, before the first success doubles
    /// no more: see [`crate::machine::RETRIES_DOUBLED_MAX`].
    pub retry_ms: u64,
}

/// How a new image is tried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialPolicy {
    /// How many boots it gets.
    pub boots: u8,
    /// Milliseconds that it must stay healthy before it is kept.
    pub soak_ms: u64,
    /// Milliseconds after which it is given up if it isn't kept by then: the watchdog deadline.
    pub deadline_ms: u64,
    /// Milliseconds between two looks at its health.
    pub look_every_ms: u64,
}

impl TrialPolicy {
    /// The policy for a plan's `revert = { boots, confirm_within }`: the image must stay healthy for
    /// half of the time that it has, and is looked at ten times in it.
    #[must_use]
    pub fn within(boots: u8, confirm_within_ms: u64) -> Self {
        Self {
            boots,
            soak_ms: confirm_within_ms / 2,
            deadline_ms: confirm_within_ms,
            look_every_ms: (confirm_within_ms / 10).max(1),
        }
    }
}
