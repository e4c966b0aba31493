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
/// Each method reads an item of its kind, or the head of an array, a map or a tag. Where another kind
/// stands, it stops: it keeps the reason, and from there on gives out nothing but zeros and empty strings,
/// so readers are straight lines without branches for errors. Whoever began the reading asks for the
/// [`verdict`](Decoder::verdict) before anything that was read is believed.
#[derive(Copy, Clone, Debug)]
pub struct Decoder<'b> {
    rest: &'b [u8],
    stopped: Option<Refusal>,
}

impl<'b> Decoder<'b> {
    /// Begins at the first of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Decoder<'b> {
        Decoder {
            rest: bytes,
            stopped: None,
        }
    }

    /// Whether all that was asked for was there.
    ///
    /// # Errors
    /// Why reading stopped.
    pub fn verdict(&self) -> Result<(), Refusal> {
        self.stopped.map_or(Ok(()), Err)
    }

    /// Stops, unless it has stopped before.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.stopped.get_or_insert(refusal);
        self.rest = &[];
    }

    /// The value; or for none, stops, and gives out `nothing` in its place.
    pub(crate) fn some_or<T>(&mut self, value: Option<T>, nothing: T) -> T {
        value.unwrap_or_else(|| {
            self.refuse(Refusal::ForeignProfile);
            nothing
        })
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
    pub fn u64(&mut self) -> u64 {
        self.of_kind(0)
    }

    /// An unsigned integer below 2^32.
    pub fn u32(&mut self) -> u32 {
        self.narrow()
    }

    /// An unsigned integer below 2^16.
    pub fn u16(&mut self) -> u16 {
        self.narrow()
    }

    /// An unsigned integer below 2^8.
    pub fn u8(&mut self) -> u8 {
        self.narrow()
    }

    /// An integer that fits 32 bits with its sign: a label, or the number of an algorithm.
    pub fn i32(&mut self) -> i32 {
        let value = match self.head() {
            Ok((0, argument)) => i32::try_from(argument).ok(),
            Ok((1, argument)) => i32::try_from(argument).ok().map(|value| !value),
            Ok(_) => None,
            Err(refusal) => {
                self.refuse(refusal);
                None
            }
        };
        self.some_or(value, 0)
    }

    /// A byte string.
    pub fn bytes(&mut self) -> &'b [u8] {
        self.string(2)
    }

    /// A byte string of exactly `N` bytes.
    pub fn fixed<const N: usize>(&mut self) -> &'b [u8; N] {
        let bytes = self.bytes();
        self.some_or(bytes.try_into().ok(), &[0; N])
    }

    /// A text.
    pub fn str(&mut self) -> &'b str {
        let bytes = self.string(3);
        self.some_or(core::str::from_utf8(bytes).ok(), "")
    }

    /// The head of an array: how many items follow.
    pub fn array(&mut self) -> u64 {
        self.of_kind(4)
    }

    /// The head of a map: how many pairs follow.
    pub fn map(&mut self) -> u64 {
        self.of_kind(5)
    }

    /// The head of a tag: its number.
    pub fn tag(&mut self) -> u64 {
        self.of_kind(6)
    }

    /// The value null.
    pub fn null(&mut self) {
        if self.of_kind(7) != 22 {
            self.refuse(Refusal::ForeignProfile);
        }
    }

    fn of_kind(&mut self, kind: u8) -> u64 {
        match self.head() {
            Ok((major, argument)) if major == kind => return argument,
            Ok(_) => self.refuse(Refusal::ForeignProfile),
            Err(refusal) => self.refuse(refusal),
        }
        0
    }

    fn string(&mut self, kind: u8) -> &'b [u8] {
        let length = self.of_kind(kind);
        self.take(length).unwrap_or_else(|refusal| {
            self.refuse(refusal);
            &[]
        })
    }

    fn narrow<T: TryFrom<u64> + Default>(&mut self) -> T {
        let value = self.u64();
        self.some_or(T::try_from(value).ok(), T::default())
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
