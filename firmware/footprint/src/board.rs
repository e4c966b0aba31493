//! The processor's start, and the debugger's channel (Arm semihosting) by which a result leaves QEMU.
//!
//! It touches no peripheral, so the same code runs on every Cortex-M.

use core::arch::asm;
use core::panic::PanicInfo;

/// First address of RAM, as in `link.x`.
pub const RAM_START: usize = 0x2000_0000;

/// First address after it; the stack grows down from here and has all of it.
const STACK_TOP: u32 = 0x2000_4000;

/// Semihosting operations (Arm, "Semihosting for AArch32 and AArch64", sections 5.22 and 5.23).
const SYS_WRITE0: usize = 0x04;
const SYS_EXIT: usize = 0x18;
const APPLICATION_EXIT: usize = 0x20026;
const RUN_TIME_ERROR: usize = 0x20023;

unsafe extern "C" {
    /// Each program's entry point.
    // SAFETY: the definition takes no arguments and needs no set-up beyond the stack pointer.
    safe fn reset() -> !;
}

/// Layout: ARMv6-M Architecture Reference Manual, "The vector table".
#[repr(C)]
struct VectorTable {
    stack_top: u32,
    reset: extern "C" fn() -> !,
    exceptions: [extern "C" fn() -> !; 14],
}

// SAFETY: the linker script puts this section at address 0, where the processor expects exactly this
// layout.
#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: VectorTable = VectorTable {
    stack_top: STACK_TOP,
    reset,
    exceptions: [fault; 14],
};

/// Lets the Cortex-M4's compiler keep values in floating-point registers (ARMv7-M Architecture Reference
/// Manual, "CPACR"). A Cortex-M0 has none.
pub fn start() {
    #[cfg(target_feature = "vfp2")]
    // SAFETY: CPACR is a register of every ARMv7-M with that feature; granting access harms nothing.
    unsafe {
        core::ptr::write_volatile(
            core::ptr::with_exposed_provenance_mut::<u32>(0xE000_ED88),
            0xF << 20,
        );
    }
}

/// Sends text to the host; `text` must end with a zero byte.
pub fn say(text: &[u8]) {
    if text.last() == Some(&0) {
        call(SYS_WRITE0, text.as_ptr().addr());
    }
}

/// Sends `name`, a decimal number, and a line's end.
pub fn say_number(name: &[u8], number: usize) {
    say(name);
    let mut text = *b"          \n\0";
    let (mut rest, mut at) = (number, 9);
    loop {
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 || at == 0 {
            break;
        }
        at -= 1;
    }
    say(&text[at..]);
}

/// Ends the program well.
pub fn end() -> ! {
    exit(APPLICATION_EXIT)
}

fn exit(reason: usize) -> ! {
    call(SYS_EXIT, reason);
    loop {}
}

fn call(operation: usize, parameter: usize) {
    // SAFETY: the breakpoint hands two registers to the debugger, which only reads memory; it answers in
    // the first.
    unsafe {
        asm!("bkpt #0xAB", inout("r0") operation => _, in("r1") parameter, options(nostack));
    }
}

extern "C" fn fault() -> ! {
    say(b"fault\n\0");
    exit(RUN_TIME_ERROR)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    say(b"panic\n\0");
    exit(RUN_TIME_ERROR)
}
