//! Banks: two places in flash, from either of which a device starts an image where it lies.
//!
//! An image that isn't copied to one place before it starts is linked for the place in which it lies. A
//! release for such devices has an image for each: its payload is the one for bank A with the one for bank
//! B behind it, and its manifest says what each of them is, besides what the payload is. A device fetches,
//! checks and keeps the part for the bank that it writes to. Read [`Banks`] first.
//!
//! A device that starts its images from one place, or finds them the same everywhere, carries nothing of
//! this: without the feature `banks` the type has no value, so that the compiler drops whatever handles
//! one.

use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::digest384::Digest384;
use crate::encoder::Encoder;
use crate::image::Image;
use crate::list::Item as _;
use crate::refusal::Refusal;

#[cfg(feature = "banks")]
type Content = [Image; 2];
#[cfg(not(feature = "banks"))]
type Content = core::convert::Infallible;
#[cfg(feature = "banks")]
type Place = (Digest, u32);
#[cfg(not(feature = "banks"))]
type Place = core::convert::Infallible;

/// One of the two places.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Bank {
    /// The first.
    A,
    /// The second.
    B,
}

/// What belongs into either bank.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Banks(Content);

/// What belongs into one bank.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Part {
    /// Where in the payload it begins.
    pub offset: u64,
    /// What it is.
    pub image: Image,
}

/// Where the image for a bank is found: in which payload, from which byte on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Origin(Place);

impl Origin {
    /// The place of a part in this payload; none where this build knows no banks.
    #[cfg(feature = "banks")]
    pub(crate) fn known(payload: Digest, part: &Part) -> Option<Origin> {
        Some(Origin((payload, part.offset as u32)))
    }

    /// The place of a part in this payload; none where this build knows no banks.
    #[cfg(not(feature = "banks"))]
    pub(crate) fn known(_: Digest, _: &Part) -> Option<Origin> {
        None
    }

    /// SHA-256 of the payload, and the offset in it.
    #[cfg(feature = "banks")]
    pub(crate) fn get(&self) -> (Digest, u32) {
        self.0
    }

    /// Both, if there could be any.
    #[cfg(not(feature = "banks"))]
    pub(crate) fn get(&self) -> (Digest, u32) {
        match self.0 {}
    }
}

impl Banks {
    /// Whether this build knows releases with an image for each bank.
    pub const IS_KNOWN: bool = cfg!(feature = "banks");

    /// The images for bank A and for bank B; none where this build knows no banks.
    #[cfg(feature = "banks")]
    pub const fn known(images: [Image; 2]) -> Option<Banks> {
        Some(Banks(images))
    }

    /// The images for bank A and for bank B; none where this build knows no banks.
    #[cfg(not(feature = "banks"))]
    pub const fn known(_: [Image; 2]) -> Option<Banks> {
        None
    }

    /// Both images, in the order of the payload.
    #[cfg(feature = "banks")]
    pub const fn images(&self) -> [Image; 2] {
        self.0
    }

    /// Both images, if there could be any.
    #[cfg(not(feature = "banks"))]
    pub const fn images(&self) -> [Image; 2] {
        match self.0 {}
    }

    /// The part of the payload for a bank.
    pub fn part(&self, bank: Bank) -> Part {
        let [a, b] = self.images();
        match bank {
            Bank::A => Part {
                offset: 0,
                image: a,
            },
            Bank::B => Part {
                offset: a.bytes,
                image: b,
            },
        }
    }

    /// Whether they are parts of this payload: neither is empty, together they are as long, and they are
    /// bound by the same hashes.
    ///
    /// # Errors
    /// [`Refusal::FieldInvalid`].
    pub(crate) fn check(&self, payload: &Image) -> Result<(), Refusal> {
        let [a, b] = self.images();
        let is_part = |image: &Image| image.bytes > 0 && image.algorithm() == payload.algorithm();
        if is_part(&a) && is_part(&b) && a.bytes + b.bytes == payload.bytes {
            Ok(())
        } else {
            Err(Refusal::FieldInvalid)
        }
    }

    /// Reads what [`write`](Banks::write) writes.
    pub(crate) fn read(d: &mut Decoder<'_>) -> Option<Banks> {
        d.array();
        Banks::known([read_image(d), read_image(d)])
    }

    /// Writes `[[size, SHA-256, ? SHA-384], [size, SHA-256, ? SHA-384]]`.
    pub(crate) fn write(&self, e: &mut Encoder<'_>) {
        e.array(2);
        for image in self.images() {
            write_image(e, &image);
        }
    }
}

fn read_image(d: &mut Decoder<'_>) -> Image {
    let facts = d.array();
    Image {
        bytes: d.u32().into(),
        digest: Digest::read(d),
        sha384: match facts {
            3 => Digest384::read(d),
            _ => None,
        },
    }
}

fn write_image(e: &mut Encoder<'_>, image: &Image) {
    e.array(2 + usize::from(image.sha384.is_some()));
    e.uint(image.bytes).bytes(&image.digest.0);
    if let Some(digest) = image.sha384 {
        e.bytes(digest.as_bytes());
    }
}
