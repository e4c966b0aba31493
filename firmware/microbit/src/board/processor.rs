//! Instructions that Rust has no word for. Nothing here ever unmasks interrupts.

use core::arch::asm;

use super::register::Register;

/// Application interrupt and reset control (ARMv6-M Architecture Reference Manual, "AIRCR").
const AIRCR: Register = Register::at(0xE000_ED0C);
const KEY_AND_RESET: u32 = 0x05FA_0004;

/// Restarts the device.
pub fn restart() -> ! {
    AIRCR.write(KEY_AND_RESET);
    stop()
}

/// Does nothing for ever.
pub fn stop() -> ! {
    loop {
        // SAFETY: WFI changes no register and no memory; it only waits.
        unsafe { asm!("wfi", options(nostack, preserves_flags)) }
    }
}

/// Starts the program whose vector table lies at this address, as a reset would: with its stack, and nothing of ours.
pub fn jump(vectors: u32) -> ! {
    // SAFETY: the boot decision has found the bytes there to be those of an accepted image. Interrupts are masked and stay
    // so. Nothing of this program is used again.
    unsafe {
        asm!(
            "cpsid i",
            "ldr r1, [r0]",
            "ldr r0, [r0, #4]",
            "mov sp, r1",
            "bx r0",
            in("r0") vectors,
            in("r1") 0,
            options(noreturn)
        )
    }
}
