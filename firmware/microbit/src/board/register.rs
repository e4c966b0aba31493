//! One 32-bit hardware register. An address outside the blocks in use doesn't compile into a constant [`Register`].

use core::ops::Range;
use core::ptr;

/// Register blocks that can't write to RAM on their own. UART0, TIMER0, NVMC: nRF51 Reference Manual 3.0, instance
/// table. AIRCR: ARMv6-M Architecture Reference Manual, "System control and ID registers".
const BLOCKS: [Range<usize>; 4] = [
    0x4000_2000..0x4000_3000,
    0x4000_8000..0x4000_9000,
    0x4001_E000..0x4001_F000,
    0xE000_ED0C..0xE000_ED10,
];

/// A register at a checked address.
#[derive(Debug, Clone, Copy)]
pub struct Register(usize);

impl Register {
    /// Meant for constants, where a wrong address stops the build instead of the device.
    pub const fn at(address: usize) -> Self {
        assert!(address.is_multiple_of(4), "registers are words");
        assert!(is_in_blocks(address), "no block in use has this address");
        Self(address)
    }

    pub fn read(self) -> u32 {
        // SAFETY: `at` proved that the address is a word in a register block of this chip, which is always mapped.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance(self.0)) }
    }

    pub fn write(self, value: u32) {
        // SAFETY: as in `read`; none of these blocks writes to RAM. The flash controller changes flash, and only as
        // `nvmc.rs` asks it to.
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
