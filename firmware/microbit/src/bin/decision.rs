//! The boot decision alone: what a boot loader takes whose safe mode and whose core lie elsewhere. Nothing but a measurement.

#![no_std]
#![no_main]

/// First code after reset; the vector table in the library points here.
// SAFETY: the linker script and the vector table use this name for exactly this function, and no other crate has it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    mainstay_microbit::boot_alone()
}
