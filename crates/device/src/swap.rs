//! Swapping: the images of both slots change places, page by page, through a scratch page.
//!
//! A Cortex-M0 can't move its vectors, and few programs run from two addresses: such a device has one place
//! to execute from, the first. Its slots keep their names and heads; only their images move.
//!
//! | step | what happens | who still has the page of the image that moves | after a cut within it |
//! |---|---|---|---|
//! | 3i | scratch := second\\[i] | second, until 3i + 1 | done again |
//! | 3i + 1 | second\\[i] := first\\[i] | first, until 3i + 2; scratch | done again |
//! | 3i + 2 | first\\[i] := scratch | scratch, until 3(i + 1) | done again |
//!
//! Each step erases what it writes to and reads only what it doesn't touch, so it can be done any number of
//! times. The log (`swap_log.rs`) says how many are done; what it says was found at power-up is said once
//! more before a step relies on it. A swap that began is always brought to its end: [`finish`].

use crate::flash::{Flash, FlashError};
use crate::layout::{Layout, Place};
use crate::slot::Slot;
use crate::swap_log::{self, Progress};

/// Bytes that are copied at once: a multiple of every write size, and small enough for a boot loader's
/// stack.
const PIECE_BYTES: usize = 256;
/// A page that isn't what was copied is copied once more; then the image's digest will tell.
const COPIES_MAX: u32 = 2;
const STEPS_PER_PAGE: u32 = 3;

impl Progress {
    /// Whether all is done.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.steps >= u32::from(self.pages) * STEPS_PER_PAGE
    }

    /// The slot that lies in the first place, once all is done.
    #[must_use]
    pub fn first_after(self) -> Slot {
        self.first.other()
    }
}

/// Brings a swap that began to its end, if there is one. Returns the slot that lies in the first place.
///
/// # Errors
/// If flash fails; the next power-up goes on.
pub fn finish(flash: &mut impl Flash, layout: &Layout) -> Result<Slot, FlashError> {
    match swap_log::newest(flash, layout)? {
        None => Ok(Slot::A),
        Some(progress) if progress.is_complete() => Ok(progress.first_after()),
        Some(_) => match swap_log::restate(flash, layout)? {
            None => Ok(Slot::A),
            Some(progress) => go_on(flash, layout, progress),
        },
    }
}

/// Lets both images change places. Returns the slot that lies in the first place then.
///
/// # Errors
/// If flash fails; [`finish`] goes on at the next power-up.
pub fn begin(
    flash: &mut impl Flash,
    layout: &Layout,
    first: Slot,
    pages: u16,
) -> Result<Slot, FlashError> {
    let progress = Progress {
        first,
        pages,
        steps: 0,
    };
    swap_log::append_first(flash, layout, progress)?;
    go_on(flash, layout, progress)
}

fn go_on(
    flash: &mut impl Flash,
    layout: &Layout,
    mut progress: Progress,
) -> Result<Slot, FlashError> {
    while !progress.is_complete() {
        step(flash, layout, progress.steps)?;
        progress.steps += 1;
        swap_log::append(flash, layout, progress)?;
    }
    Ok(progress.first_after())
}

fn step(flash: &mut impl Flash, layout: &Layout, number: u32) -> Result<(), FlashError> {
    let offset = number / STEPS_PER_PAGE * layout.page_bytes();
    let [first, second] = [Place::First, Place::Second].map(|place| layout.image(place) + offset);
    let scratch = layout.scratch();
    match number % STEPS_PER_PAGE {
        0 => copy(flash, layout, second, scratch),
        1 => copy(flash, layout, first, second),
        _ => copy(flash, layout, scratch, first),
    }
}

/// Copies a page, and looks whether it arrived.
fn copy(flash: &mut impl Flash, layout: &Layout, from: u32, to: u32) -> Result<(), FlashError> {
    for _ in 0..COPIES_MAX {
        flash.erase_page(to)?;
        if copy_pieces(flash, layout, from, to)? {
            break;
        }
    }
    Ok(())
}

fn copy_pieces(
    flash: &mut impl Flash,
    layout: &Layout,
    from: u32,
    to: u32,
) -> Result<bool, FlashError> {
    let mut arrived = true;
    for at in (0..layout.page_bytes()).step_by(PIECE_BYTES) {
        let count = (layout.page_bytes() - at).min(PIECE_BYTES as u32) as usize;
        let piece = piece(flash, from + at, count)?;
        if piece[..count].iter().any(|byte| *byte != 0xff) {
            arrived &= write(flash, to + at, &piece[..count])?;
        }
    }
    Ok(arrived)
}

/// A piece of a page; erased bytes in the place of what can't be read, which no image is made of.
fn piece(flash: &impl Flash, address: u32, count: usize) -> Result<[u8; PIECE_BYTES], FlashError> {
    let mut piece = [0xff; PIECE_BYTES];
    match flash.read(address, &mut piece[..count]) {
        Err(FlashError::Failed) => Ok([0xff; PIECE_BYTES]),
        outcome => outcome.map(|()| piece),
    }
}

fn write(flash: &mut impl Flash, address: u32, bytes: &[u8]) -> Result<bool, FlashError> {
    match flash.write(address, bytes) {
        Err(error) if error.is_for_good() => return Ok(false),
        outcome => outcome?,
    }
    let there = piece(flash, address, bytes.len())?;
    Ok(there[..bytes.len()] == *bytes)
}
