//! How far a swap has come: an append-only log on two pages.
//!
//! Entries are written one after the other onto erased flash; when a page is full, the other one is erased and
//! goes on. The whole entry with the highest number counts. All numbers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | number of the spot, from 1: on a page it grows with the spot, used or not |
//! | 4 | 4 | steps that are done, see `swap.rs` |
//! | 8 | 2 | pages to exchange |
//! | 10 | 1 | the slot that lay in the first place when the swap began: 0 or 1 |
//! | 11 | 1 | zero |
//! | 12 | 4 | CRC-32 (ISO-HDLC) of all before |
//!
//! An entry takes 16 bytes, or one write if that is larger. One that a power cut tore may read well today and
//! badly tomorrow, or the other way round. So whoever goes on from an entry found at power-up writes it once more
//! before anything relies on it ([`restate`]); and because the number is the spot's, not one more than the
//! newest that could be read, that outranks every spot before it, whatever may be read there later.

use crate::flash::{Flash, FlashError};
use crate::layout::{Layout, WRITE_BYTES_MAX};
use crate::record_wire::CRC;
use crate::slot::Slot;

const ENTRY_BYTES: usize = 16;
const CRC_AT: usize = 12;
/// A spot that won't take an entry is passed over, and so is the next: then the part is broken.
const TRIES: u32 = 4;
/// So many spots behind the newest entry may have been begun by power-ups that were cut off, and read as erased.
const BEGUN_MAX: u32 = 3;

/// How far a swap has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The slot that lay in the first place when it began.
    pub first: Slot,
    /// Pages to exchange.
    pub pages: u16,
    /// Steps that are done.
    pub steps: u32,
}

/// Where an entry was found, and what it says.
struct Found {
    number: u32,
    page: u32,
    index: u32,
    progress: Progress,
}

/// The newest entry; none before the first swap.
///
/// # Errors
/// If flash fails.
pub fn newest(flash: &impl Flash, layout: &Layout) -> Result<Option<Progress>, FlashError> {
    Ok(find(flash, layout)?.map(|found| found.progress))
}

/// Writes an entry that counts from now on, behind one that was written since power-up.
///
/// # Errors
/// If flash fails; the entry that counted before counts still.
pub fn append(
    flash: &mut impl Flash,
    layout: &Layout,
    progress: Progress,
) -> Result<(), FlashError> {
    append_behind(flash, layout, progress, 0)
}

/// The same for the first entry since power-up. Spots behind the newest one may have been begun when the power went
/// away, and read as erased: they are passed over.
///
/// # Errors
/// As for [`append`].
pub fn append_first(
    flash: &mut impl Flash,
    layout: &Layout,
    progress: Progress,
) -> Result<(), FlashError> {
    append_behind(flash, layout, progress, BEGUN_MAX)
}

fn append_behind(
    flash: &mut impl Flash,
    layout: &Layout,
    progress: Progress,
    passed_over: u32,
) -> Result<(), FlashError> {
    let found = find(flash, layout)?;
    let page = found.as_ref().map_or(0, |found| found.page);
    let entry = |index| encode(number(found.as_ref(), index), progress);
    let free = free(flash, layout, page)? + passed_over;
    for index in free..entries(layout).min(free + TRIES) {
        if written(flash, layout, spot(layout, page, index), &entry(index))? {
            return Ok(());
        }
    }
    let other = layout.swap_log(page ^ 1);
    flash.erase_page(other)?;
    match written(flash, layout, other, &entry(entries(layout)))? {
        true => Ok(()),
        false => Err(FlashError::Failed),
    }
}

/// Writes the newest entry once more, so that it stays what it was read as. Returns it.
///
/// # Errors
/// If flash fails.
pub fn restate(flash: &mut impl Flash, layout: &Layout) -> Result<Option<Progress>, FlashError> {
    let found = newest(flash, layout)?;
    if let Some(progress) = found {
        append_first(flash, layout, progress)?;
    }
    Ok(found)
}

/// The number of a spot on the page of the newest entry; the other page goes on where this one ends.
fn number(newest: Option<&Found>, index: u32) -> u32 {
    match newest {
        None => index.saturating_add(1),
        // The newest may read as erased a moment later: then its own spot is the next one.
        Some(found) => {
            let behind = index.saturating_sub(found.index).max(1);
            found.number.saturating_add(behind)
        }
    }
}

fn entry_bytes(layout: &Layout) -> u32 {
    layout.write_bytes().max(ENTRY_BYTES as u32)
}

/// Entries on a page.
fn entries(layout: &Layout) -> u32 {
    layout.page_bytes() / entry_bytes(layout)
}

fn spot(layout: &Layout, page: u32, index: u32) -> u32 {
    layout.swap_log(page) + index * entry_bytes(layout)
}

fn find(flash: &impl Flash, layout: &Layout) -> Result<Option<Found>, FlashError> {
    let mut best: Option<Found> = None;
    for page in 0..2 {
        for index in 0..entries(layout) {
            let Some(bytes) = read(flash, spot(layout, page, index))? else {
                continue;
            };
            let Some((number, progress)) = decode(&bytes) else {
                continue;
            };
            if best.as_ref().is_none_or(|best| best.number < number) {
                best = Some(Found {
                    number,
                    page,
                    index,
                    progress,
                });
            }
        }
    }
    Ok(best)
}

/// The first spot of a page behind which everything is erased.
fn free(flash: &impl Flash, layout: &Layout, page: u32) -> Result<u32, FlashError> {
    let mut index = entries(layout);
    while index > 0 {
        let before = read(flash, spot(layout, page, index - 1))?;
        if before != Some([0xff; ENTRY_BYTES]) {
            break;
        }
        index -= 1;
    }
    Ok(index)
}

/// The bytes of a spot; none if they can't be read, as a torn write is by a part with error correction.
fn read(flash: &impl Flash, address: u32) -> Result<Option<[u8; ENTRY_BYTES]>, FlashError> {
    let mut bytes = [0; ENTRY_BYTES];
    match flash.read(address, &mut bytes) {
        Err(FlashError::Failed) => Ok(None),
        outcome => outcome.map(|()| Some(bytes)),
    }
}

/// Writes an entry, and whether it is there: a spot that looked erased may not have been.
fn written(
    flash: &mut impl Flash,
    layout: &Layout,
    address: u32,
    entry: &[u8; ENTRY_BYTES],
) -> Result<bool, FlashError> {
    let mut padded = [0xff; WRITE_BYTES_MAX];
    padded[..ENTRY_BYTES].copy_from_slice(entry);
    match flash.write(address, &padded[..entry_bytes(layout) as usize]) {
        Err(error) if error.is_for_good() => Ok(false),
        Err(error) => Err(error),
        Ok(()) => Ok(read(flash, address)? == Some(*entry)),
    }
}

fn encode(number: u32, progress: Progress) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..8].copy_from_slice(&progress.steps.to_le_bytes());
    bytes[8..10].copy_from_slice(&progress.pages.to_le_bytes());
    // 0 or 1.
    bytes[10] = progress.first.number() as u8;
    let crc = CRC.checksum(&bytes[..CRC_AT]);
    bytes[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; ENTRY_BYTES]) -> Option<(u32, Progress)> {
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if word(CRC_AT) != CRC.checksum(&bytes[..CRC_AT]) {
        return None;
    }
    let first = match bytes[10] {
        0 => Slot::A,
        1 => Slot::B,
        _ => return None,
    };
    let progress = Progress {
        first,
        pages: u16::from_le_bytes([bytes[8], bytes[9]]),
        steps: word(4),
    };
    Some((word(0), progress))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::SimulatedNor;

    fn parts() -> (SimulatedNor, Layout) {
        let layout = Layout::new(1024, 4, 3000).expect("good sizes");
        (SimulatedNor::new(layout.total_bytes(), 1024, 4), layout)
    }

    fn at(steps: u32) -> Progress {
        Progress {
            first: Slot::A,
            pages: 3,
            steps,
        }
    }

    fn says(flash: &SimulatedNor, layout: &Layout) -> Option<u32> {
        let newest = newest(flash, layout).expect("flash works");
        newest.map(|progress| progress.steps)
    }

    #[test]
    fn the_newest_counts_over_many_pages() {
        let (mut flash, layout) = parts();
        assert_eq!(says(&flash, &layout), None);
        for steps in 0..500 {
            let append = match steps % 7 {
                0 => append_first,
                _ => append,
            };
            append(&mut flash, &layout, at(steps)).expect("flash works");
            assert_eq!(says(&flash, &layout), Some(steps));
        }
    }

    /// A cut hides an entry; the device goes on from the one before it, and says so; then the hidden one reads well. It
    /// must not count: what it says is done has been begun anew.
    #[test]
    fn an_entry_that_reads_well_too_late_does_not_count() {
        for before in 1..200 {
            let (mut flash, layout) = parts();
            for steps in 0..before {
                append(&mut flash, &layout, at(steps)).expect("flash works");
            }
            let newest = find(&flash, &layout)
                .expect("flash works")
                .expect("an entry");
            if newest.index + 1 == entries(&layout) {
                continue; // The next one goes to an erased page.
            }
            // Half of it arrives at first; the other half later, as if a weak write read well at last.
            let hidden = encode(newest.number + 1, at(before));
            let spot = spot(&layout, newest.page, newest.index + 1);
            flash.write(spot, &hidden[..8]).expect("flash works");
            let restated = restate(&mut flash, &layout).expect("flash works");
            assert_eq!(restated, Some(at(before - 1)));
            flash.write(spot + 8, &hidden[8..]).expect("flash works");
            assert_eq!(
                says(&flash, &layout),
                Some(before - 1),
                "{before} entries before it"
            );
        }
    }
}
