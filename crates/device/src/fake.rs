//! The fake flash: NOR with its rules enforced, and power that can be cut at any operation.
//!
//! Pages that were never touched take no memory. Every page starts erased, as a part from the factory
//! does.

use std::collections::{BTreeMap, BTreeSet};

use crate::flash::{Flash, FlashError};

/// How the power goes away at an operation (a write or an erase).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Just before it: nothing happens.
    Before,
    /// Within it: so many thousandths of its bytes are done.
    Torn {
        /// Thousandths.
        permille: u32,
    },
    /// Just after it: it is done, but nobody is told.
    After,
}

/// Simulated NOR flash.
#[derive(Debug, Clone)]
pub struct SimulatedNor {
    pages: BTreeMap<u32, Vec<u8>>,
    total_bytes: u32,
    page_bytes: u32,
    write_bytes: u32,
    operations: u64,
    cut: Option<(u64, Cut)>,
    dark: bool,
    wear: BTreeMap<u32, u32>,
    corrects_errors: bool,
    /// What every write and erase is answered with, if the part takes none.
    refuses: Option<FlashError>,
    /// Addresses of write units that can't be read until their page is erased.
    unreadable: BTreeSet<u32>,
}

impl SimulatedNor {
    /// An erased part of these sizes.
    #[must_use]
    pub fn new(total_bytes: u32, page_bytes: u32, write_bytes: u32) -> Self {
        Self {
            pages: BTreeMap::new(),
            total_bytes,
            page_bytes,
            write_bytes,
            operations: 0,
            cut: None,
            dark: false,
            wear: BTreeMap::new(),
            corrects_errors: false,
            refuses: None,
            unreadable: BTreeSet::new(),
        }
    }

    /// The same part with error correction, as many microcontrollers have it: the unit in which an
    /// operation was torn can't be read until its page is erased.
    #[must_use]
    pub fn with_error_correction(mut self) -> Self {
        self.corrects_errors = true;
        self
    }

    /// Answers every write and erase with this error from now on, or takes them again: a part that is worn
    /// out, full or write-protected.
    pub fn refuse_writes(&mut self, error: Option<FlashError>) {
        self.refuses = error;
    }

    /// Everything in it.
    #[must_use]
    pub fn dump(&self) -> Vec<u8> {
        (0..self.total_bytes)
            .map(|address| self.byte(address))
            .collect()
    }

    /// Cuts the power at the `index`-th write or erase from now on, 0 being the next one.
    pub fn cut_at(&mut self, index: u64, cut: Cut) {
        self.cut = Some((self.operations + index, cut));
    }

    /// Brings the power back, with no further cut planned.
    pub fn restore_power(&mut self) {
        self.cut = None;
        self.dark = false;
    }

    /// Whether a planned cut has happened and the power is away.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        self.dark
    }

    /// Writes and erases so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// How often the most worn page was erased.
    #[must_use]
    pub fn wear_max(&self) -> u32 {
        self.wear.values().copied().max().unwrap_or(0)
    }

    fn within(&self, address: u32, length: usize) -> Result<(), FlashError> {
        let end = u64::from(address) + length as u64;
        if end <= u64::from(self.total_bytes) {
            Ok(())
        } else {
            Err(FlashError::OutOfRange)
        }
    }

    fn powered(&self) -> Result<(), FlashError> {
        if self.dark {
            Err(FlashError::PowerLost)
        } else {
            Ok(())
        }
    }

    /// How many of `units` this operation completes, and whether the power stays.
    fn begin(&mut self, units: usize) -> (usize, Result<(), FlashError>) {
        let index = self.operations;
        self.operations += 1;
        let Some((_, cut)) = self.cut.filter(|(at, _)| *at == index) else {
            return (units, Ok(()));
        };
        self.dark = true;
        let done = match cut {
            Cut::Before => 0,
            Cut::Torn { permille } => units * permille.min(1000) as usize / 1000,
            Cut::After => units,
        };
        (done, Err(FlashError::PowerLost))
    }

    /// Notes in which unit an operation over `length` bytes was torn, if it was.
    fn tear(&mut self, address: u32, done: usize, length: usize) {
        if self.corrects_errors && (1..length).contains(&done) {
            let at = address + done as u32;
            self.unreadable.insert(at - at % self.write_bytes);
        }
    }

    fn is_unreadable(&self, address: u32, length: usize) -> bool {
        let first = address - address % self.write_bytes;
        let mut torn = self.unreadable.range(first..address + length as u32);
        torn.next().is_some()
    }

    fn byte(&self, address: u32) -> u8 {
        let page = self.pages.get(&(address / self.page_bytes));
        page.map_or(0xff, |page| page[(address % self.page_bytes) as usize])
    }

    fn page_mut(&mut self, address: u32) -> &mut Vec<u8> {
        let size = self.page_bytes as usize;
        self.pages
            .entry(address / self.page_bytes)
            .or_insert_with(|| vec![0xff; size])
    }
}

impl Flash for SimulatedNor {
    type View<'f> = Vec<u8>;

    fn view(&self, address: u32, length: u32) -> Result<Vec<u8>, FlashError> {
        let mut bytes = vec![0; length as usize];
        self.read(address, &mut bytes).map(|()| bytes)
    }

    fn read(&self, address: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.powered()?;
        self.within(address, buffer.len())?;
        if self.is_unreadable(address, buffer.len()) {
            return Err(FlashError::Failed);
        }
        let mut at = address;
        let mut rest = buffer;
        while !rest.is_empty() {
            let offset = (at % self.page_bytes) as usize;
            let count = rest.len().min(self.page_bytes as usize - offset);
            let (part, after) = rest.split_at_mut(count);
            match self.pages.get(&(at / self.page_bytes)) {
                Some(page) => part.copy_from_slice(&page[offset..offset + count]),
                None => part.fill(0xff),
            }
            rest = after;
            at += count as u32;
        }
        Ok(())
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.powered()?;
        self.within(address, bytes.len())?;
        self.refuses.map_or(Ok(()), Err)?;
        let unit = self.write_bytes as usize;
        if !(address as usize).is_multiple_of(unit) || !bytes.len().is_multiple_of(unit) {
            return Err(FlashError::Misaligned);
        }
        let used = (0..bytes.len() as u32).any(|index| self.byte(address + index) != 0xff);
        if used || self.is_unreadable(address, bytes.len()) {
            return Err(FlashError::NotErased);
        }
        let (done, outcome) = self.begin(bytes.len());
        self.tear(address, done, bytes.len());
        for (index, byte) in bytes[..done].iter().enumerate() {
            let at = address + index as u32;
            let offset = (at % self.page_bytes) as usize;
            self.page_mut(at)[offset] &= byte;
        }
        outcome
    }

    fn erase_page(&mut self, address: u32) -> Result<(), FlashError> {
        self.powered()?;
        self.within(address, self.page_bytes as usize)?;
        if !address.is_multiple_of(self.page_bytes) {
            return Err(FlashError::Misaligned);
        }
        self.refuses.map_or(Ok(()), Err)?;
        *self.wear.entry(address / self.page_bytes).or_default() += 1;
        let size = self.page_bytes as usize;
        let (done, outcome) = self.begin(size);
        self.tear(address, done, size);
        if done == size {
            self.unreadable
                .retain(|at| !(address..address + self.page_bytes).contains(at));
            self.pages.remove(&(address / self.page_bytes));
        } else if done > 0 {
            self.page_mut(address)[..done].fill(0xff);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_nor_are_enforced() {
        let mut flash = SimulatedNor::new(4096, 1024, 4);
        assert_eq!(flash.write(2, &[0; 4]), Err(FlashError::Misaligned));
        assert_eq!(flash.write(0, &[0; 3]), Err(FlashError::Misaligned));
        assert_eq!(flash.write(4096, &[0; 4]), Err(FlashError::OutOfRange));
        assert_eq!(flash.erase_page(4), Err(FlashError::Misaligned));
        assert_eq!(flash.write(1020, &[1, 2, 3, 4, 5, 6, 7, 8]), Ok(()));
        assert_eq!(flash.write(1020, &[0; 4]), Err(FlashError::NotErased));
        let mut read = [0; 8];
        assert_eq!(flash.read(1020, &mut read), Ok(()));
        assert_eq!(read, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(flash.erase_page(1024), Ok(()));
        assert_eq!(flash.read(1020, &mut read), Ok(()));
        assert_eq!(read, [1, 2, 3, 4, 255, 255, 255, 255]);
        assert_eq!((flash.wear_max(), flash.operations()), (1, 2));
    }

    #[test]
    fn a_cut_tears_the_operation_and_darkens_the_rest() {
        let mut flash = SimulatedNor::new(4096, 1024, 4);
        flash.cut_at(1, Cut::Torn { permille: 500 });
        assert_eq!(flash.write(0, &[1; 4]), Ok(()));
        assert_eq!(flash.write(4, &[2; 4]), Err(FlashError::PowerLost));
        assert_eq!(flash.write(8, &[3; 4]), Err(FlashError::PowerLost));
        assert!(flash.is_dark());
        flash.restore_power();
        let mut read = [0; 12];
        assert_eq!(flash.read(0, &mut read), Ok(()));
        assert_eq!(read, [1, 1, 1, 1, 2, 2, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn a_torn_unit_stays_unreadable_until_its_page_is_erased() {
        let mut flash = SimulatedNor::new(4096, 1024, 4).with_error_correction();
        flash.cut_at(0, Cut::Torn { permille: 500 });
        assert_eq!(flash.write(8, &[1; 8]), Err(FlashError::PowerLost));
        flash.restore_power();
        let mut byte = [0];
        assert_eq!(flash.read(11, &mut byte), Ok(()));
        assert_eq!(flash.read(15, &mut byte), Err(FlashError::Failed));
        assert_eq!(flash.write(12, &[1; 4]), Err(FlashError::NotErased));
        assert_eq!(flash.erase_page(0), Ok(()));
        assert_eq!(flash.read(15, &mut byte), Ok(()));
        assert_eq!(byte, [0xff]);
    }
}
