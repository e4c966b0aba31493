//! An application, version 2: says its name, and does no more than being updated.

#![no_std]
#![no_main]

use mainstay_microbit::board::{Uart, stop};
use mainstay_microbit::services;

/// First code after the boot loader's jump; the vector table in the library points here.
// SAFETY: the linker script and the vector table use this name for exactly this function, and no other crate has it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    Uart::start().text("application 2\n");
    services::serve(poll);
    stop()
}

extern "C" fn poll() -> u32 {
    services::PASSED
}
