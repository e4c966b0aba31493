//! What the boot loader does for applications: it keeps the core once, and an application calls it.
//!
//! Two images with a verifier each, and a boot loader with another, don't fit 256 KB. So the line is served by the boot
//! loader's code, also while an application runs, which is called back in between: interrupts stay masked, and an application
//! is a function that is polled. Behind the boot loader's vectors stands, at [`AT`]:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSV1" |
//! | 4 | 4 | address of `extern "C" fn(poll: extern "C" fn() -> u32) -> !` |

use crate::board::memory;

/// Where the table stands.
pub const AT: u32 = 0x40;
/// What it begins with: its version.
pub const MAGIC: u32 = u32::from_le_bytes(*b"MSV1");

/// What an application's poll says of its self-test: it hasn't run yet.
pub const NOT_RUN: u32 = 0;
/// The application is well.
pub const PASSED: u32 = 1;
/// It isn't, and is to be given up if it is on trial.
pub const FAILED: u32 = 2;

/// The work of an application between two bytes on the line: short, and always back. Returns its self-test.
pub type Poll = extern "C" fn() -> u32;

/// The table.
#[repr(C)]
pub struct Services {
    /// [`MAGIC`].
    pub magic: u32,
    /// Serves the line for ever.
    pub serve: extern "C" fn(Poll) -> !,
}

/// Lets the boot loader serve the line, and be called by it again and again. None if this boot loader has no such
/// service.
pub fn serve(poll: Poll) -> Option<core::convert::Infallible> {
    let services: Services = memory::services()?;
    (services.serve)(poll)
}
