//! What boot loader and application say to each other by its place: the end of RAM, which neither program's stack
//! reaches (`map.rs`), and the table behind the boot loader's vectors (`services.rs`).

use core::ptr;

use crate::map::HANDOVER;
use crate::services::{AT, MAGIC, Services};

/// Reads bytes there.
pub(crate) fn read<const N: usize>(address: u32) -> [u8; N] {
    check(address, N);
    core::array::from_fn(|at| {
        // SAFETY: `check` proved that the bytes lie in the part of RAM that the stack begins below.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance(address as usize + at)) }
    })
}

/// Writes bytes there.
pub(crate) fn write(address: u32, bytes: &[u8]) {
    check(address, bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        // SAFETY: as in `read`; no reference to these bytes exists.
        unsafe {
            ptr::write_volatile(
                ptr::with_exposed_provenance_mut(address as usize + at),
                *byte,
            )
        };
    }
}

fn check(address: u32, length: usize) {
    assert!(
        address >= HANDOVER && length <= 32,
        "the hand-over's 32 bytes"
    );
}

/// The boot loader's table. None if there is none.
pub(crate) fn services() -> Option<Services> {
    let table = ptr::with_exposed_provenance::<u32>(AT as usize);
    // SAFETY: a word of the flash in which every boot loader lies, always mapped.
    let magic = unsafe { ptr::read_volatile(table) };
    if magic != MAGIC {
        return None;
    }
    // SAFETY: the magic word says that the boot loader has put such a table here, whose second word is the address of
    // such a function.
    Some(unsafe { ptr::read_volatile(table.cast()) })
}
