//! The boot loader, which also is safe mode, and serves the line for applications.

#![no_std]
#![no_main]

use mainstay_microbit::services::{MAGIC, Services};

/// First code after reset; the vector table in the library points here.
// SAFETY: the linker script and the vector table use this name for exactly this function, and no other crate has it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    mainstay_microbit::boot()
}

// SAFETY: the linker script puts this section behind the vectors, where applications expect exactly this layout.
#[unsafe(link_section = ".services")]
#[used]
static SERVICES: Services = Services {
    magic: MAGIC,
    serve: mainstay_microbit::serve_application,
};
