//! Reading deterministic CBOR (RFC 8949, section 4.2.1), head by head.
//!
//! A head that isn't in its shortest form never passes, so whoever checks and whoever reads see the same
//! values. It is small because every device carries it: no floats, no indefinite lengths, and errors
//! without positions, which nobody on a device could look up. Read [`Decoder`] first.

use crate::refusal::Refusal;

/// The least argument that needs one, two, four and eight bytes of its own.
const LEAST: [u64; 4] = [24, 1 << 8, 1 << 16, 1 << 32];

/// Reads one item after the other.
///
/// Each method reads an item of its kind, or the head of an array, a map or a tag, and refuses any other
/// kind as [`Refusal::ForeignProfile`].
#[derive(Copy, Clone, Debug)]
pub struct Decoder<'b> {
    rest: &'b [u8],
}

impl<'b> Decoder<'b> {
    /// Begins at the first of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Decoder<'b> {
        Decoder { rest: bytes }
    }

    /// What wasn't read yet.
    pub fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// What was read since `start`, an earlier state of this same decoder.
    pub(crate) fn since(&self, start: Decoder<'b>) -> &'b [u8] {
        let length = start.rest.len().saturating_sub(self.rest.len());
        start.rest.get(..length).unwrap_or_default()
    }

    /// An unsigned integer.
    pub fn u64(&mut self) -> Result<u64, Refusal> {
        self.of_kind(0)
    }

    /// An unsigned integer below 2^32.
    pub fn u32(&mut self) -> Result<u32, Refusal> {
        narrow(self.u64()?)
    }

    /// An unsigned integer below 2^16.
    pub fn u16(&mut self) -> Result<u16, Refusal> {
        narrow(self.u64()?)
    }

    /// An unsigned integer below 2^8.
    pub fn u8(&mut self) -> Result<u8, Refusal> {
        narrow(self.u64()?)
    }

    /// An integer that fits 64 bits with its sign.
    pub fn i64(&mut self) -> Result<i64, Refusal> {
        match self.head()? {
            (0, argument) => narrow(argument),
            (1, argument) => Ok(-1 - narrow::<i64>(argument)?),
            _ => Err(Refusal::ForeignProfile),
        }
    }

    /// An integer that fits 32 bits with its sign.
    pub fn i32(&mut self) -> Result<i32, Refusal> {
        i32::try_from(self.i64()?).map_err(|_| Refusal::ForeignProfile)
    }

    /// A byte string.
    pub fn bytes(&mut self) -> Result<&'b [u8], Refusal> {
        let length = self.of_kind(2)?;
        self.take(length)
    }

    /// A text.
    pub fn str(&mut self) -> Result<&'b str, Refusal> {
        let length = self.of_kind(3)?;
        core::str::from_utf8(self.take(length)?).map_err(|_| Refusal::Malformed)
    }

    /// The head of an array: how many items follow.
    pub fn array(&mut self) -> Result<u64, Refusal> {
        self.of_kind(4)
    }

    /// The head of a map: how many pairs follow.
    pub fn map(&mut self) -> Result<u64, Refusal> {
        self.of_kind(5)
    }

    /// The head of a tag: its number.
    pub fn tag(&mut self) -> Result<u64, Refusal> {
        self.of_kind(6)
    }

    /// The value null.
    pub fn null(&mut self) -> Result<(), Refusal> {
        match self.of_kind(7)? {
            22 => Ok(()),
            _ => Err(Refusal::ForeignProfile),
        }
    }

    fn of_kind(&mut self, kind: u8) -> Result<u64, Refusal> {
        match self.head()? {
            (major, argument) if major == kind => Ok(argument),
            _ => Err(Refusal::ForeignProfile),
        }
    }

    /// Major type and argument, the argument in its shortest form. Major type 7 with more than its
    /// first byte is a float or a simple value that no document of ours holds.
    pub(crate) fn head(&mut self) -> Result<(u8, u64), Refusal> {
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

    pub(crate) fn take(&mut self, count: u64) -> Result<&'b [u8], Refusal> {
        let count = usize::try_from(count).map_err(|_| Refusal::Malformed)?;
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Refusal::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn narrow<T: TryFrom<u64>>(value: u64) -> Result<T, Refusal> {
    T::try_from(value).map_err(|_| Refusal::ForeignProfile)
}
