//! The fake flash: NOR with its rules enforced, power that can be cut at any operation, and at most one silent
//! fault.
//!
//! | question | file |
//! |---|---|
//! | what do the cells hold, and how do they read? | `cells.rs` |
//! | when does the power go away, and what is left? | `power.rs`: [`Cut`] |
//! | what can a part do wrong and not say so? | `silent.rs`: [`SilentFault`] |
//! | what was written where, and where it shouldn't have been? | `watch.rs`: [`Operation`] |
//! | where does chance come from? | `chance.rs`: from a seed, and nowhere else |
//!
//! What is modelled, and who says so:
//!
//! - Erasing sets every bit of a page, writing can only clear bits (any NOR data sheet). A program that is cut
//!   off leaves the bits that it was clearing somewhere between both levels: each read may give either, and a
//!   page that read well once may never do so again ("software cannot just rely on being able to read a page at
//!   some point to decide that this page reliably stores data", linux-mtd, October 2011, message 038170).
//! - Erasing takes two phases: a page is filled with zeros from its end, then all bits rise (Spansion S29GL512N,
//!   after `nor_erase_prepare` in Linux' `drivers/mtd/ubi/io.c`). Cut off in the first phase, it leaves what was
//!   written at the start of a page and zeros behind; in the second, a page in which any bit may have risen, or
//!   not, or reads either way (linux-mtd, July 2009, message 026432: "the contents are indeterminate").
//! - Parts with error correction refuse to read a unit whose bits don't agree with its code, and sometimes the
//!   correction succeeds.
//!
//! Pages that were never touched take no memory. Every page starts erased, as a part from the factory
//! does. Read [`SimulatedNor`].

mod cells;
mod chance;
mod power;
mod silent;
mod watch;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use power::Cut;
pub use silent::SilentFault;
pub use watch::{Operation, OperationKind};

use crate::flash::{Flash, FlashError};
use cells::Cells;
use power::{Extent, Power};
use silent::Silence;
use watch::Watch;

/// Simulated NOR flash.
#[derive(Debug, Clone)]
pub struct SimulatedNor {
    cells: Cells,
    power: Power,
    silence: Silence,
    /// What every write and erase is answered with, if the part takes none.
    refuses: Option<FlashError>,
    watch: Watch,
}

impl SimulatedNor {
    /// An erased part of these sizes.
    #[must_use]
    pub fn new(total_bytes: u32, page_bytes: u32, write_bytes: u32) -> Self {
        Self {
            cells: Cells::new(total_bytes, page_bytes, write_bytes),
            power: Power::default(),
            silence: Silence::default(),
            refuses: None,
            watch: Watch::default(),
        }
    }

    /// The same part with error correction, as many microcontrollers have it: the unit in which an
    /// operation was torn can't be read until its page is erased.
    #[must_use]
    pub fn with_error_correction(mut self) -> Self {
        self.cells.correct_errors();
        self
    }

    /// Decides anew, by a seed, how unstable bits will read and what a cut leaves behind.
    pub fn seed(&mut self, seed: u64) {
        self.cells.seed(seed);
    }

    /// Answers every write and erase with this error from now on, or takes them again: a part that is worn
    /// out, full or write-protected.
    pub fn refuse_writes(&mut self, error: Option<FlashError>) {
        self.refuses = error;
    }

    /// Everything in it; weak bits as they were before they became weak.
    #[must_use]
    pub fn dump(&self) -> Vec<u8> {
        self.cells.dump()
    }

    /// Cuts the power at the `index`-th write or erase from now on, 0 being the next one.
    pub fn cut_at(&mut self, index: u64, cut: Cut) {
        self.power.cut_at(index, cut);
    }

    /// Lets the part go wrong at the `index`-th write or erase from now on, and say nothing.
    pub fn fail_silently_at(&mut self, index: u64, fault: SilentFault) {
        self.silence
            .plan(self.power.operations().saturating_add(index), fault);
    }

    /// Brings the power back, with no further cut planned.
    pub fn restore_power(&mut self) {
        self.power.restore();
    }

    /// Whether a planned cut has happened and the power is away.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        self.power.is_dark()
    }

    /// Writes and erases so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.power.operations()
    }

    /// How often the most worn page was erased.
    #[must_use]
    pub fn wear_max(&self) -> u32 {
        self.cells.wear_max()
    }

    /// How often the page at this address was erased.
    #[must_use]
    pub fn wear_of(&self, address: u32) -> u32 {
        self.cells.wear_of(address)
    }

    /// Notes every operation from now on that touches a byte outside of these ranges.
    pub fn guard(&mut self, allowed: Vec<Range<u32>>) {
        self.watch.guard(allowed);
    }

    /// What was done outside of the ranges that were allowed, in order.
    #[must_use]
    pub fn trespasses(&self) -> &[Operation] {
        self.watch.trespasses()
    }

    /// Keeps a story of all operations from now on.
    pub fn keep_story(&mut self) {
        self.watch.keep_story();
    }

    /// The operations since [`SimulatedNor::keep_story`].
    #[must_use]
    pub fn story(&self) -> &[Operation] {
        self.watch.story()
    }

    /// What lies there, read without the device's knowledge; none if any bit there reads unstably or not at
    /// all, or the range isn't in the region.
    #[must_use]
    pub fn peek(&self, address: u32, length: u32) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length as usize];
        self.cells.within(address, bytes.len()).ok()?;
        if !self.cells.is_stable(address, bytes.len()) {
            return None;
        }
        self.cells.read(address, &mut bytes).ok()?;
        self.silence.disturb(address, &mut bytes);
        Some(bytes)
    }

    /// How much of an operation over `length` bytes is done, and what its caller hears.
    fn begin(
        &mut self,
        kind: OperationKind,
        address: u32,
        length: usize,
    ) -> (Extent, Result<(), FlashError>) {
        let index = self.power.operations();
        self.watch.see(Operation {
            index,
            kind,
            address,
            length: length as u32,
        });
        let (extent, outcome) = self.power.begin(length);
        if self.silence.begin(index) {
            return (Extent::Nothing, outcome);
        }
        (extent, outcome)
    }
}

impl Flash for SimulatedNor {
    type View<'f> = Vec<u8>;

    fn view(&self, address: u32, length: u32) -> Result<Vec<u8>, FlashError> {
        let mut bytes = vec![0; length as usize];
        self.read(address, &mut bytes).map(|()| bytes)
    }

    fn read(&self, address: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.power.check()?;
        self.cells.within(address, buffer.len())?;
        self.cells.read(address, buffer)?;
        self.silence.disturb(address, buffer);
        Ok(())
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.power.check()?;
        self.cells.within(address, bytes.len())?;
        self.refuses.map_or(Ok(()), Err)?;
        self.cells.check_write(address, bytes.len())?;
        let (extent, outcome) = self.begin(OperationKind::Write, address, bytes.len());
        self.cells.write(address, bytes, extent);
        outcome
    }

    fn erase_page(&mut self, address: u32) -> Result<(), FlashError> {
        self.power.check()?;
        let page_bytes = self.cells.check_erase(address)?;
        self.refuses.map_or(Ok(()), Err)?;
        let (extent, outcome) = self.begin(OperationKind::Erase, address, page_bytes);
        self.cells.erase(address, extent);
        outcome
    }
}
