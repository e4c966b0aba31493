//! Reading maps in the shape that our documents have.
//!
//! Only for bytes that passed [`cbor::check`](crate::cbor::check). What these readers overlook is
//! caught by the exact comparison that every `parse` ends with. Read [`Fields`] first.

use crate::decoder::Decoder;
use crate::refusal::Refusal;

/// Reads a map with integer labels, in the order in which deterministic encoding puts them.
///
/// It gives out the decoder where a value begins, and the caller reads exactly that value. Like the
/// decoder it stops at what it doesn't expect.
pub(crate) struct Fields<'d, 'b> {
    decoder: &'d mut Decoder<'b>,
    left: u64,
}

impl<'d, 'b> Fields<'d, 'b> {
    pub(crate) fn open(decoder: &'d mut Decoder<'b>) -> Self {
        let left = decoder.map();
        Fields { decoder, left }
    }

    /// The value at `label`, which must come next.
    pub(crate) fn need(&mut self, label: i32) -> &mut Decoder<'b> {
        if !self.is_at(label) {
            self.decoder.refuse(Refusal::ForeignProfile);
        }
        self.decoder
    }

    /// The value at `label`, if that comes next.
    pub(crate) fn have(&mut self, label: i32) -> Option<&mut Decoder<'b>> {
        self.is_at(label).then_some(self.decoder)
    }

    /// Goes behind `label`, if that comes next.
    fn is_at(&mut self, label: i32) -> bool {
        let mut ahead = *self.decoder;
        if self.left == 0 || ahead.i32() != label {
            return false;
        }
        self.left -= 1;
        *self.decoder = ahead;
        true
    }

    /// Nothing else may follow.
    pub(crate) fn end(self) {
        if self.left > 0 {
            self.decoder.refuse(Refusal::ForeignProfile);
        }
    }
}
