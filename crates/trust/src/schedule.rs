//! The schedule: how much of a class may install a release, and when, by the word of operations.
//!
//! A root may demand one for a class. Then a conquered server can't widen a canary: each device
//! finds out for itself whether it lies within the share.
//!
//! ```text
//! { 1: manifest digest, 2: class id, 3: share, 4: not before, 5: expires }
//! ```

use crate::cbor::Canonical;
use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::document::{Document, lasts};
use crate::encoder::Encoder;
use crate::fields::Fields;
use crate::list::Item;
use crate::manifest::Uuid;
use crate::primitives::{Hasher, Primitives};
use crate::refusal::Refusal;
use crate::root::Role;

/// The share that means every device: shares are counted in hundredths of a percent.
pub const SHARE_WHOLE: u16 = 10_000;

/// The longest time that a schedule holds, in seconds: 400 days.
pub const SCHEDULE_S_MAX: u64 = 400 * 86_400;

/// How much of a class may install a release, and when.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Schedule {
    /// The release, by its manifest digest.
    pub release: Digest,
    /// The class that it is for.
    pub class: Uuid,
    /// How many of 10,000 devices may install it.
    pub share: u16,
    /// Not before this moment, in Unix seconds.
    pub not_before: u64,
    /// And not from this moment on, in Unix seconds.
    pub expires: u64,
}

impl Schedule {
    /// Whether the device of this id lies within the share: whether the first eight bytes of
    /// SHA-256(manifest digest, id), a big-endian number, modulo 10,000 lie below it. Which devices
    /// come first is thereby different with every release, and known to nobody but by their ids.
    pub fn includes(&self, device_id: &[u8], primitives: &impl Primitives) -> bool {
        let mut hasher = primitives.hasher();
        hasher.update(&self.release.0);
        hasher.update(device_id);
        // Byte by byte, because a small processor would need a kilobyte of code to divide 64 bits.
        let digest = hasher.finish().0;
        let remainder = digest[..8].iter().fold(0, |rest, byte| {
            (rest << 8 | u32::from(*byte)) % u32::from(SHARE_WHOLE)
        });
        remainder < u32::from(self.share)
    }
}

impl<'a> Document<'a> for Schedule {
    const CONTENT_TYPE: &'static str = "application/vnd.mainstay.schedule+cbor";
    const ROLE: Role = Role::Operations;
    /// A digest, a UUID and three numbers.
    const BYTES_MAX: usize = 96;

    fn read(d: &mut Decoder<'a>) -> Self {
        let mut fields = Fields::open(d);
        let schedule = Schedule {
            release: Digest::read(fields.need(1)),
            class: *fields.need(2).fixed(),
            share: fields.need(3).u16(),
            not_before: fields.need(4).u64(),
            expires: fields.need(5).u64(),
        };
        fields.end();
        schedule
    }

    fn check(&self) -> Result<(), Refusal> {
        lasts(self.not_before, self.expires, SCHEDULE_S_MAX)?;
        if self.share <= SHARE_WHOLE {
            Ok(())
        } else {
            Err(Refusal::FieldInvalid)
        }
    }

    fn sequence(&self) -> u64 {
        self.not_before
    }
}

impl Canonical for Schedule {
    fn write(&self, e: &mut Encoder<'_>) {
        e.map(5).int(1).bytes(&self.release.0);
        e.int(2).bytes(&self.class).int(3).uint(self.share.into());
        e.int(4).uint(self.not_before);
        e.int(5).uint(self.expires);
    }
}
