//! The harness alone: what the other two programs are compared with.

#![no_std]
#![no_main]

use mainstay_footprint::{board, documents, stack};

/// First code after reset; the vector table in the library points here.
// SAFETY: the linker script and the vector table use this name for exactly this function, and no
// other crate has it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    board::start();
    board::say_number(b"stack \0", stack::depth_of(documents::keep));
    board::end()
}
