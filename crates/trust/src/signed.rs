//! The container of our own signed documents: root, revocations, status, schedule, bundle statement.
//!
//! ```text
//! [ bstr payload, [ * << COSE_Sign1 >> ] ]
//! ```
//!
//! Taking one apart proves nothing; [`verify`](crate::verify) does.

use crate::cbor::{self, Canonical, EncodeError};
use crate::cose::{BLOCK_BYTES_MAX, BLOCKS_MAX};
use crate::encoder::Encoder;
use crate::list::List;
use crate::refusal::Refusal;
use crate::root::ROOT_BYTES_MAX;

/// The largest signed document: a full root with every block, and the heads around them.
pub const SIGNED_BYTES_MAX: usize = ROOT_BYTES_MAX + BLOCKS_MAX as usize * BLOCK_BYTES_MAX + 64;

/// A document and its signature blocks, borrowed from their bytes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Signed<'a> {
    /// The encoded document.
    pub payload: &'a [u8],
    /// The encoded COSE_Sign1 blocks over it.
    pub blocks: List<'a, &'a [u8]>,
}

impl<'a> Signed<'a> {
    /// Takes a signed document apart. Payload and blocks aren't read yet.
    ///
    /// # Errors
    /// Whatever isn't byte for byte what [`encode`](Signed::encode) writes is refused.
    pub fn parse(bytes: &'a [u8]) -> Result<Signed<'a>, Refusal> {
        let mut d = cbor::decoder(bytes, SIGNED_BYTES_MAX);
        d.array();
        let signed = Signed {
            payload: d.bytes(),
            blocks: List::read(&mut d, BLOCKS_MAX),
        };
        d.verdict()?;
        if cbor::is_encoding_of(&signed, bytes) {
            Ok(signed)
        } else {
            Err(Refusal::ForeignProfile)
        }
    }

    /// Writes the signed document into `buf` and returns its length; [`SIGNED_BYTES_MAX`] is always
    /// enough for one that devices accept.
    ///
    /// # Errors
    /// A small buffer, more than [`SIGNED_BYTES_MAX`] bytes, or too many blocks.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        self.blocks.check_within(BLOCKS_MAX)?;
        if cbor::encoded_len(self) > SIGNED_BYTES_MAX {
            return Err(Refusal::TooLarge.into());
        }
        cbor::encode_into(self, buf)
    }
}

impl Canonical for Signed<'_> {
    fn write(&self, e: &mut Encoder<'_>) {
        self.blocks.write(e.array(2).bytes(self.payload));
    }
}
