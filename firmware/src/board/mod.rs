//! The board: the little of the nRF51822 that the station uses, as QEMU's `microbit` machine
//! emulates it.
//!
//! All `unsafe` code of the firmware is in this folder, apart from the name of the `reset`
//! function. Interrupts stay masked for the whole run: they only wake the processor, so no handler
//! ever shares state with the main loop.

mod processor;
mod register;
mod timer;
mod uart;
mod vectors;

pub use timer::Seconds;
pub use uart::Uart;
