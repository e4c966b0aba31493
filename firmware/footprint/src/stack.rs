//! How deep the stack grows: painted before, looked at after.

use core::arch::asm;
use core::ptr;

use crate::board::RAM_START;

/// What untouched stack holds: nothing that code would leave there by chance.
const PAINT: u32 = 0xA5C3_5AE1;

/// Room for the painter's own frame, which the painted work then uses again.
const MARGIN_BYTES: usize = 64;

/// Bytes of stack that `work` takes below its caller.
///
/// Words that happen to keep the paint's value could only hide at the very end of the deepest frame.
#[inline(never)]
pub fn depth_of(work: fn()) -> usize {
    let top = pointer();
    paint(RAM_START, top - MARGIN_BYTES);
    work();
    top - first_touched(RAM_START, top)
}

fn pointer() -> usize {
    let pointer: usize;
    // SAFETY: it only copies the stack pointer.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

fn paint(start: usize, end: usize) {
    for address in (start..end).step_by(4) {
        // SAFETY: words of RAM below every live frame; the margin covers this function's own.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(address), PAINT) };
    }
}

fn first_touched(start: usize, end: usize) -> usize {
    let is_touched = |address: &usize| {
        // SAFETY: as in `paint`; reading what work left behind is sound for words.
        let word: u32 = unsafe { ptr::read_volatile(ptr::with_exposed_provenance(*address)) };
        word != PAINT
    };
    (start..end).step_by(4).find(is_touched).unwrap_or(end)
}
