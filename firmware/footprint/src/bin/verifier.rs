//! All that a device does before its first erase: open its root, verify a release and a status, admit.

#![no_std]
#![no_main]

use core::hint::black_box;

use mainstay_footprint::{board, documents, stack};
use mainstay_trust::admission::{Freshness, Offer};
use mainstay_trust::counters::Counters;
use mainstay_trust::list::List;
use mainstay_trust::{
    Authority, BootloaderVersion, DeviceFacts, Digest, Refusal, RustCrypto, Verified, admit, verify,
};

/// First code after reset; the vector table in the library points here.
// SAFETY: the linker script and the vector table use this name for exactly this function, and no
// other crate has it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    board::start();
    documents::keep();
    board::say_number(b"stack \0", stack::depth_of(decide));
    board::end()
}

#[inline(never)]
fn decide() {
    match admission() {
        Ok(()) => board::say(b"admitted\n\0"),
        Err(refusal) => board::say_number(b"refused \0", usize::from(refusal.code())),
    }
}

/// The whole way of an offer; the bundle and the schedule, which this offer hasn't, are in the image too.
fn admission() -> Result<(), Refusal> {
    let root = verify::pinned_root(documents::root(), &RustCrypto)?;
    let offer = Offer {
        envelope: documents::envelope(),
        freshness: Freshness::Status(documents::status()),
        schedule: None,
    };
    black_box(admit(black_box(&offer), &device(&root), &RustCrypto)?);
    Ok(())
}

/// The device for which the golden release was made.
fn device<'a>(root: &'a Verified<mainstay_trust::Root<'a>>) -> DeviceFacts<'a> {
    DeviceFacts {
        device_id: b"th-0042",
        vendor_id: [0x11; 16],
        class_id: [0x22; 16],
        bootloader: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        authority: Authority::from(root),
        counters: Counters::default(),
        confirmed: Digest::ZERO,
        returns_to: List::default(),
        nonce: Some([0x5a; 16]),
        clock: None,
        slot_bytes: 64 * 1024,
        bank: None,
    }
}
