//! The vector table, and what happens when nothing sensible can happen any more.
//!
//! A fault or a panic says so once on the serial port and stops; it never tries to continue.

use core::panic::PanicInfo;

use super::processor::{mask_interrupts, wait_for_interrupt};
use super::uart::Uart;

/// First address after the 16 KB of RAM; the stack grows down from here and has all of it.
const STACK_TOP: u32 = 0x2000_4000;

unsafe extern "C" {
    /// Each version's binary defines its own entry point.
    // SAFETY: the definition takes no arguments and needs no set-up beyond the stack pointer.
    safe fn reset() -> !;
}

/// Layout: ARMv6-M Architecture Reference Manual, "The vector table". Entry 2 and up are
/// exceptions, then the 32 interrupts.
#[repr(C)]
struct VectorTable {
    stack_top: u32,
    reset: extern "C" fn() -> !,
    exceptions_and_interrupts: [extern "C" fn() -> !; 46],
}

// SAFETY: the linker script puts this section at address 0, where the processor expects exactly
// this layout.
#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: VectorTable = VectorTable {
    stack_top: STACK_TOP,
    reset,
    exceptions_and_interrupts: [unexpected_exception; 46],
};

extern "C" fn unexpected_exception() -> ! {
    stop("unexpected exception")
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // The place of the panic is not printed: it would put source paths into the image.
    stop("panic")
}

fn stop(reason: &str) -> ! {
    mask_interrupts();
    Uart::start().line(format_args!("mainstay-demo stopped: {reason}"));
    loop {
        wait_for_interrupt();
    }
}
