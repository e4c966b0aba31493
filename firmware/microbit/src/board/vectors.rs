//! The vector table, and what happens when nothing sensible can happen any more: the device restarts.
//!
//! An image on trial has used up one of its starts by then; after the last of them the boot decision goes back.

use core::panic::PanicInfo;

use super::processor::restart;
use super::uart::Uart;

/// The stack begins below the hand-over, as `map.rs` draws it.
const STACK_TOP: u32 = crate::map::HANDOVER;

unsafe extern "C" {
    /// Each program's entry point.
    // SAFETY: the definition takes no arguments and needs no set-up beyond the stack pointer.
    safe fn reset() -> !;
}

/// Layout: ARMv6-M Architecture Reference Manual, "The vector table".
#[repr(C)]
struct VectorTable {
    stack_top: u32,
    reset: extern "C" fn() -> !,
    exceptions: [extern "C" fn() -> !; 14],
}

// SAFETY: the linker script puts this section at the start of the program, where the processor, or the boot loader,
// expects exactly this layout.
#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: VectorTable = VectorTable {
    stack_top: STACK_TOP,
    reset,
    exceptions: [fault; 14],
};

extern "C" fn fault() -> ! {
    Uart::start().text("mainstay: fault\n");
    restart()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // The place isn't said: it would put source paths into the image.
    Uart::start().text("mainstay: panic\n");
    restart()
}
