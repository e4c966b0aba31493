//! The stack, painted at the start: whoever looks at RAM later sees how deep it grew.

use core::arch::asm;
use core::ptr;

use crate::map::STACK_PAINT;

/// First address of RAM; nothing is static, so the stack has all of it.
const RAM_START: usize = 0x2000_0000;
/// Room for the painter's own frame and those above it.
const MARGIN_BYTES: usize = 64;

/// Paints what the stack hasn't reached yet.
#[inline(never)]
pub fn paint() {
    let end = pointer() - MARGIN_BYTES;
    for address in (RAM_START..end).step_by(4) {
        // SAFETY: words of RAM below every live frame; the margin covers this function's own.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(address), STACK_PAINT) };
    }
}

fn pointer() -> usize {
    let pointer: usize;
    // SAFETY: it only copies the stack pointer.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
