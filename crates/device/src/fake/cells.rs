//! The cells: what they hold, which of them stand between two levels, and how they read.
//!
//! | a bit is | reads | after an erase | after a write of 0 |
//! |---|---|---|---|
//! | set or cleared | as it is | set | cleared |
//! | weak | either way, each time anew | set | cleared |
//!
//! With error correction a unit with weak bits reads as what it was to become one time in four, and otherwise
//! not at all; one that was torn never reads.

use std::collections::{BTreeMap, BTreeSet};

use super::chance::Chance;
use super::power::Extent;
use crate::flash::FlashError;

/// How often the weak bits of a page may be drawn well by error correction: one time in so many.
const CORRECTED_ONE_IN: u64 = 4;

/// The cells of one part.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    total_bytes: u32,
    page_bytes: u32,
    write_bytes: u32,
    corrects_errors: bool,
    /// Pages that were written to, by number.
    pages: BTreeMap<u32, Page>,
    wear: BTreeMap<u32, u32>,
    chance: Chance,
}

/// A page that was written to since it was erased. Offsets count from its start.
#[derive(Debug, Clone)]
struct Page {
    bytes: Vec<u8>,
    /// The weak bits of bytes that have some.
    weak: BTreeMap<u32, u8>,
    /// Units that can't be read.
    torn: BTreeSet<u32>,
}

impl Cells {
    pub fn new(total_bytes: u32, page_bytes: u32, write_bytes: u32) -> Self {
        Self {
            total_bytes,
            page_bytes,
            write_bytes,
            corrects_errors: false,
            pages: BTreeMap::new(),
            wear: BTreeMap::new(),
            chance: Chance::default(),
        }
    }

    pub fn correct_errors(&mut self) {
        self.corrects_errors = true;
    }

    pub fn seed(&mut self, seed: u64) {
        self.chance.seed(seed);
    }

    pub fn wear_max(&self) -> u32 {
        self.wear.values().copied().max().unwrap_or(0)
    }

    pub fn wear_of(&self, address: u32) -> u32 {
        let page = address / self.page_bytes;
        self.wear.get(&page).copied().unwrap_or(0)
    }

    pub fn within(&self, address: u32, length: usize) -> Result<(), FlashError> {
        let end = u64::from(address) + length as u64;
        match end <= u64::from(self.total_bytes) {
            true => Ok(()),
            false => Err(FlashError::OutOfRange),
        }
    }

    /// Whether a write may begin: aligned, and onto bytes that read as erased.
    pub fn check_write(&self, address: u32, length: usize) -> Result<(), FlashError> {
        let unit = self.write_bytes as usize;
        if !(address as usize).is_multiple_of(unit) || !length.is_multiple_of(unit) {
            return Err(FlashError::Misaligned);
        }
        let mut there = vec![0; length];
        match self.read(address, &mut there) {
            Ok(()) if there.iter().all(|byte| *byte == 0xff) => Ok(()),
            _ => Err(FlashError::NotErased),
        }
    }

    /// Whether a page starts there, and its bytes.
    pub fn check_erase(&self, address: u32) -> Result<usize, FlashError> {
        self.within(address, self.page_bytes as usize)?;
        match address.is_multiple_of(self.page_bytes) {
            true => Ok(self.page_bytes as usize),
            false => Err(FlashError::Misaligned),
        }
    }

    /// All bytes, weak bits as they are kept.
    pub fn dump(&self) -> Vec<u8> {
        let mut bytes = vec![0xff; self.total_bytes as usize];
        for (number, page) in &self.pages {
            let start = (number * self.page_bytes) as usize;
            bytes[start..start + page.bytes.len()].copy_from_slice(&page.bytes);
        }
        bytes
    }

    /// Whether every bit there always reads the same.
    pub fn is_stable(&self, address: u32, length: usize) -> bool {
        self.pieces(address, length).all(|piece| {
            let page = self.pages.get(&piece.page);
            page.is_none_or(|page| {
                let torn = page.torn.range(self.unit(piece.from)..piece.to).next();
                torn.is_none() && page.weak.range(piece.from..piece.to).next().is_none()
            })
        })
    }

    pub fn read(&self, address: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        for piece in self.pieces(address, buffer.len()) {
            let part = &mut buffer[piece.at..piece.at + (piece.to - piece.from) as usize];
            match self.pages.get(&piece.page) {
                Some(page) => self.read_page(page, piece.from, part)?,
                None => part.fill(0xff),
            }
        }
        Ok(())
    }

    fn read_page(&self, page: &Page, from: u32, part: &mut [u8]) -> Result<(), FlashError> {
        let to = from + part.len() as u32;
        part.copy_from_slice(&page.bytes[from as usize..to as usize]);
        if page.torn.range(self.unit(from)..to).next().is_some() {
            return Err(FlashError::Failed);
        }
        if self.corrects_errors {
            let first = self.unit(from);
            let is_weak = page
                .weak
                .range(first..to.next_multiple_of(self.write_bytes));
            return match is_weak.count() > 0 && !self.chance.draw().is_multiple_of(CORRECTED_ONE_IN)
            {
                true => Err(FlashError::Failed),
                false => Ok(()),
            };
        }
        for (offset, mask) in page.weak.range(from..to) {
            let byte = &mut part[(offset - from) as usize];
            *byte = (*byte & !mask) | (self.chance.bits(128) & mask);
        }
        Ok(())
    }

    pub fn write(&mut self, address: u32, bytes: &[u8], extent: Extent) {
        match extent {
            Extent::Nothing => {}
            Extent::All => self.program(address, bytes),
            Extent::Prefix(done) => {
                self.program(address, &bytes[..done]);
                self.tear(address + done as u32);
            }
            Extent::Weak(done) => {
                let whole = done - done % self.write_bytes as usize;
                let unit = &bytes[whole..whole + self.write_bytes as usize];
                self.program(address, &bytes[..whole]);
                self.half_program(address + whole as u32, unit);
            }
        }
    }

    fn program(&mut self, address: u32, bytes: &[u8]) {
        for piece in self.pieces(address, bytes.len()) {
            let page = self.page_mut(piece.page);
            for (offset, byte) in (piece.from..piece.to).zip(&bytes[piece.at..]) {
                page.bytes[offset as usize] &= byte;
                if let Some(mask) = page.weak.get_mut(&offset) {
                    // What is written as 0 is 0 from now on.
                    *mask &= byte;
                    if *mask == 0 {
                        page.weak.remove(&offset);
                    }
                }
            }
        }
    }

    /// Writes one unit half: of the bits to be cleared some are, some aren't, and some are weak.
    fn half_program(&mut self, address: u32, unit: &[u8]) {
        let corrects = self.corrects_errors;
        for (address, target) in (address..).zip(unit) {
            let (cleared, weak) = (!target & self.chance.bits(128), self.chance.bits(128));
            let weak = weak & !target & !cleared;
            let (number, offset) = (address / self.page_bytes, address % self.page_bytes);
            let page = self.page_mut(number);
            // Error correction makes of weak bits what they were to become.
            page.bytes[offset as usize] &= if corrects { *target } else { !cleared };
            if weak != 0 {
                *page.weak.entry(offset).or_default() |= weak;
            }
        }
    }

    pub fn erase(&mut self, address: u32, extent: Extent) {
        let number = address / self.page_bytes;
        *self.wear.entry(number).or_default() += 1;
        match extent {
            Extent::Nothing => {}
            Extent::All => {
                self.pages.remove(&number);
            }
            Extent::Prefix(done) => {
                let page = self.page_mut(number);
                page.bytes[..done].fill(0xff);
                page.weak.retain(|offset, _| *offset >= done as u32);
                self.tear(address + done as u32);
            }
            Extent::Weak(done) => self.half_erase(number, done),
        }
    }

    fn half_erase(&mut self, number: u32, done: usize) {
        let (chance, corrects) = (self.chance.clone(), self.corrects_errors);
        let (size, unit) = (self.page_bytes as usize, self.write_bytes as usize);
        let page = self.page_mut(number);
        match done < size / 2 {
            true => page.clear_from(size - 2 * done, &chance),
            false => page.raise((2 * done - size) * 256 / size, corrects, &chance),
        }
        page.spread_over_units(corrects.then_some(unit), size);
        self.chance = chance;
    }

    /// Notes in which unit an operation was torn.
    fn tear(&mut self, address: u32) {
        if self.corrects_errors {
            let offset = self.unit(address % self.page_bytes);
            self.page_mut(address / self.page_bytes).torn.insert(offset);
        }
    }

    /// Where the unit of this offset begins.
    fn unit(&self, offset: u32) -> u32 {
        offset - offset % self.write_bytes
    }

    fn page_mut(&mut self, number: u32) -> &mut Page {
        let size = self.page_bytes as usize;
        self.pages.entry(number).or_insert_with(|| Page {
            bytes: vec![0xff; size],
            weak: BTreeMap::new(),
            torn: BTreeSet::new(),
        })
    }

    /// A range, cut at the borders of pages.
    fn pieces(&self, address: u32, length: usize) -> impl Iterator<Item = Piece> + use<> {
        let (size, end) = (self.page_bytes, address + length as u32);
        let first = address / size;
        let last = end.div_ceil(size);
        (first..last).map(move |page| {
            let start = page * size;
            let from = address.max(start);
            Piece {
                page,
                from: from - start,
                to: end.min(start + size) - start,
                at: (from - address) as usize,
            }
        })
    }
}

/// A part of a range that lies in one page.
struct Piece {
    page: u32,
    /// Offsets in the page.
    from: u32,
    to: u32,
    /// Where it begins in the range.
    at: usize,
}

impl Page {
    /// The first phase of an erase: zeros from the end, with the byte at the border on its way.
    fn clear_from(&mut self, offset: usize, chance: &Chance) {
        for (at, byte) in self.bytes.iter_mut().enumerate().skip(offset) {
            *byte = 0;
            self.weak.remove(&(at as u32));
        }
        if let Some(border) = offset.checked_sub(1) {
            let weak = self.bytes[border] & chance.bits(128);
            if weak != 0 {
                *self.weak.entry(border as u32).or_default() |= weak;
            }
        }
    }

    /// The second phase: of the cleared bits, `weight` in 256 have left their level; half of them have
    /// risen, and half are weak.
    fn raise(&mut self, weight: usize, corrects: bool, chance: &Chance) {
        let weight = u8::try_from(weight).unwrap_or(u8::MAX);
        for (at, byte) in self.bytes.iter_mut().enumerate() {
            let moving = !*byte & chance.bits(weight);
            let weak = moving & chance.bits(128);
            // Error correction makes of weak bits what they were to become.
            *byte |= if corrects { moving } else { moving & !weak };
            if weak != 0 {
                *self.weak.entry(at as u32).or_default() |= weak;
            }
        }
    }

    /// With error correction, a unit that isn't what it was, nor erased, doesn't agree with its code.
    fn spread_over_units(&mut self, unit: Option<usize>, size: usize) {
        let Some(unit) = unit else {
            return;
        };
        for start in (0..size).step_by(unit) {
            let bytes = &self.bytes[start..start + unit];
            let has_weak = self.weak.range(start as u32..(start + unit) as u32);
            if has_weak.count() > 0 && bytes.iter().any(|byte| *byte != 0xff) {
                self.torn.insert(start as u32);
            }
        }
    }
}
