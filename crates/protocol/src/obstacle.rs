//! What kept a device that was willing from installing a release: numbers beside those of
//! `mainstay_trust::Refusal`, which stay below 200.

/// What stood in the way. A device reports it by [`Event::Refused`](crate::Event::Refused), under
/// [`Obstacle::code`], and tries the release again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// There was no room for the image.
    StorageFull,
    /// The slot or the device's own folder can't be written to.
    StorageReadOnly,
    /// The disk, or what the device keeps there, failed otherwise.
    StorageFailed,
    /// A hook said no.
    HookFailed,
    /// A hook didn't end in its time.
    HookTimedOut,
    /// The image has the right digest, and can't be used: not an archive, or a hostile one.
    ImageUnusable,
}

impl Obstacle {
    /// Every obstacle, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::StorageFull,
        Self::StorageReadOnly,
        Self::StorageFailed,
        Self::HookFailed,
        Self::HookTimedOut,
        Self::ImageUnusable,
    ];

    /// The stable number.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::StorageFull => 200,
            Self::StorageReadOnly => 201,
            Self::StorageFailed => 202,
            Self::HookFailed => 203,
            Self::HookTimedOut => 204,
            Self::ImageUnusable => 205,
        }
    }

    /// The obstacle with this number; none if this version doesn't know it.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|obstacle| obstacle.code() == code)
    }

    /// The stable name.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::StorageFull => "device.storage-full",
            Self::StorageReadOnly => "device.storage-read-only",
            Self::StorageFailed => "device.storage-failed",
            Self::HookFailed => "device.hook-failed",
            Self::HookTimedOut => "device.hook-timed-out",
            Self::ImageUnusable => "device.image-unusable",
        }
    }
}
