//! Where what lies in flash.
//!
//! | region | pages | holds |
//! |---|---|---|
//! | journal A, B, C | 1 each | one [`crate::Record`] each, the newest one counts |
//! | root A, B | as many as the largest root takes | one signed root each, the newer one counts |
//! | revocations A, B | as many as the largest take | signed revocations, the newer ones count |
//! | swap log, scratch | 2 and 1, with [`Strategy::Swap`] alone | how far a swap has come, and what it moves |
//! | head of slot A, B | as many as 4.2 KB take | what was accepted, and its envelope |
//! | first, second place | as many as the largest image takes | an image |
//!
//! Slot A has the first place and slot B the second, until a swap lets them change: see `swap.rs`. With
//! [`Strategy::Overwrite`] there is only slot A.

use core::fmt;

use crate::journal::SEALS;
use crate::papers::{self, Paper};
use crate::record_wire::RECORD_BYTES;
use crate::slot::{ENVELOPE_BYTES_MAX, HEAD_BYTES, Slot};

/// Sizes of one device's flash region. All regions follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    page_bytes: u32,
    write_bytes: u32,
    image_pages: u32,
    strategy: Strategy,
}

/// How a device gets from one image to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// An image runs from where it lies: the part maps either bank, or images run anywhere.
    #[default]
    DualBank,
    /// Images run from the first place alone; the boot loader swaps them.
    Swap,
    /// There is one slot. An update is written over what runs, by safe mode: a recovery image that the boot
    /// loader starts, and that stays.
    Overwrite,
}

/// One of the two places for images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// With [`Strategy::Swap`], the one to run from.
    First,
    /// The other one.
    Second,
}

/// Why sizes make no layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayoutError {
    /// A page is too small for a journal record, or sizes don't divide.
    Page,
    /// The region would not be addressable by 32 bits.
    TooLarge,
}

impl LayoutError {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Page => "layout.page",
            Self::TooLarge => "layout.too-large",
        }
    }
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => {
                "flash pages must hold a journal record with its seals and be a whole number of writes: \
                 take pages of 1 KiB or more (2 KiB where 32 bytes are written at once), and a write size \
                 that is a power of two up to 32"
            }
            Self::TooLarge => "two slots of this size don't fit 4 GiB: take smaller images",
        })
    }
}

impl core::error::Error for LayoutError {}

/// See `journal.rs`.
pub(crate) const JOURNAL_COPIES: u32 = 3;
/// See `swap_log.rs`.
const SWAP_LOG_PAGES: u32 = 2;

/// The largest write size of the parts in use (STM32H7: 32 bytes).
pub const WRITE_BYTES_MAX: usize = 32;

impl Layout {
    /// The layout of a part with pages of `page_bytes` and writes of `write_bytes`, for images of up
    /// to `image_bytes_max`.
    ///
    /// # Errors
    /// If a page can't hold a journal record, `write_bytes` isn't a power of two up to 32 that divides
    /// a page, or the whole is over 4 GiB.
    pub fn new(
        page_bytes: u32,
        write_bytes: u32,
        image_bytes_max: u32,
    ) -> Result<Self, LayoutError> {
        let divides = write_bytes.is_power_of_two()
            && write_bytes as usize <= WRITE_BYTES_MAX
            && page_bytes.is_multiple_of(write_bytes.max(1));
        if !divides || page_bytes < record_bytes(write_bytes) + SEALS * write_bytes {
            return Err(LayoutError::Page);
        }
        let layout = Self {
            page_bytes,
            write_bytes,
            image_pages: image_bytes_max.div_ceil(page_bytes),
            strategy: Strategy::DualBank,
        };
        layout.checked()
    }

    /// The same sizes for another strategy.
    ///
    /// # Errors
    /// If the whole is over 4 GiB then, or an image has more pages than a swap can count, 65,535.
    pub fn with(self, strategy: Strategy) -> Result<Self, LayoutError> {
        let layout = Self { strategy, ..self };
        if strategy == Strategy::Swap && layout.image_pages > u16::MAX.into() {
            return Err(LayoutError::TooLarge);
        }
        layout.checked()
    }

    /// The layout, if it is addressable by 32 bits.
    fn checked(self) -> Result<Self, LayoutError> {
        let images = u64::from(self.slots()) * u64::from(self.image_pages);
        let pages = u64::from(self.pages_before_images()) + images;
        match u32::try_from(pages * u64::from(self.page_bytes)) {
            Ok(_) => Ok(self),
            Err(_) => Err(LayoutError::TooLarge),
        }
    }

    /// How a device gets from one image to the other.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// Bytes of a page.
    #[must_use]
    pub fn page_bytes(&self) -> u32 {
        self.page_bytes
    }

    /// Bytes that a write is a multiple of.
    #[must_use]
    pub fn write_bytes(&self) -> u32 {
        self.write_bytes
    }

    /// Bytes of the whole region.
    #[must_use]
    pub fn total_bytes(&self) -> u32 {
        self.page_bytes * (self.pages_before_images() + self.slots() * self.image_pages)
    }

    /// Room for an image in each slot.
    #[must_use]
    pub fn image_bytes(&self) -> u32 {
        self.page_bytes * self.image_pages
    }

    /// Address of journal copy 0, 1 or 2.
    #[must_use]
    pub fn journal(&self, copy: u32) -> u32 {
        self.page_bytes * (copy % JOURNAL_COPIES)
    }

    /// Bytes that a record takes in its copy: a whole number of writes.
    pub(crate) fn record_bytes(&self) -> u32 {
        record_bytes(self.write_bytes)
    }

    /// Address of copy 0 or 1 of a paper.
    #[must_use]
    pub fn paper(&self, paper: Paper, copy: u32) -> u32 {
        let before = match paper {
            Paper::Root => JOURNAL_COPIES,
            Paper::Revocations => JOURNAL_COPIES + 2 * self.pages_of(Paper::Root),
        };
        self.page_bytes * (before + (copy & 1) * self.pages_of(paper))
    }

    /// Addresses of all pages of copy 0 or 1 of a paper.
    pub fn paper_pages(&self, paper: Paper, copy: u32) -> impl Iterator<Item = u32> + use<> {
        let (start, page) = (self.paper(paper, copy), self.page_bytes);
        (0..self.pages_of(paper)).map(move |index| start + index * page)
    }

    /// Bytes of all pages of one copy of a paper.
    pub(crate) fn paper_bytes(&self, paper: Paper) -> u32 {
        self.page_bytes * self.pages_of(paper)
    }

    /// Whether there is such a slot.
    #[must_use]
    pub fn has(&self, slot: Slot) -> bool {
        slot.number() < self.slots()
    }

    /// Address of page 0 or 1 of the swap log.
    pub(crate) fn swap_log(&self, page: u32) -> u32 {
        self.page_bytes * (self.pages_before_swap() + (page & 1))
    }

    /// Address of the scratch page.
    pub(crate) fn scratch(&self) -> u32 {
        self.page_bytes * (self.pages_before_swap() + SWAP_LOG_PAGES)
    }

    /// Address of a slot's head.
    #[must_use]
    pub fn head(&self, slot: Slot) -> u32 {
        self.page_bytes * (self.pages_before_heads() + slot.number() * self.head_pages())
    }

    /// Addresses of all pages of a slot's head.
    pub fn head_pages_of(&self, slot: Slot) -> impl Iterator<Item = u32> + use<> {
        let (start, page) = (self.head(slot), self.page_bytes);
        (0..self.head_pages()).map(move |index| start + index * page)
    }

    /// Address of an image's place.
    #[must_use]
    pub fn image(&self, place: Place) -> u32 {
        let before = match place {
            Place::First => 0,
            Place::Second => self.image_pages,
        };
        self.page_bytes * (self.pages_before_images() + before)
    }

    /// Addresses of the pages of a place from `offset` on, a multiple of the page size.
    pub fn image_pages(&self, place: Place, offset: u32) -> impl Iterator<Item = u32> + use<> {
        let (start, page) = (self.image(place), self.page_bytes);
        (offset / page..self.image_pages).map(move |index| start + index * page)
    }

    /// How many pages an image of so many bytes takes, at most those of a place.
    pub(crate) fn pages_for(&self, image_bytes: u32) -> u16 {
        let pages = image_bytes.div_ceil(self.page_bytes).min(self.image_pages);
        // `with` refuses more.
        u16::try_from(pages).unwrap_or(u16::MAX)
    }

    /// The journal, the roots and the revocations.
    fn pages_before_swap(&self) -> u32 {
        JOURNAL_COPIES + 2 * (self.pages_of(Paper::Root) + self.pages_of(Paper::Revocations))
    }

    fn pages_before_heads(&self) -> u32 {
        let swap_pages = match self.strategy {
            Strategy::Swap => SWAP_LOG_PAGES + 1,
            Strategy::DualBank | Strategy::Overwrite => 0,
        };
        self.pages_before_swap() + swap_pages
    }

    fn pages_before_images(&self) -> u32 {
        self.pages_before_heads() + self.slots() * self.head_pages()
    }

    fn slots(&self) -> u32 {
        match self.strategy {
            Strategy::DualBank | Strategy::Swap => 2,
            Strategy::Overwrite => 1,
        }
    }

    fn pages_of(&self, paper: Paper) -> u32 {
        // Behind the longest document lies at least one pair of seals.
        let seals = 2 * WRITE_BYTES_MAX;
        // Some kilobytes: the conversion can't fail.
        u32::try_from(papers::HEADER_BYTES + paper.bytes_max() + seals)
            .unwrap_or(u32::MAX)
            .div_ceil(self.page_bytes)
    }

    fn head_pages(&self) -> u32 {
        const HEAD: usize = (HEAD_BYTES + ENVELOPE_BYTES_MAX).next_multiple_of(WRITE_BYTES_MAX);
        // Some four kilobytes: the conversion can't fail.
        u32::try_from(HEAD)
            .unwrap_or(u32::MAX)
            .div_ceil(self.page_bytes)
    }
}

/// A record, padded to a whole number of writes.
fn record_bytes(write_bytes: u32) -> u32 {
    // Less than a kilobyte.
    (RECORD_BYTES as u32).next_multiple_of(write_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_follow_each_other_without_overlap() {
        let dual = Layout::new(1024, 4, 10_000).expect("a micro:bit's sizes");
        let swap = dual.with(Strategy::Swap).expect("three pages more");
        assert_eq!(swap.total_bytes(), dual.total_bytes() + 3 * 1024);
        let single = dual.with(Strategy::Overwrite).expect("one slot less");
        assert_eq!(single.head(Slot::A), dual.head(Slot::A));
        assert_eq!(single.image(Place::First), dual.head(Slot::B));
        let last = single.image_pages(Place::First, 0).last();
        assert_eq!(last, Some(single.total_bytes() - 1024));
        assert_eq!(
            [Slot::A, Slot::B].map(|slot| single.has(slot)),
            [true, false]
        );
        for layout in [dual, swap] {
            let mut starts = vec![
                layout.journal(0),
                layout.journal(1),
                layout.journal(2),
                layout.paper(Paper::Root, 0),
                layout.paper(Paper::Root, 1),
                layout.paper(Paper::Revocations, 0),
                layout.paper(Paper::Revocations, 1),
            ];
            if layout.strategy() == Strategy::Swap {
                starts.extend([layout.swap_log(0), layout.swap_log(1), layout.scratch()]);
            }
            starts.extend([
                layout.head(Slot::A),
                layout.head(Slot::B),
                layout.image(Place::First),
                layout.image(Place::Second),
                layout.total_bytes(),
            ]);
            assert!(starts.is_sorted_by(|a, b| a < b), "{starts:?}");
            let last = layout.paper_pages(Paper::Revocations, 1).last();
            assert!(last.is_some_and(|last| starts.contains(&(last + 1024))));
            let last = layout.head_pages_of(Slot::B).last();
            assert_eq!(last, Some(layout.image(Place::First) - 1024));
            let last = layout.image_pages(Place::First, 2048).last();
            assert_eq!(last, Some(layout.image(Place::Second) - 1024));
            let last = layout.image_pages(Place::Second, 0).last();
            assert_eq!(last, Some(layout.total_bytes() - 1024));
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for (page, write, image, expected) in [
            (512, 4, 1000, LayoutError::Page),
            (1024, 3, 1000, LayoutError::Page),
            (1024, 64, 1000, LayoutError::Page),
            (1024, 32, 1000, LayoutError::Page),
            (1024, 0, 1000, LayoutError::Page),
            (4096, 4, u32::MAX, LayoutError::TooLarge),
        ] {
            assert_eq!(
                Layout::new(page, write, image),
                Err(expected),
                "{page} {write} {image}"
            );
        }
    }
}
