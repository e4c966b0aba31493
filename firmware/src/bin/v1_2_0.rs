//! Version 1.2.0: rejects disturbed bursts, and by a real fault in that new path fails after four
//! minutes.

#![no_std]
#![no_main]

use mainstay_demo::sampler;
use mainstay_demo::station::{self, Release};

/// First code after reset; the vector table in the library points here.
// SAFETY: the linker script and the vector table use this name for exactly this function, and no
// other crate has it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    station::run(&Release {
        version: "1.2.0",
        take_sample: sampler::mean_if_quiet,
        reports_average: true,
    })
}
