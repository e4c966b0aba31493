//! The one artifact *file* (`.mainstay`): an envelope and its payload, in one CBOR item.
//!
//! ```text
//! da 4d 53 54 59            tag 0x4d535459 ("MSTY"; file magic by RFC 9277, "CBOR tag wrapped")
//! 82                        array of two
//! 40..59 ....  envelope     bstr: the SUIT envelope
//! 41..5a ....  payload      bstr: the firmware image, as it goes into the slot
//! ```
//!
//! Heads are the shortest possible (RFC 8949, section 4.2.1), so one artifact has exactly one file.
//! The payload's place and length are known without reading it, and nothing may follow it. This
//! module checks the frame only; it neither parses the envelope nor hashes the payload. Read
//! [`ArtifactFile`] first.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;

pub use crate::container_error::ContainerError;

/// Largest payload, 2 GiB less one byte: several times the root file systems that devices with Linux are
/// given, and what a line of 2 Mbit/s carries in one night. Sizes are numbers of 32 bits in manifests and
/// on devices; clients of hawkBit's interface count in such numbers with a sign, and none of them could be
/// told of one byte more. What a microcontroller takes, its flash says.
pub const PAYLOAD_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024 - 1;

/// What an artifact file starts with: the tag's head and the array's.
pub const MAGIC: [u8; 6] = [0xda, b'M', b'S', b'T', b'Y', 0x82];

/// The largest length head that our bounds need: one byte of type and four of length.
const LENGTH_HEAD_MAX: usize = 5;

/// Everything before the payload fits in this many bytes.
pub const PREFIX_BYTES_MAX: usize = MAGIC.len() + 2 * LENGTH_HEAD_MAX + ENVELOPE_BYTES_MAX;

/// How much of a payload is in memory at a time: enough that hashing and the disk, not the calls,
/// take the time, and little beside any machine's memory.
pub(crate) const PIECE_BYTES: usize = 256 * 1024;

/// The bytes an artifact file may have.
pub const FILE_BYTES_MAX: u64 = PREFIX_BYTES_MAX as u64 + PAYLOAD_BYTES_MAX;

/// An artifact file whose frame is sound: the envelope, and where the payload lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactFile {
    /// The SUIT envelope, not yet verified.
    pub envelope: Vec<u8>,
    /// First byte of the payload, counted from the start of the file.
    pub payload_offset: u64,
    /// Bytes of the payload.
    pub payload_len: u64,
}

impl ArtifactFile {
    /// Reads the frame of an artifact from a stream, which is left at an undefined place. Reads at
    /// most the envelope's bound, never the payload.
    pub fn read(source: &mut (impl Read + Seek)) -> Result<Self, ContainerError> {
        let total = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(0))?;
        let mut prefix = Vec::new();
        source
            .take(PREFIX_BYTES_MAX as u64)
            .read_to_end(&mut prefix)?;
        Self::parse(&prefix, total)
    }

    /// Reads the frame of an artifact that is in memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ContainerError> {
        let prefix = &bytes[..bytes.len().min(PREFIX_BYTES_MAX)];
        Self::parse(prefix, bytes.len() as u64)
    }

    /// Reads the frame of an artifact that is still on its way from its first bytes: [`PREFIX_BYTES_MAX`] of them, or all if there
    /// are fewer. Whether as many bytes follow as it says, and no more, is for the caller to see.
    pub fn from_prefix(prefix: &[u8]) -> Result<Self, ContainerError> {
        let prefix = &prefix[..prefix.len().min(PREFIX_BYTES_MAX)];
        Self::frame(prefix, prefix.len() as u64)
    }

    /// The payload within `bytes`, the same bytes that [`ArtifactFile::from_bytes`] was given.
    pub fn payload<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let start = usize::try_from(self.payload_offset).unwrap_or(usize::MAX);
        bytes.get(start..).unwrap_or_default()
    }

    /// The payload as a stream of exactly its length; `source` must be the stream it was read from.
    pub fn payload_reader<'a, R: Read + Seek>(
        &self,
        source: &'a mut R,
    ) -> Result<io::Take<&'a mut R>, ContainerError> {
        source.seek(SeekFrom::Start(self.payload_offset))?;
        Ok(source.take(self.payload_len))
    }

    fn parse(prefix: &[u8], total: u64) -> Result<Self, ContainerError> {
        let frame = Self::frame(prefix, total)?;
        check_end(frame.payload_offset + frame.payload_len, total)?;
        Ok(frame)
    }

    fn frame(prefix: &[u8], total: u64) -> Result<Self, ContainerError> {
        if total == 0 {
            return Err(ContainerError::Empty);
        }
        let rest = prefix
            .strip_prefix(&MAGIC)
            .ok_or(ContainerError::NotAnArtifact)?;
        let (envelope_len, rest) = head(rest, "envelope", MAGIC.len(), total)?;
        let (envelope, rest) = split_envelope(rest, envelope_len, total)?;
        let at = prefix.len() - rest.len();
        let (payload_len, rest) = head(rest, "payload", at, total)?;
        check_payload_bytes(payload_len)?;
        let payload_offset = (prefix.len() - rest.len()) as u64;
        Ok(Self {
            envelope: envelope.to_vec(),
            payload_offset,
            payload_len,
        })
    }
}

/// Writes one artifact file: the frame, `envelope`, and exactly `payload_len` bytes of `payload`.
/// Refuses a payload stream that is shorter or longer, after having written what there was; the
/// caller writes to a temporary name and renames on success.
pub fn write(
    out: &mut dyn Write,
    envelope: &[u8],
    payload: &mut dyn Read,
    payload_len: u64,
) -> Result<(), ContainerError> {
    check_envelope_bytes(envelope.len() as u64)?;
    check_payload_bytes(payload_len)?;
    out.write_all(&MAGIC)?;
    out.write_all(&encode_head(envelope.len() as u64))?;
    out.write_all(envelope)?;
    out.write_all(&encode_head(payload_len))?;
    let mut pieces = BufReader::with_capacity(PIECE_BYTES, (&mut *payload).take(payload_len));
    let copied = io::copy(&mut pieces, out)?;
    if copied != payload_len || payload.read(&mut [0])? != 0 {
        return Err(ContainerError::PayloadStream {
            announced: payload_len,
        });
    }
    Ok(())
}

/// An artifact file whose payload is written while its envelope isn't known yet.
///
/// An envelope tells its payload's digest, so it is known last, yet it stands first. Its *size* is
/// known from the start, for a digest is as long as any other: room for it is left, and filled when
/// the payload has gone by. So the payload is read once, and what is hashed is what is written.
#[derive(Debug)]
#[must_use = "without its envelope the file is no artifact"]
pub struct Unfinished {
    envelope_bytes: u64,
    envelope_at: u64,
}

impl Unfinished {
    /// Writes the frame into an empty stream, with room for the envelope. The payload, of exactly
    /// `payload_bytes`, is to be written next.
    pub fn begin(
        out: &mut impl Write,
        envelope_bytes: u64,
        payload_bytes: u64,
    ) -> Result<Self, ContainerError> {
        check_envelope_bytes(envelope_bytes)?;
        check_payload_bytes(payload_bytes)?;
        let head = [&MAGIC[..], &encode_head(envelope_bytes)].concat();
        out.write_all(&head)?;
        io::copy(&mut io::repeat(0).take(envelope_bytes), out)?;
        out.write_all(&encode_head(payload_bytes))?;
        Ok(Self {
            envelope_bytes,
            envelope_at: head.len() as u64,
        })
    }

    /// Fills the room. Refuses an envelope of another size than was announced.
    pub fn finish(
        self,
        out: &mut (impl Write + Seek),
        envelope: &[u8],
    ) -> Result<(), ContainerError> {
        if envelope.len() as u64 != self.envelope_bytes {
            return Err(ContainerError::EnvelopeRoom {
                room: self.envelope_bytes,
                found: envelope.len() as u64,
            });
        }
        out.seek(SeekFrom::Start(self.envelope_at))?;
        out.write_all(envelope)?;
        Ok(())
    }
}

/// One artifact file in memory.
pub fn to_bytes(envelope: &[u8], payload: &[u8]) -> Result<Vec<u8>, ContainerError> {
    let mut out = Vec::with_capacity(PREFIX_BYTES_MAX + payload.len());
    write(&mut out, envelope, &mut &*payload, payload.len() as u64)?;
    Ok(out)
}

fn check_envelope_bytes(len: u64) -> Result<(), ContainerError> {
    match len {
        1.. if len <= ENVELOPE_BYTES_MAX as u64 => Ok(()),
        _ => Err(ContainerError::EnvelopeSize(len)),
    }
}

fn check_payload_bytes(len: u64) -> Result<(), ContainerError> {
    match len {
        1..=PAYLOAD_BYTES_MAX => Ok(()),
        _ => Err(ContainerError::PayloadSize(len)),
    }
}

fn check_end(promised: u64, found: u64) -> Result<(), ContainerError> {
    match found.checked_sub(promised) {
        Some(0) => Ok(()),
        Some(more) => Err(ContainerError::TrailingBytes(more)),
        None => Err(ContainerError::CutShort { found, promised }),
    }
}

fn split_envelope(rest: &[u8], len: u64, total: u64) -> Result<(&[u8], &[u8]), ContainerError> {
    check_envelope_bytes(len)?;
    rest.split_at_checked(len as usize)
        .ok_or(ContainerError::CutShort {
            found: total,
            promised: MAGIC.len() as u64 + len,
        })
}

/// Reads the head of a byte string (RFC 8949, section 3: major type 2) and what follows it. Only
/// the shortest form of a length passes, and none above four bytes.
fn head<'a>(
    bytes: &'a [u8],
    what: &'static str,
    at: usize,
    total: u64,
) -> Result<(u64, &'a [u8]), ContainerError> {
    let cut = ContainerError::CutShort {
        found: total,
        promised: total + 1,
    };
    let (&first, rest) = bytes.split_first().ok_or(cut)?;
    let width = match first {
        0x40..=0x57 => 0,
        0x58 => 1,
        0x59 => 2,
        0x5a => 4,
        _ => return Err(ContainerError::Head { what, at }),
    };
    let cut = ContainerError::CutShort {
        found: total,
        promised: total + 1,
    };
    let (digits, rest) = rest.split_at_checked(width).ok_or(cut)?;
    let number = digits.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let len = if width == 0 {
        u64::from(first - 0x40)
    } else {
        number
    };
    if encode_head(len).len() != width + 1 {
        return Err(ContainerError::Head { what, at });
    }
    Ok((len, rest))
}

/// The shortest head of a byte string of `len` bytes; `len` is within [`PAYLOAD_BYTES_MAX`] or was
/// read from at most four bytes.
fn encode_head(len: u64) -> Vec<u8> {
    let bytes = len.to_be_bytes();
    match len {
        0..=0x17 => vec![0x40 | bytes[7]],
        0x18..=0xff => vec![0x58, bytes[7]],
        0x100..=0xffff => [&[0x59], &bytes[6..]].concat(),
        _ => [&[0x5a], &bytes[4..]].concat(),
    }
}
