//! The container of our own signed documents, root and status.
//!
//! ```text
//! [ bstr payload, [ * << COSE_Sign1 >> ] ]
//! ```
//!
//! Taking one apart proves nothing; [`verify`](crate::verify) does.

use crate::cbor::{self, Canonical, EncodeError};
use crate::cose::{BLOCK_BYTES_MAX, BLOCKS_MAX};
use crate::fields::read_array;
use crate::refusal::Refusal;
use crate::root::ROOT_BYTES_MAX;
use heapless::Vec;
use minicbor::Encoder;
use minicbor::encode::{Error, Write};

/// The largest signed document: a full root with eight blocks, and the heads around them.
pub const SIGNED_BYTES_MAX: usize = ROOT_BYTES_MAX + BLOCKS_MAX * BLOCK_BYTES_MAX + 64;

/// A document and its signature blocks, borrowed from their bytes.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Signed<'a> {
    /// The encoded document.
    pub payload: &'a [u8],
    /// The encoded COSE_Sign1 blocks over it.
    pub blocks: Vec<&'a [u8], BLOCKS_MAX>,
}

impl<'a> Signed<'a> {
    /// Takes a signed document apart. Payload and blocks aren't read yet.
    ///
    /// # Errors
    /// Whatever isn't byte for byte what [`encode`](Signed::encode) writes is refused.
    pub fn parse(bytes: &'a [u8]) -> Result<Signed<'a>, Refusal> {
        let mut d = cbor::decoder(bytes, SIGNED_BYTES_MAX)?;
        d.array()?;
        let signed = Signed {
            payload: d.bytes()?,
            blocks: read_array(&mut d, |d| Ok(d.bytes()?))?,
        };
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
    /// A small buffer, or more than [`SIGNED_BYTES_MAX`] bytes.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        if cbor::encoded_len(self) > SIGNED_BYTES_MAX {
            return Err(Refusal::TooLarge.into());
        }
        cbor::encode_into(self, buf)
    }
}

impl Canonical for Signed<'_> {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        e.array(2)?
            .bytes(self.payload)?
            .array(self.blocks.len() as u64)?;
        self.blocks
            .iter()
            .try_for_each(|block| e.bytes(block)?.ok())
    }
}
