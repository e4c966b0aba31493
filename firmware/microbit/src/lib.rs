//! A micro:bit (nRF51822, Cortex-M0) that is updated over its serial line, as QEMU's `microbit` machine emulates it.
//!
//! | question | file |
//! |---|---|
//! | what lies where in flash and memory? | `map.rs` |
//! | what did the factory put in? | `factory.rs` |
//! | what does the boot loader tell the application? | `handover.rs` |
//! | how is flash read and written? | `mapped.rs`; the controller, `board/nvmc.rs` |
//! | who listens on the line? | `line.rs` |
//! | what does the boot loader do for applications? | `services.rs` |
//!
//! The boot loader (`bin/boot.rs`) decides what to boot, brings it into place, and jumps. An application (`bin/app_1.rs`)
//! does what it is for, here nothing, and lets the boot loader's code serve the line. If nothing can be booted, the boot loader
//! serves it alone. All `unsafe` code stands in `board/` and `mapped.rs`, apart from names that the linker knows, and
//! the two places that take the parts of flash.

#![no_std]

pub mod factory;
pub mod map;

#[cfg(target_os = "none")]
pub mod board;
#[cfg(target_os = "none")]
pub mod handover;
#[cfg(target_os = "none")]
mod line;
#[cfg(target_os = "none")]
mod mapped;
#[cfg(target_os = "none")]
pub mod services;
#[cfg(target_os = "none")]
mod start;

#[cfg(target_os = "none")]
pub use start::{boot, boot_alone, serve_application};
