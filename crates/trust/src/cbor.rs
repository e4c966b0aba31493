//! Deterministic CBOR (RFC 8949, section 4.2.1): the one check that untrusted bytes pass before
//! anything reads them, and the one way in which documents are written.
//!
//! Two independent guards make `parse` and `encode` exact inverses. [`check`] refuses what is not
//! deterministic, with a bounded depth. [`is_encoding_of`] then compares the bytes with what we
//! would write for the parsed value: whatever a reader skipped or misread can't pass. Neither
//! copies the bytes. Read [`Canonical`] first.

use crate::refusal::Refusal;
use core::convert::Infallible;
use minicbor::encode::{self, Write};
use minicbor::{Decoder, Encoder};

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
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>>;
}

/// Writes `value` into `buf` and returns the number of bytes.
pub fn encode_into(value: &impl Canonical, buf: &mut [u8]) -> Result<usize, EncodeError> {
    let mut encoder = Encoder::new(encode::write::Cursor::new(buf));
    value
        .write(&mut encoder)
        .map_err(|_| EncodeError::BufferTooSmall)?;
    Ok(encoder.writer().position())
}

/// The number of bytes in the encoding of `value`.
pub fn encoded_len(value: &impl Canonical) -> usize {
    let mut encoder = Encoder::new(Counter(0));
    value
        .write(&mut encoder)
        .expect("counting can't fail, and our values always encode");
    encoder.into_writer().0
}

/// Whether `bytes` are exactly the encoding of `value`.
pub fn is_encoding_of(value: &impl Canonical, bytes: &[u8]) -> bool {
    let mut encoder = Encoder::new(Comparer(bytes));
    value.write(&mut encoder).is_ok() && encoder.into_writer().0.is_empty()
}

/// Writes `value` inside a byte string (`bstr .cbor` in CDDL).
pub fn write_wrapped<W: Write>(
    e: &mut Encoder<W>,
    value: &impl Canonical,
) -> Result<(), encode::Error<W::Error>> {
    e.bytes_len(encoded_len(value) as u64)?;
    value.write(e)
}

/// Checks `bytes` and opens them for reading.
pub fn decoder(bytes: &[u8], size_max: usize) -> Result<Decoder<'_>, Refusal> {
    check(bytes, size_max)?;
    Ok(Decoder::new(bytes))
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
    let mut cursor = Scan { rest: bytes };
    cursor.item(DEPTH_MAX)?;
    if cursor.rest.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Malformed)
    }
}

/// The least argument that needs one, two, four and eight bytes of its own.
const LEAST: [u64; 4] = [24, 1 << 8, 1 << 16, 1 << 32];

struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    fn item(&mut self, depth: u8) -> Result<(), Refusal> {
        let (major, argument) = self.head()?;
        let inner = depth.checked_sub(1).ok_or(Refusal::TooLarge);
        match major {
            0 | 1 => Ok(()),
            2 => self.take(argument).map(|_| ()),
            3 => self.text(argument),
            4 => self.items(argument, inner?),
            5 => self.pairs(argument, inner?),
            6 => self.item(inner?),
            _ if (20..=22).contains(&argument) => Ok(()),
            _ => Err(Refusal::Malformed),
        }
    }

    /// Major type and argument, the argument in its shortest form. Major type 7 with more than its
    /// first byte is a float or a simple value that no document of ours holds.
    fn head(&mut self) -> Result<(u8, u64), Refusal> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let (size, least) = match info {
            0..=23 => return Ok((major, u64::from(info))),
            31 if (2..=5).contains(&major) => return Err(Refusal::NotDeterministic),
            24..=27 if major < 7 => (1 << (info - 24), LEAST[usize::from(info - 24)]),
            _ => return Err(Refusal::Malformed),
        };
        let bytes = self.take(size)?;
        let argument = bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if argument < least {
            Err(Refusal::NotDeterministic)
        } else {
            Ok((major, argument))
        }
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Refusal> {
        let count = usize::try_from(count).map_err(|_| Refusal::Malformed)?;
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Refusal::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn text(&mut self, count: u64) -> Result<(), Refusal> {
        core::str::from_utf8(self.take(count)?)
            .map(|_| ())
            .map_err(|_| Refusal::Malformed)
    }

    fn items(&mut self, count: u64, depth: u8) -> Result<(), Refusal> {
        // Each turn takes at least one byte, so a huge count ends with the input.
        (0..count).try_for_each(|_| self.item(depth))
    }

    fn pairs(&mut self, count: u64, depth: u8) -> Result<(), Refusal> {
        let mut last: &[u8] = &[];
        for _ in 0..count {
            let start = self.rest;
            self.item(depth)?;
            let key = &start[..start.len() - self.rest.len()];
            if key <= last {
                return Err(Refusal::NotDeterministic);
            }
            last = key;
            self.item(depth)?;
        }
        Ok(())
    }
}

/// A text for people and logs: 1 to `max` visible ASCII characters, no space. So it can't hide
/// control codes, nor two spellings that look alike.
pub(crate) fn is_plain_text(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

struct Counter(usize);

impl Write for Counter {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0 += bytes.len();
        Ok(())
    }
}

struct Comparer<'a>(&'a [u8]);

struct Differs;

impl Write for Comparer<'_> {
    type Error = Differs;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Differs> {
        self.0 = self.0.strip_prefix(bytes).ok_or(Differs)?;
        Ok(())
    }
}
