//! The two instructions that Rust has no word for. Nothing here ever unmasks interrupts.

use core::arch::asm;

/// Masks interrupts. A pending one still ends [`wait_for_interrupt`] (ARMv6-M Architecture
/// Reference Manual, "Wait For Interrupt").
pub fn mask_interrupts() {
    // SAFETY: setting PRIMASK touches neither memory nor the stack, and this firmware has no
    // handler that must run.
    unsafe { asm!("cpsid i", options(nostack, preserves_flags)) }
}

/// Sleeps until an enabled interrupt is pending. May return early, so callers check their own
/// condition.
pub fn wait_for_interrupt() {
    // SAFETY: WFI changes no register and no memory; it only waits.
    unsafe { asm!("wfi", options(nostack, preserves_flags)) }
}
