//! Deterministic CBOR (RFC 8949, section 4.2.1): the one check that untrusted bytes pass before
//! anything reads them, and the one way in which documents are written.
//!
//! Two independent guards make `parse` and `encode` exact inverses. [`check`] refuses what is not
//! deterministic, with a bounded depth. [`is_encoding_of`] then compares the bytes with what we
//! would write for the parsed value: whatever a reader skipped or misread can't pass. Neither
//! copies the bytes. Read [`Canonical`] first.

use crate::decoder::Decoder;
use crate::encoder::{Encoder, Sink};
use crate::refusal::Refusal;

/// The deepest nesting that is followed. The root's key states lie four deep, and nothing of ours
/// is deeper (embedded byte strings are checked one by one); six bounds the stack and leaves room.
pub const DEPTH_MAX: u8 = 6;

/// Why a document couldn't be written.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum EncodeError {
    /// The document needs more bytes than the buffer has.
    #[error("the buffer is too small for the encoded document; hand in a larger one")]
    BufferTooSmall,
    /// A device would refuse the document for this reason, so it isn't written at all.
    #[error("the document would be refused: {0}")]
    Refused(#[from] Refusal),
}

/// A value with exactly one encoding.
pub trait Canonical {
    /// Writes that encoding.
    fn write(&self, e: &mut Encoder<'_>);
}

/// Writes `value` into `buf` and returns the number of bytes.
pub fn encode_into(value: &dyn Canonical, buf: &mut [u8]) -> Result<usize, EncodeError> {
    let size = buf.len();
    match write_to(value, Sink::Fill(buf)) {
        Sink::Fill(left) => Ok(size - left.len()),
        _ => Err(EncodeError::BufferTooSmall),
    }
}

/// The number of bytes in the encoding of `value`.
pub fn encoded_len(value: &dyn Canonical) -> usize {
    match write_to(value, Sink::Count(0)) {
        Sink::Count(bytes) => bytes,
        _ => unreachable!("counting can't stop"),
    }
}

/// Whether `bytes` are exactly the encoding of `value`.
pub fn is_encoding_of(value: &dyn Canonical, bytes: &[u8]) -> bool {
    matches!(write_to(value, Sink::Compare(bytes)), Sink::Compare([]))
}

fn write_to<'s>(value: &dyn Canonical, sink: Sink<'s>) -> Sink<'s> {
    let mut encoder = Encoder::new(sink);
    value.write(&mut encoder);
    encoder.into_sink()
}

/// Writes `value` inside a byte string (`bstr .cbor` in CDDL).
pub fn write_wrapped(e: &mut Encoder<'_>, value: &dyn Canonical) {
    e.bytes_head(encoded_len(value));
    value.write(e);
}

/// Checks `bytes` and opens them for reading. What [`check`] refuses gives nothing but that verdict.
pub fn decoder(bytes: &[u8], size_max: usize) -> Decoder<'_> {
    let mut decoder = Decoder::new(bytes);
    if let Err(refusal) = check(bytes, size_max) {
        decoder.refuse(refusal);
    }
    decoder
}

/// Accepts exactly one deterministic CBOR item of at most `size_max` bytes, and nothing after it.
///
/// Byte strings aren't looked into: whoever reads one checks its content by another call. Floats
/// and simple values other than false, true and null are refused, since no document of ours holds
/// one.
///
/// # Errors
/// [`Refusal::TooLarge`], [`Refusal::Malformed`] or [`Refusal::NotDeterministic`].
pub fn check(bytes: &[u8], size_max: usize) -> Result<(), Refusal> {
    if bytes.len() > size_max {
        return Err(Refusal::TooLarge);
    }
    let mut d = Decoder::new(bytes);
    check_item(&mut d, DEPTH_MAX)?;
    if d.rest().is_empty() {
        Ok(())
    } else {
        Err(Refusal::Malformed)
    }
}

fn check_item(d: &mut Decoder<'_>, depth: u8) -> Result<(), Refusal> {
    let (major, argument) = d.head()?;
    let inner = depth.checked_sub(1).ok_or(Refusal::TooLarge);
    match major {
        0 | 1 => Ok(()),
        2 => d.take(argument).map(|_| ()),
        3 => check_text(d.take(argument)?),
        4 => check_items(d, argument, inner?),
        5 => check_pairs(d, argument, inner?),
        6 => check_item(d, inner?),
        _ if (20..=22).contains(&argument) => Ok(()),
        _ => Err(Refusal::Malformed),
    }
}

fn check_text(bytes: &[u8]) -> Result<(), Refusal> {
    core::str::from_utf8(bytes)
        .map(|_| ())
        .map_err(|_| Refusal::Malformed)
}

fn check_items(d: &mut Decoder<'_>, count: u64, depth: u8) -> Result<(), Refusal> {
    // Each turn takes at least one byte, so a huge count ends with the input.
    (0..count).try_for_each(|_| check_item(d, depth))
}

fn check_pairs(d: &mut Decoder<'_>, count: u64, depth: u8) -> Result<(), Refusal> {
    let mut last: &[u8] = &[];
    for _ in 0..count {
        let start = *d;
        check_item(d, depth)?;
        let key = d.since(start);
        if key <= last {
            return Err(Refusal::NotDeterministic);
        }
        last = key;
        check_item(d, depth)?;
    }
    Ok(())
}

/// A text for people and logs: 1 to `max` visible ASCII characters, no space. So it can't hide
/// control codes, nor two spellings that look alike.
pub(crate) fn is_plain_text(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
