//! What a device keeps, whatever it keeps it in: its record, its papers, and two slots.
//!
//! On a microcontroller that is one region of flash ([`crate::OnFlash`]); under an operating system,
//! files and partitions. Read [`Storage`].

use mainstay_trust::{DigestAlgorithm, Image, Primitives};

use crate::flash::FlashError;
use crate::papers::Paper;
use crate::record::Record;
use crate::slot::{Head, Slot};

/// Where a device keeps what must outlive a power cut.
///
/// Whatever returns has happened for good: a power cut right after it finds it done, one within it finds
/// all of it or nothing, an image excepted, of which only the bytes before the last checkpoint count.
pub trait Storage {
    /// A document, lent where it lies, or copied from there.
    type View<'s>: AsRef<[u8]>
    where
        Self: 's;

    /// How much fits, and in which pieces it is written.
    fn grain(&self) -> Grain;

    /// The newest record; none on a device that has none.
    ///
    /// # Errors
    /// If the storage fails.
    fn record(&self) -> Result<Option<Record>, FlashError>;

    /// Saves a record as the newest one, its number raised.
    ///
    /// # Errors
    /// If the storage fails; the record saved before is still there then.
    fn save_record(&mut self, record: &mut Record) -> Result<(), FlashError>;

    /// The newest paper of a kind; none if none was taken since the factory.
    ///
    /// # Errors
    /// If the storage fails.
    fn paper(&self, paper: Paper) -> Result<Option<Self::View<'_>>, FlashError>;

    /// Saves a paper, of at most [`Paper::bytes_max`] bytes, as the newest of its kind.
    ///
    /// # Errors
    /// If the storage fails; the paper saved before is still there then.
    fn save_paper(&mut self, paper: Paper, document: &[u8]) -> Result<(), FlashError>;

    /// What was accepted for a slot; none if it holds no whole head.
    ///
    /// # Errors
    /// If the storage fails.
    fn head(&self, slot: Slot) -> Result<Option<Head<Self::View<'_>>>, FlashError>;

    /// Writes the head of an erased slot.
    ///
    /// # Errors
    /// If the storage fails.
    fn write_head(&mut self, slot: Slot, head: &Head<&[u8]>) -> Result<(), FlashError>;

    /// Erases a slot, head and image.
    ///
    /// # Errors
    /// If the storage fails.
    fn erase(&mut self, slot: Slot) -> Result<(), FlashError>;

    /// Erases a slot's image from this offset on, a multiple of [`Grain::page_bytes`].
    ///
    /// # Errors
    /// If the storage fails.
    fn erase_image_from(&mut self, slot: Slot, offset: u32) -> Result<(), FlashError>;

    /// Writes bytes of an image at this offset, a multiple of [`Grain::write_bytes`]. Only an image's
    /// last piece may have another length.
    ///
    /// # Errors
    /// If the storage fails.
    fn write_image(&mut self, slot: Slot, offset: u32, bytes: &[u8]) -> Result<(), FlashError>;

    /// The first `length` bytes of a slot's image, as they lie there, measured in one pass.
    ///
    /// # Errors
    /// If the storage fails.
    fn measure(
        &self,
        slot: Slot,
        length: u32,
        algorithm: DigestAlgorithm,
        primitives: &impl Primitives,
    ) -> Result<Image, FlashError>;

    /// Makes the boot loader try a slot next, so many times at most. The record that says so is saved
    /// already; a boot loader that reads the record need not be told again.
    ///
    /// # Errors
    /// If the storage fails.
    fn arm(&mut self, slot: Slot, boots: u8) -> Result<(), FlashError>;

    /// Makes the boot loader start this slot from now on, without counting. The record that says so is
    /// saved already; a boot loader that reads the record need not be told again.
    ///
    /// # Errors
    /// If the storage fails.
    fn settle(&mut self, slot: Slot) -> Result<(), FlashError>;
}

/// How much a storage holds, and in which pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grain {
    /// Room for an image in each slot, in bytes.
    pub image_bytes: u32,
    /// Bytes that are erased together: a checkpoint never splits them.
    pub page_bytes: u32,
    /// Bytes that a write is a multiple of.
    pub write_bytes: u32,
    /// Whether there is one slot alone, A, which safe mode writes over.
    pub single_slot: bool,
}
