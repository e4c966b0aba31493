//! The status: the server's short-lived word on what is fresh and what is on hold.
//!
//! It only ever takes permission away. A status that was only parsed proves nothing: believe one
//! that came out of [`verify::status`](crate::verify::status).
//!
//! ```text
//! { 1: seq, 2: issued, 3: expires, 4: root version, ? 5: revocations digest, 6: [* held], ? 7: nonce }
//! ```

use crate::cbor::{self, Canonical, EncodeError};
use crate::digest::Digest;
use crate::fields::{Fields, read_array, read_bytes};
use crate::manifest_wire::{read_digest, write_digests};
use crate::refusal::Refusal;
use heapless::Vec;
use minicbor::Encoder;
use minicbor::encode::{Error, Write};

/// The content type in a status signature's protected header, and its external data.
pub const STATUS_CONTENT_TYPE: &str = "application/vnd.mainstay.status+cbor";

/// The most releases on hold at one time. A hold is one person's brake for hours; what is bad for
/// good is revoked.
pub const HELD_MAX: usize = 16;

/// Bytes of a check-in's nonce: 128 random bits never come twice in a device's life.
pub const NONCE_BYTES: usize = 16;

/// The largest status document without its signatures: 16 held digests and some numbers.
pub const STATUS_BYTES_MAX: usize = 768;

/// What is fresh, and what is on hold.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Status<'a> {
    /// Rises with every status; devices never go back.
    pub seq: u64,
    /// When it was made, in Unix seconds. A device's time never runs below this.
    pub issued: u64,
    /// From this moment on it is void, in Unix seconds; later than `issued`.
    pub expires: u64,
    /// The newest root version.
    pub root_version: u32,
    /// SHA-256 of the newest revocations document.
    pub revocations: Option<Digest>,
    /// Manifest digests of the releases on hold.
    pub held: Vec<Digest, HELD_MAX>,
    /// The nonce of the check-in that this answers.
    pub nonce: Option<&'a [u8; NONCE_BYTES]>,
}

impl<'a> Status<'a> {
    /// Reads the payload of a signed status.
    ///
    /// # Errors
    /// Whatever isn't byte for byte what [`encode`](Status::encode) writes is refused.
    pub fn parse(bytes: &'a [u8]) -> Result<Status<'a>, Refusal> {
        let status = Status::read(bytes)?;
        status.check()?;
        if cbor::is_encoding_of(&status, bytes) {
            Ok(status)
        } else {
            Err(Refusal::ForeignProfile)
        }
    }

    /// Writes the payload into `buf` and returns its length; [`STATUS_BYTES_MAX`] is always enough.
    ///
    /// # Errors
    /// A small buffer, or values that [`parse`](Status::parse) would refuse.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, EncodeError> {
        self.check()?;
        cbor::encode_into(self, buf)
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.issued < self.expires {
            Ok(())
        } else {
            Err(Refusal::FieldInvalid)
        }
    }

    fn read(bytes: &'a [u8]) -> Result<Status<'a>, Refusal> {
        let mut d = cbor::decoder(bytes, STATUS_BYTES_MAX)?;
        let mut fields = Fields::open(&mut d)?;
        let status = Status {
            seq: fields.need(1, |d| Ok(d.u64()?))?,
            issued: fields.need(2, |d| Ok(d.u64()?))?,
            expires: fields.need(3, |d| Ok(d.u64()?))?,
            root_version: fields.need(4, |d| Ok(d.u32()?))?,
            revocations: fields.have(5, read_digest)?,
            held: fields.need(6, |d| read_array(d, read_digest))?,
            nonce: fields.have(7, read_bytes)?,
        };
        fields.end()?;
        Ok(status)
    }
}

impl Canonical for Status<'_> {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        e.map(5 + u64::from(self.revocations.is_some()) + u64::from(self.nonce.is_some()))?;
        e.u8(1)?
            .u64(self.seq)?
            .u8(2)?
            .u64(self.issued)?
            .u8(3)?
            .u64(self.expires)?;
        e.u8(4)?.u32(self.root_version)?;
        if let Some(digest) = self.revocations {
            e.u8(5)?.bytes(&digest.0)?;
        }
        e.u8(6)?;
        write_digests(e, &self.held)?;
        if let Some(nonce) = self.nonce {
            e.u8(7)?.bytes(nonce)?;
        }
        Ok(())
    }
}
