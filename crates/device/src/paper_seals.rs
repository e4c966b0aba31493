//! The seals behind a paper: whether it counts, and whether it will still count tomorrow.
//!
//! They lie at the end of each copy's pages, one write unit each, in pairs. A paper counts once it has any: by then
//! all of it has been written (see `seal.rs`). If the second one of a pair is set, the first one is for good, and
//! so the paper counts for good. Else the last cut may have come within a seal, which reads well now and perhaps
//! never again; then the boot loader sets one more pair before anything relies on the paper.
//!
//! A copy that reads as if it had no seal may have one that was cut off, and have it again a moment later. So the
//! boot loader erases it, its seals first.
//!
//! There are as many as there is room for, at most [`SEALS_MAX`], so as many cuts exactly there, one after the
//! other, can be stood. A device that is cut off there more often may take up the paper before; it hears
//! of the newer one at its next check-in.

use crate::flash::{Flash, FlashError};
use crate::layout::Layout;
use crate::papers::{HEADER_BYTES, Paper};
use crate::seal;

/// The most seals of a copy: eight pairs.
pub const SEALS_MAX: u32 = 16;

/// Makes certain, for each copy of a paper, that it goes on to count or goes on not to. A boot loader asks for it
/// before anything relies on the paper.
///
/// # Errors
/// If the power goes away. A part that won't take it leaves things as they are.
pub fn restate(flash: &mut impl Flash, layout: &Layout, paper: Paper) -> Result<(), FlashError> {
    for copy in 0..2 {
        match restate_copy(flash, layout, paper, copy) {
            Err(error) if error.is_for_good() => {}
            outcome => outcome?,
        }
    }
    Ok(())
}

fn restate_copy(
    flash: &mut impl Flash,
    layout: &Layout,
    paper: Paper,
    copy: u32,
) -> Result<(), FlashError> {
    let seals = read(flash, layout, paper, copy)?;
    match (seals.is_sealed, seals.is_for_good) {
        (true, true) => Ok(()),
        (true, false) => set_next(flash, layout, paper, copy, seals),
        (false, _) => drop_copy(flash, layout, paper, copy),
    }
}

/// Erases the seals of a copy and then its header, unless there is none.
fn drop_copy(
    flash: &mut impl Flash,
    layout: &Layout,
    paper: Paper,
    copy: u32,
) -> Result<(), FlashError> {
    let first = layout.paper(paper, copy);
    let mut start = [0; 4];
    match flash.read(first, &mut start) {
        Ok(()) if start == [0xff; 4] => return Ok(()),
        Ok(()) | Err(FlashError::Failed) => {}
        Err(error) => return Err(error),
    }
    let last = layout.paper_pages(paper, copy).last().unwrap_or(first);
    flash.erase_page(last)?;
    match last == first {
        true => Ok(()),
        false => flash.erase_page(first),
    }
}

/// What the seals of a copy say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seals {
    /// Whether the paper counts.
    pub is_sealed: bool,
    /// Whether it will always.
    pub is_for_good: bool,
    /// Where the next pair goes, if there is room.
    next: Option<u32>,
}

/// Reads the seals of a copy.
///
/// # Errors
/// If flash fails.
pub fn read(
    flash: &impl Flash,
    layout: &Layout,
    paper: Paper,
    copy: u32,
) -> Result<Seals, FlashError> {
    let count = count(layout, paper);
    let mut seals = Seals {
        is_sealed: false,
        is_for_good: false,
        next: Some(0),
    };
    for index in 0..count {
        if seal::is_set(
            flash,
            address(layout, paper, copy, index),
            layout.write_bytes(),
        )? {
            seals.is_sealed = true;
            seals.is_for_good |= index % 2 == 1;
            // The pair behind it may have been begun without its reading so: it is passed over.
            let next = (index / 2 + 2) * 2;
            seals.next = (next + 1 < count).then_some(next);
        }
    }
    Ok(seals)
}

/// Sets the next pair, if there is room.
///
/// # Errors
/// If flash fails.
pub fn set_next(
    flash: &mut impl Flash,
    layout: &Layout,
    paper: Paper,
    copy: u32,
    seals: Seals,
) -> Result<(), FlashError> {
    let Some(next) = seals.next else {
        return Ok(());
    };
    for index in [next, next + 1] {
        let address = address(layout, paper, copy, index);
        seal::set(flash, address, layout.write_bytes())?;
    }
    Ok(())
}

/// Seals a copy that was just written.
///
/// # Errors
/// If flash fails.
pub fn set_first(
    flash: &mut impl Flash,
    layout: &Layout,
    paper: Paper,
    copy: u32,
) -> Result<(), FlashError> {
    let none = Seals {
        is_sealed: false,
        is_for_good: false,
        next: Some(0),
    };
    set_next(flash, layout, paper, copy, none)
}

/// How many seals there is room for. [`Layout::new`] sees to a pair.
fn count(layout: &Layout, paper: Paper) -> u32 {
    let used = (HEADER_BYTES + paper.bytes_max()) as u32;
    let room = layout.paper_bytes(paper).saturating_sub(used);
    (room / layout.write_bytes()).min(SEALS_MAX) & !1
}

fn address(layout: &Layout, paper: Paper, copy: u32, index: u32) -> u32 {
    let end = layout.paper(paper, copy) + layout.paper_bytes(paper);
    end - (count(layout, paper) - index) * layout.write_bytes()
}
