//! What our own signed documents have in common: a kind, a role that signs, and one encoding.
//!
//! A document that was only parsed proves nothing: [`verify`](crate::verify) takes the signed form
//! and gives out [`Verified`](crate::Verified) ones. Read [`Document`] first.

use crate::cbor::{self, Canonical, EncodeError};
use crate::decoder::Decoder;
use crate::refusal::Refusal;
use crate::root::Role;

/// A document of our own, as it stands in the payload of a [`Signed`](crate::signed::Signed).
pub trait Document<'a>: Canonical + Sized {
    /// The content type in the protected header of each signature, and its external data: a
    /// document of one kind never passes as another.
    const CONTENT_TYPE: &'static str;

    /// The one role that signs it.
    const ROLE: Role;

    /// The largest payload that is read or written.
    const BYTES_MAX: usize;

    /// Reads the fields from bytes that passed [`cbor::check`]. For another shape the decoder stops,
    /// and what is given out means nothing.
    fn read(d: &mut Decoder<'a>) -> Self;

    /// Whether the values can be meant.
    ///
    /// # Errors
    /// [`Refusal::FieldInvalid`], or [`Refusal::TooLarge`] for too many items.
    fn check(&self) -> Result<(), Refusal>;

    /// What a retired key's last number is compared with: the document's own sequence number, or
    /// where it has none the moment, in Unix seconds, from which it holds.
    fn sequence(&self) -> u64;

    /// Reads a payload.
    ///
    /// # Errors
    /// Whatever isn't byte for byte what [`encode`](Document::encode) writes is refused.
    #[inline(never)]
    fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut d = cbor::decoder(bytes, Self::BYTES_MAX);
        let document = Self::read(&mut d);
        d.verdict()?;
        document.check()?;
        if cbor::is_encoding_of(&document, bytes) {
            Ok(document)
        } else {
            Err(Refusal::ForeignProfile)
        }
    }

    /// Writes the payload into `buf` and returns its length; [`BYTES_MAX`](Document::BYTES_MAX) is
    /// always enough.
    ///
    /// # Errors
    /// A small buffer, or values that [`parse`](Document::parse) would refuse.
    fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        self.check()?;
        if cbor::encoded_len(self) > Self::BYTES_MAX {
            return Err(Refusal::TooLarge.into());
        }
        cbor::encode_into(self, buf)
    }
}

/// Whether something lasts from `from` to `to` (Unix seconds), and no longer than `seconds_max`.
pub(crate) fn lasts(from: u64, to: u64, seconds_max: u64) -> Result<(), Refusal> {
    if (1..=seconds_max).contains(&to.saturating_sub(from)) {
        Ok(())
    } else {
        Err(Refusal::FieldInvalid)
    }
}
