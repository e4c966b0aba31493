//! The flash controller: erasing by pages, writing by words.
//!
//! Source: nRF51 Reference Manual 3.0, chapter "Non-Volatile Memory Controller (NVMC)"; QEMU source
//! `hw/nvram/nrf51_nvm.c`.

use core::ptr;

use super::register::Register;

const READY: Register = Register::at(0x4001_E400);
const CONFIG: Register = Register::at(0x4001_E504);
const ERASEPAGE: Register = Register::at(0x4001_E508);

const READ: u32 = 0;
const WRITE: u32 = 1;
const ERASE: u32 = 2;

/// Writes a word onto erased ones.
pub(crate) fn write(address: u32, word: u32) {
    CONFIG.write(WRITE);
    // SAFETY: only `mapped.rs` calls this, for a word of a part of flash whose owner asks for it.
    unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(address as usize), word) };
    wait();
    CONFIG.write(READ);
}

/// Erases the page at this address.
pub(crate) fn erase_page(address: u32) {
    CONFIG.write(ERASE);
    ERASEPAGE.write(address);
    wait();
    CONFIG.write(READ);
}

fn wait() {
    while READY.read() & 1 == 0 {}
}
