//! The storage of a microcontroller: everything in one region of NOR flash, laid out by a [`Layout`].

use mainstay_trust::{DigestAlgorithm, Image, Primitives};

#[cfg(any(test, feature = "fake"))]
use crate::fake::SimulatedNor;
use crate::flash::{Flash, FlashError};
use crate::journal;
use crate::layout::{Layout, Place, Strategy};
use crate::paper_seals;
use crate::papers::{self, Paper};
use crate::provision::write_image;
use crate::record::Record;
use crate::slot::{self, Head, Slot};
use crate::storage::{Grain, Storage};
use crate::{swap, swap_log};

/// A region of flash, and what lies where in it.
#[derive(Debug, Clone)]
pub struct OnFlash<F> {
    flash: F,
    layout: Layout,
    /// The slot whose image lies in the first place.
    first: Slot,
}

impl<F: Flash> OnFlash<F> {
    /// The storage in this region, as the boot loader left it.
    ///
    /// # Errors
    /// The flash, given back, if it fails.
    pub fn open(flash: F, layout: Layout) -> Result<Self, (F, FlashError)> {
        match first(&flash, &layout) {
            Ok(first) => Ok(Self {
                flash,
                layout,
                first,
            }),
            Err(error) => Err((flash, error)),
        }
    }

    /// Where the image of a slot lies.
    #[must_use]
    pub fn place(&self, slot: Slot) -> Place {
        if slot == self.first {
            Place::First
        } else {
            Place::Second
        }
    }

    /// Whether an image runs from where that of this slot lies.
    pub(crate) fn is_in_place(&self, slot: Slot) -> bool {
        self.layout.strategy() != Strategy::Swap || self.place(slot) == Place::First
    }

    /// Brings a swap to its end that a power cut interrupted.
    pub(crate) fn finish_swap(&mut self) -> Result<(), FlashError> {
        if self.layout.strategy() == Strategy::Swap {
            self.first = swap::finish(&mut self.flash, &self.layout)?;
        }
        Ok(())
    }

    /// Makes certain that the record and the papers stay what they read as now.
    pub(crate) fn restate(&mut self) -> Result<(), FlashError> {
        journal::restate(&mut self.flash, &self.layout)?;
        for paper in [Paper::Root, Paper::Revocations] {
            paper_seals::restate(&mut self.flash, &self.layout, paper)?;
        }
        Ok(())
    }

    /// Lets the images of both slots change places.
    pub(crate) fn swap(&mut self) -> Result<(), FlashError> {
        let mut pages = 0;
        for slot in [Slot::A, Slot::B] {
            let image_bytes = self.head_or_none(slot)?.map_or(0, |head| head.image_bytes);
            pages = pages.max(self.layout.pages_for(image_bytes));
        }
        self.first = swap::begin(&mut self.flash, &self.layout, self.first, pages)?;
        Ok(())
    }

    /// Whether the image of a slot is, byte for byte, the one that the device accepted. A slot that can't be
    /// read isn't: parts with error correction refuse to read what a cut write left behind.
    ///
    /// # Errors
    /// If flash fails otherwise.
    pub fn is_intact(&self, slot: Slot, primitives: &impl Primitives) -> Result<bool, FlashError> {
        match self.compare(slot, primitives) {
            Err(FlashError::Failed) => Ok(false),
            outcome => outcome,
        }
    }

    fn compare(&self, slot: Slot, primitives: &impl Primitives) -> Result<bool, FlashError> {
        let Some(head) = self.head(slot)? else {
            return Ok(false);
        };
        if head.image_bytes > self.layout.image_bytes() {
            return Ok(false);
        }
        // What was accepted by SHA-384 is known again by its name.
        let algorithm = DigestAlgorithm::Sha256;
        let image = self.measure(slot, head.image_bytes, algorithm, primitives)?;
        Ok(image.digest.ct_eq(&head.image_digest))
    }

    /// Whether this storage has that slot.
    fn check(&self, slot: Slot) -> Result<(), FlashError> {
        match self.layout.has(slot) {
            true => Ok(()),
            false => Err(FlashError::OutOfRange),
        }
    }

    fn head_or_none(&self, slot: Slot) -> Result<Option<Head<F::View<'_>>>, FlashError> {
        match self.head(slot) {
            Err(FlashError::Failed) => Ok(None),
            outcome => outcome,
        }
    }

    /// The region.
    pub fn flash(&self) -> &F {
        &self.flash
    }

    /// The region, for an owner that does something to it.
    pub fn flash_mut(&mut self) -> &mut F {
        &mut self.flash
    }

    /// What lies where.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The region alone.
    #[must_use]
    pub fn into_flash(self) -> F {
        self.flash
    }
}

#[cfg(any(test, feature = "fake"))]
impl OnFlash<SimulatedNor> {
    /// The storage in an erased part of this layout's sizes.
    #[must_use]
    pub fn simulated(layout: Layout) -> Self {
        let (total, page) = (layout.total_bytes(), layout.page_bytes());
        Self {
            flash: SimulatedNor::new(total, page, layout.write_bytes()),
            layout,
            first: Slot::A,
        }
    }
}

impl<F: Flash> Storage for OnFlash<F> {
    type View<'s>
        = F::View<'s>
    where
        F: 's;

    fn grain(&self) -> Grain {
        Grain {
            image_bytes: self.layout.image_bytes(),
            page_bytes: self.layout.page_bytes(),
            write_bytes: self.layout.write_bytes(),
            single_slot: self.layout.strategy() == Strategy::Overwrite,
        }
    }

    fn record(&self) -> Result<Option<Record>, FlashError> {
        journal::load(&self.flash, &self.layout)
    }

    fn save_record(&mut self, record: &mut Record) -> Result<(), FlashError> {
        journal::save(&mut self.flash, &self.layout, record)
    }

    fn paper(&self, paper: Paper) -> Result<Option<F::View<'_>>, FlashError> {
        papers::load(&self.flash, &self.layout, paper)
    }

    fn save_paper(&mut self, paper: Paper, document: &[u8]) -> Result<(), FlashError> {
        papers::save(&mut self.flash, &self.layout, paper, document)
    }

    fn head(&self, slot: Slot) -> Result<Option<Head<F::View<'_>>>, FlashError> {
        if !self.layout.has(slot) {
            return Ok(None);
        }
        slot::load(&self.flash, &self.layout, slot)
    }

    fn write_head(&mut self, slot: Slot, head: &Head<&[u8]>) -> Result<(), FlashError> {
        self.check(slot)?;
        slot::save(&mut self.flash, &self.layout, slot, head)
    }

    fn erase(&mut self, slot: Slot) -> Result<(), FlashError> {
        self.check(slot)?;
        for page in self.layout.head_pages_of(slot) {
            self.flash.erase_page(page)?;
        }
        self.erase_image_from(slot, 0)
    }

    fn erase_image_from(&mut self, slot: Slot, offset: u32) -> Result<(), FlashError> {
        self.check(slot)?;
        let mut pages = self.layout.image_pages(self.place(slot), offset);
        pages.try_for_each(|page| self.flash.erase_page(page))
    }

    fn write_image(&mut self, slot: Slot, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.check(slot)?;
        let address = self.layout.image(self.place(slot)) + offset;
        let unit = self.layout.write_bytes() as usize;
        write_image(&mut self.flash, address, bytes, unit)
    }

    fn measure(
        &self,
        slot: Slot,
        length: u32,
        algorithm: DigestAlgorithm,
        primitives: &impl Primitives,
    ) -> Result<Image, FlashError> {
        self.check(slot)?;
        let address = self.layout.image(self.place(slot));
        slot::measure(&self.flash, address, length, algorithm, primitives)
    }

    /// Nothing: the boot decision reads the record.
    fn arm(&mut self, _slot: Slot, _boots: u8) -> Result<(), FlashError> {
        Ok(())
    }

    /// Nothing: the boot decision reads the record.
    fn settle(&mut self, _slot: Slot) -> Result<(), FlashError> {
        Ok(())
    }
}

/// The slot whose image lies in the first place, by the newest entry of the swap log.
fn first(flash: &impl Flash, layout: &Layout) -> Result<Slot, FlashError> {
    if layout.strategy() != Strategy::Swap {
        return Ok(Slot::A);
    }
    let newest = swap_log::newest(flash, layout)?;
    Ok(
        newest.map_or(Slot::A, |progress| match progress.is_complete() {
            true => progress.first_after(),
            false => progress.first,
        }),
    )
}
