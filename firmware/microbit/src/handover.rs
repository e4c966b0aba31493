//! What the boot loader tells the application: what was booted, and why. It lies at the end of RAM, which a jump
//! leaves alone.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSH1" |
//! | 4 | 1 | the slot: 0 is A, 1 is B |
//! | 5 | 1 | the reason, by its number |
//! | 6 | 2 | 0 |
//! | 8 | 4 | CRC-32 (ISO-HDLC) of all before, little-endian |
//!
//! It is taken once: an application that is started otherwise, by a debugger, finds none and runs as confirmed would,
//! counting nothing.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use mainstay_device::{Booted, Slot};
use mainstay_protocol::BootReason;

use crate::board::memory;
use crate::map::HANDOVER;

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
const MAGIC: [u8; 4] = *b"MSH1";
const WORDS: usize = 3;

/// The reasons for which an application is booted, by number.
const REASONS: [BootReason; 4] = [
    BootReason::Confirmed,
    BootReason::Trial,
    BootReason::Reverted,
    BootReason::LastResort,
];

/// Leaves the word for the application.
pub fn leave(booted: Booted) {
    let reason = REASONS.iter().position(|reason| *reason == booted.reason);
    let slot = booted.slot.map_or(0, Slot::number) as u8;
    let mut bytes = [0; WORDS * 4];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4] = slot;
    bytes[5] = reason.unwrap_or_default() as u8;
    let crc = CRC.checksum(&bytes[..8]).to_le_bytes();
    bytes[8..].copy_from_slice(&crc);
    memory::write(HANDOVER, &bytes);
}

/// Takes the word of the boot loader.
#[must_use]
pub fn take() -> Option<Booted> {
    let bytes: [u8; WORDS * 4] = memory::read(HANDOVER);
    memory::write(HANDOVER, &[0; WORDS * 4]);
    let crc = CRC.checksum(&bytes[..8]).to_le_bytes();
    let is_whole = bytes[..4] == MAGIC && bytes[8..] == crc;
    let reason = REASONS.get(usize::from(bytes[5])).copied()?;
    is_whole.then_some(Booted {
        slot: Some(if bytes[4] == 0 { Slot::A } else { Slot::B }),
        reason,
    })
}
