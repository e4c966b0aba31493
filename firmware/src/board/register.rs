//! One 32-bit hardware register: the only place of the firmware that reads or writes raw addresses.
//!
//! An address outside the three peripherals in use does not compile into a constant [`Register`];
//! so everything above this file is safe code.

use core::ops::Range;
use core::ptr;

/// Register blocks that cannot write to RAM on their own, unlike for example the radio with its
/// packet pointer. UART0 and TIMER0: nRF51 Reference Manual 3.0, instance table. NVIC: ARMv6-M
/// Architecture Reference Manual, "Nested Vectored Interrupt Controller".
const BLOCKS: [Range<usize>; 3] = [
    0x4000_2000..0x4000_3000,
    0x4000_8000..0x4000_9000,
    0xE000_E100..0xE000_E500,
];

/// A register at a checked address.
#[derive(Debug, Clone, Copy)]
pub struct Register(usize);

impl Register {
    /// Meant for constants, where a wrong address stops the build instead of the device.
    pub const fn at(address: usize) -> Self {
        assert!(address.is_multiple_of(4), "registers are words");
        assert!(
            is_in_blocks(address),
            "only UART0, TIMER0 and the NVIC are in use"
        );
        Self(address)
    }

    pub fn read(self) -> u32 {
        // SAFETY: `at` proved that the address is a word in a register block of this chip, which is
        // always mapped.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance(self.0)) }
    }

    pub fn write(self, value: u32) {
        // SAFETY: as in `read`; these blocks have no access to memory, so no value can disturb
        // Rust's own data.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(self.0), value) }
    }
}

const fn is_in_blocks(address: usize) -> bool {
    let mut index = 0;
    while index < BLOCKS.len() {
        if BLOCKS[index].start <= address && address < BLOCKS[index].end {
            return true;
        }
        index += 1;
    }
    false
}
