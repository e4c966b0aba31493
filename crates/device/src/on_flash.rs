//! The storage of a microcontroller: everything in one region of NOR flash, laid out by a [`Layout`].

use mainstay_trust::{DigestAlgorithm, Image, Primitives};

#[cfg(any(test, feature = "fake"))]
use crate::fake::SimulatedNor;
use crate::flash::{Flash, FlashError};
use crate::journal;
use crate::layout::Layout;
use crate::papers::{self, Paper};
use crate::provision::write_image;
use crate::record::Record;
use crate::slot::{self, Head, Slot};
use crate::storage::{Grain, Storage};

/// A region of flash, and what lies where in it.
#[derive(Debug, Clone)]
pub struct OnFlash<F> {
    flash: F,
    layout: Layout,
}

impl<F: Flash> OnFlash<F> {
    /// The storage in this region.
    pub fn new(flash: F, layout: Layout) -> Self {
        Self { flash, layout }
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
        Self::new(SimulatedNor::new(total, page, layout.write_bytes()), layout)
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
        }
    }

    fn record(&self) -> Result<Option<Record>, FlashError> {
        Ok(journal::load(&self.flash, &self.layout)?.map(|(record, _)| record))
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
        slot::load(&self.flash, &self.layout, slot)
    }

    fn write_head(&mut self, slot: Slot, head: &Head<&[u8]>) -> Result<(), FlashError> {
        slot::save(&mut self.flash, &self.layout, slot, head)
    }

    fn erase(&mut self, slot: Slot) -> Result<(), FlashError> {
        let mut pages = self.layout.pages(slot);
        pages.try_for_each(|page| self.flash.erase_page(page))
    }

    fn erase_image_from(&mut self, slot: Slot, offset: u32) -> Result<(), FlashError> {
        let mut pages = self.layout.image_pages(slot, offset);
        pages.try_for_each(|page| self.flash.erase_page(page))
    }

    fn write_image(&mut self, slot: Slot, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let address = self.layout.image(slot) + offset;
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
        slot::measure(
            &self.flash,
            &self.layout,
            slot,
            length,
            algorithm,
            primitives,
        )
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
