//! The board: the little of the nRF51822 that a device of ours uses, as QEMU's `microbit` machine emulates it.
//!
//! Interrupts stay masked for the whole run, of the boot loader and of the application: the processor's vectors are
//! the boot loader's, and nothing here needs them but faults, which restart the device.

pub mod memory;
pub mod nvmc;
mod processor;
mod register;
pub mod stack;
mod timer;
mod uart;
mod vectors;

pub use processor::{jump, restart, stop};
pub use timer::Clock;
pub use uart::Uart;
