//! Writing deterministic CBOR (RFC 8949, section 4.2.1): the one encoding of each value.
//!
//! Writing never fails but stops: where it goes decides, at the end, whether it was whole. So a device
//! has each document's writer in flash once, for comparing, counting and keeping, and no branches for
//! errors in it. Keys of maps are in the order in which their writer puts them. Read [`Encoder`] first.

use core::mem;

/// Writes one item after the other.
pub struct Encoder<'s> {
    sink: Sink<'s>,
}

/// Where an encoding goes.
pub(crate) enum Sink<'s> {
    /// Nowhere: its bytes are counted.
    Count(usize),
    /// Nowhere: it must be equal to these bytes, of which those that were matched are gone.
    Compare(&'s [u8]),
    /// Into this buffer, of which the part that was used is gone.
    Fill(&'s mut [u8]),
    /// Nowhere any more: it differed, or didn't fit.
    Stopped,
}

impl<'s> Encoder<'s> {
    pub(crate) fn new(sink: Sink<'s>) -> Encoder<'s> {
        Encoder { sink }
    }

    pub(crate) fn into_sink(self) -> Sink<'s> {
        self.sink
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    /// An integer of 32 bits with its sign: a label, or the number of an algorithm.
    pub fn int(&mut self, value: i32) -> &mut Self {
        match u32::try_from(value) {
            Ok(value) => self.head(0, value.into()),
            // -1 - n for a negative n, without overflow (RFC 8949, section 3.1).
            Err(_) => self.head(1, u64::from(!value as u32)),
        }
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes_head(bytes.len()).put(bytes)
    }

    /// The head of a byte string, whose content follows.
    pub fn bytes_head(&mut self, length: usize) -> &mut Self {
        self.put(Head::of_bytes(length).as_bytes())
    }

    /// A text.
    pub fn str(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64).put(text.as_bytes())
    }

    /// The head of an array, whose items follow.
    pub fn array(&mut self, items: usize) -> &mut Self {
        self.head(4, items as u64)
    }

    /// The head of a map, whose pairs follow.
    pub fn map(&mut self, pairs: usize) -> &mut Self {
        self.head(5, pairs as u64)
    }

    /// The head of a tag, whose item follows.
    pub fn tag(&mut self, number: u64) -> &mut Self {
        self.head(6, number)
    }

    /// The value null.
    pub fn null(&mut self) -> &mut Self {
        self.head(7, 22)
    }

    /// Items that are the same in every document, encoded before.
    pub fn fixed(&mut self, items: &[u8]) -> &mut Self {
        self.put(items)
    }

    /// Major type and argument, the argument in its shortest form.
    fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        self.put(Head::new(major, argument).as_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.sink = mem::replace(&mut self.sink, Sink::Stopped).after(bytes);
        self
    }
}

impl<'s> Sink<'s> {
    fn after(self, bytes: &[u8]) -> Sink<'s> {
        match self {
            Sink::Count(count) => Sink::Count(count + bytes.len()),
            Sink::Compare(expected) => expected
                .strip_prefix(bytes)
                .map_or(Sink::Stopped, Sink::Compare),
            Sink::Fill(left) if left.len() >= bytes.len() => {
                let (used, rest) = left.split_at_mut(bytes.len());
                used.copy_from_slice(bytes);
                Sink::Fill(rest)
            }
            Sink::Fill(_) | Sink::Stopped => Sink::Stopped,
        }
    }
}

/// The first bytes of an item: its type and its argument, that in the shortest form.
pub(crate) struct Head {
    bytes: [u8; 9],
    start: usize,
}

impl Head {
    fn new(major: u8, argument: u64) -> Head {
        let mut bytes = [0; 9];
        bytes[1..].copy_from_slice(&argument.to_be_bytes());
        // Where the head begins: its first byte takes the place before the argument's shortest form.
        let (start, info) = match argument {
            0..24 => (8, bytes[8]),
            24..0x100 => (7, 24),
            0x100..0x1_0000 => (6, 25),
            0x1_0000..0x1_0000_0000 => (4, 26),
            _ => (0, 27),
        };
        bytes[start] = major << 5 | info;
        Head { bytes, start }
    }

    /// That of a byte string.
    pub(crate) fn of_bytes(length: usize) -> Head {
        Head::new(2, length as u64)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}
