//! What the core needs of a flash memory: NOR, erased by pages.

use core::fmt;

use mainstay_protocol::InstallFailure;

/// A region of NOR flash. Addresses count from its start.
///
/// Erasing sets every bit of a page; writing can only clear bits. Both may be interrupted at any
/// point by a power cut, after which nothing is returned to anybody.
///
/// Reading takes `&self`, so that a document can be read where it lies while its signatures are checked: a
/// part behind a bus keeps its bus in a cell.
pub trait Flash {
    /// Bytes of the region, lent: a slice of it where the processor sees the part in its address space,
    /// else a copy.
    type View<'f>: AsRef<[u8]>
    where
        Self: 'f;

    /// Lends `length` bytes from `address`: no more than the largest document that a device keeps.
    ///
    /// # Errors
    /// If the range isn't in the region, or the part fails.
    fn view(&self, address: u32, length: u32) -> Result<Self::View<'_>, FlashError>;

    /// Reads `buffer.len()` bytes from `address`.
    ///
    /// # Errors
    /// If the range isn't in the region, or the part fails.
    fn read(&self, address: u32, buffer: &mut [u8]) -> Result<(), FlashError>;

    /// Writes `bytes` to `address`, both multiples of the layout's write size, onto erased bytes.
    ///
    /// # Errors
    /// If the range isn't in the region, isn't aligned or isn't erased, or the part fails.
    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashError>;

    /// Erases the page that starts at `address`.
    ///
    /// # Errors
    /// If no page starts there, or the part fails.
    fn erase_page(&mut self, address: u32) -> Result<(), FlashError>;
}

/// Why flash did not do what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashError {
    /// The range isn't within the region.
    OutOfRange,
    /// An address or a length isn't a multiple of the write or page size.
    Misaligned,
    /// The bytes to be written aren't erased.
    NotErased,
    /// The power went away during the operation.
    PowerLost,
    /// The part reported a failure.
    Failed,
    /// There is no room left: of a storage that others use too.
    Full,
    /// It may not be written to: of a storage that others guard.
    ReadOnly,
    /// Something else of the owner's stands in the way: a hook, say, or an image that can't be unpacked.
    Hindered(InstallFailure),
}

impl FlashError {
    /// Whether it would happen again: the part or its guard refuses, and not only the power went away.
    #[must_use]
    pub fn is_for_good(self) -> bool {
        self != Self::PowerLost
    }

    /// What becomes of an installation by it; none if the power went away, which isn't for good.
    #[must_use]
    pub fn as_failure(self) -> Option<InstallFailure> {
        match self {
            Self::PowerLost => None,
            Self::Full => Some(InstallFailure::StorageFull),
            Self::ReadOnly => Some(InstallFailure::StorageReadOnly),
            Self::Hindered(failure) => Some(failure),
            Self::OutOfRange | Self::Misaligned | Self::NotErased | Self::Failed => {
                Some(InstallFailure::StorageFailed)
            }
        }
    }

    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::OutOfRange => "flash.out-of-range",
            Self::Misaligned => "flash.misaligned",
            Self::NotErased => "flash.not-erased",
            Self::PowerLost => "flash.power-lost",
            Self::Failed => "flash.failed",
            Self::Full => "flash.full",
            Self::ReadOnly => "flash.read-only",
            Self::Hindered(failure) => failure.id(),
        }
    }
}

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfRange => "the range isn't within the flash region",
            Self::Misaligned => "the address or length isn't aligned",
            Self::NotErased => "the bytes to be written aren't erased",
            Self::PowerLost => "the power went away",
            Self::Failed => "the flash part failed",
            Self::Full => "there is no room left",
            Self::ReadOnly => "it may not be written to",
            Self::Hindered(failure) => failure.id(),
        })
    }
}

impl core::error::Error for FlashError {}
