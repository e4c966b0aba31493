//! Reading maps and fixed-size byte strings in the shape that our documents have.
//!
//! Only for bytes that passed [`cbor::check`](crate::cbor::check). What these readers overlook is
//! caught by the exact comparison that every `parse` ends with. Read [`Fields`] first.

use crate::decoder::Decoder;
use crate::refusal::Refusal;

/// Reads a map with integer labels, in the order in which deterministic encoding puts them.
pub(crate) struct Fields<'d, 'b> {
    decoder: &'d mut Decoder<'b>,
    left: u64,
    label: Option<i64>,
}

impl<'d, 'b> Fields<'d, 'b> {
    pub(crate) fn open(decoder: &'d mut Decoder<'b>) -> Result<Self, Refusal> {
        let left = decoder.map()?;
        let mut fields = Fields {
            decoder,
            left,
            label: None,
        };
        fields.advance()?;
        Ok(fields)
    }

    fn advance(&mut self) -> Result<(), Refusal> {
        self.label = match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Some(self.decoder.i64()?)
            }
            None => None,
        };
        Ok(())
    }

    /// The value at `label`, which must come next.
    pub(crate) fn need<T>(
        &mut self,
        label: i64,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.have(label, read)?.ok_or(Refusal::ForeignProfile)
    }

    /// The value at `label`, if that comes next.
    pub(crate) fn have<T>(
        &mut self,
        label: i64,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        if self.label != Some(label) {
            return Ok(None);
        }
        let value = read(self.decoder)?;
        self.advance()?;
        Ok(Some(value))
    }

    /// Nothing else may follow.
    pub(crate) fn end(self) -> Result<(), Refusal> {
        if self.label.is_none() {
            Ok(())
        } else {
            Err(Refusal::ForeignProfile)
        }
    }
}

/// A byte string of exactly `N` bytes.
pub(crate) fn read_bytes<'b, const N: usize>(d: &mut Decoder<'b>) -> Result<&'b [u8; N], Refusal> {
    d.bytes()?.try_into().map_err(|_| Refusal::ForeignProfile)
}
