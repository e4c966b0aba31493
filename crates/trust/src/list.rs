//! A list inside a document: read where it lies, or written from a slice.
//!
//! A device keeps no copy of a root's keys or a status's digests: a [`List`] that was read borrows
//! the document's bytes and decodes an item when it is asked for. Whoever writes a document makes
//! one from a slice. Both compare, print and encode alike. Nothing here allocates.

use crate::decoder::Decoder;
use crate::digest::Digest;
use crate::encoder::Encoder;
use crate::key::{Algorithm, KeyId};
use crate::refusal::Refusal;
use core::fmt;

/// What a [`List`] may hold: a value with one encoding.
pub trait Item<'a>: Sized + Clone {
    /// Reads one item from bytes that passed [`cbor::check`](crate::cbor::check). For another shape or
    /// an impossible value the decoder stops, and what is given out means nothing.
    fn read(d: &mut Decoder<'a>) -> Self;

    /// Writes that item.
    fn write(&self, e: &mut Encoder<'_>);
}

/// A list of items, borrowed from a document's bytes or from a slice.
pub struct List<'a, T>(Source<'a, T>);

enum Source<'a, T> {
    /// So many items, one after the other; each was read once when the list was.
    Bytes(u32, &'a [u8]),
    Slice(&'a [T]),
}

impl<'a, T: Item<'a>> List<'a, T> {
    /// Reads an array of at most `max` items, every one of them.
    pub(crate) fn read(d: &mut Decoder<'a>, max: u32) -> Self {
        let count = d.array();
        Self::read_items(d, count, max)
    }

    /// As [`read`](Self::read), once the array's head is behind.
    pub(crate) fn read_items(d: &mut Decoder<'a>, count: u64, max: u32) -> Self {
        let count = match u32::try_from(count) {
            Ok(count) if count <= max => count,
            _ => {
                d.refuse(Refusal::TooLarge);
                return List::default();
            }
        };
        let start = *d;
        for _ in 0..count {
            T::read(d);
        }
        List(Source::Bytes(count, d.since(start)))
    }

    /// The items in their order.
    pub fn iter(&self) -> Iter<'a, T> {
        match self.0 {
            Source::Bytes(_, bytes) => Iter::Bytes(Decoder::new(bytes)),
            Source::Slice(items) => Iter::Slice(items.iter()),
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Bytes(count, _) => count as usize,
            Source::Slice(items) => items.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there are no more than `max`.
    pub(crate) fn check_within(&self, max: u32) -> Result<(), Refusal> {
        if self.len() <= max as usize {
            Ok(())
        } else {
            Err(Refusal::TooLarge)
        }
    }

    /// Whether `item` is among them.
    pub fn contains(&self, item: &T) -> bool
    where
        T: PartialEq,
    {
        self.iter().any(|other| other == *item)
    }

    /// Writes the array.
    pub(crate) fn write(&self, e: &mut Encoder<'_>) {
        e.array(self.len());
        self.write_items(e);
    }

    /// Writes the items without the array's head.
    pub(crate) fn write_items(&self, e: &mut Encoder<'_>) {
        self.iter().for_each(|item| item.write(e));
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(items: &'a [T]) -> Self {
        List(Source::Slice(items))
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        List(Source::Slice(&[]))
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> Clone for Source<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Source<'_, T> {}

impl<'a, T: Item<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Item<'a> + Eq> Eq for List<'a, T> {}

impl<'a, T: Item<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The items of a [`List`].
pub enum Iter<'a, T> {
    /// Decoding.
    Bytes(Decoder<'a>),
    /// From a slice.
    Slice(core::slice::Iter<'a, T>),
}

impl<'a, T: Item<'a>> Iterator for Iter<'a, T> {
    type Item = T;

    /// Every item was read when the list was, so the decoder stops at the end and not before; if it
    /// did, the list would end there, which for keys and roles means that less is believed.
    fn next(&mut self) -> Option<T> {
        match self {
            Iter::Bytes(d) => {
                let item = T::read(d);
                d.verdict().is_ok().then_some(item)
            }
            Iter::Slice(items) => items.next().cloned(),
        }
    }
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Iter::Bytes(d) => Iter::Bytes(*d),
            Iter::Slice(items) => Iter::Slice(items.clone()),
        }
    }
}

impl<'a> Item<'a> for &'a [u8] {
    fn read(d: &mut Decoder<'a>) -> Self {
        d.bytes()
    }

    fn write(&self, e: &mut Encoder<'_>) {
        e.bytes(self);
    }
}

impl<'a> Item<'a> for Digest {
    fn read(d: &mut Decoder<'a>) -> Self {
        Digest(*d.fixed())
    }

    fn write(&self, e: &mut Encoder<'_>) {
        e.bytes(&self.0);
    }
}

impl<'a> Item<'a> for KeyId {
    fn read(d: &mut Decoder<'a>) -> Self {
        KeyId(*d.fixed())
    }

    fn write(&self, e: &mut Encoder<'_>) {
        e.bytes(&self.0);
    }
}

impl<'a> Item<'a> for Algorithm {
    fn read(d: &mut Decoder<'a>) -> Self {
        let algorithm = Algorithm::from_cose_id(d.i32());
        d.some_or(algorithm, Algorithm::Esp256)
    }

    fn write(&self, e: &mut Encoder<'_>) {
        e.int(self.cose_id());
    }
}
