//! The one bundle *file* (`.mainstay-bundle`): all that a device needs to install with no network.
//!
//! ```text
//! da 4d 53 54 42            tag 0x4d535442 ("MSTB"; file magic by RFC 9277, "CBOR tag wrapped")
//! 85                        array of five
//! 81..90 .... roots         array of bstr: the signed roots, oldest first
//! 41..5a .... revocations   bstr: the signed revocations, or f6 (null) if nobody can revoke
//! 41..5a .... statement     bstr: the signed bundle statement
//! 41..59 .... envelope      bstr: the SUIT envelope
//! 41..5a .... payload       bstr: the firmware image, as it goes into the slot
//! ```
//!
//! Heads are the shortest possible (RFC 8949, section 4.2.1), so one bundle has exactly one file.
//! What a device decides by comes before the payload, whose place and length are known without
//! reading it, and nothing may follow. This module checks the frame only: it parses no document and
//! hashes nothing. Read [`BundleFile`] first.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::signed::SIGNED_BYTES_MAX;

pub use crate::bundle_error::BundleError;
use crate::container::PAYLOAD_BYTES_MAX;

/// What a bundle file starts with: the tag's head and the array's.
pub const MAGIC: [u8; 6] = [0xda, b'M', b'S', b'T', b'B', 0x85];

/// The most roots in one bundle: at one rotation a year, a device that lay on a shelf for sixteen
/// years.
pub const ROOTS_MAX: usize = 16;

/// The largest document in a bundle: any that is signed, and any envelope.
pub const DOCUMENT_BYTES_MAX: u64 = SIGNED_BYTES_MAX as u64;

const _: () = assert!(ENVELOPE_BYTES_MAX <= SIGNED_BYTES_MAX);

/// The bytes a bundle file may have: every document at its largest, and a head of five bytes each.
pub const FILE_BYTES_MAX: u64 =
    16 + (ROOTS_MAX as u64 + 3) * (DOCUMENT_BYTES_MAX + 5) + 5 + PAYLOAD_BYTES_MAX;

const NULL: u8 = 0xf6;
const ARRAY: u8 = 0x80;

/// A bundle file whose frame is sound: its documents, and where the payload lies. Nothing is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// The signed roots, oldest first.
    pub roots: Vec<Vec<u8>>,
    /// The signed revocations.
    pub revocations: Option<Vec<u8>>,
    /// The signed statement of operations.
    pub statement: Vec<u8>,
    /// The SUIT envelope.
    pub envelope: Vec<u8>,
    /// First byte of the payload, counted from the start of the file.
    pub payload_offset: u64,
    /// Bytes of the payload.
    pub payload_len: u64,
}

impl BundleFile {
    /// Reads the frame of a bundle from a stream, which is left at an undefined place. Reads the
    /// documents, never the payload.
    ///
    /// # Errors
    /// For a stream that fails, or any other bytes than [`write`] would write.
    pub fn read(source: &mut (impl Read + Seek)) -> Result<Self, BundleError> {
        let total = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(0))?;
        let mut frame = Frame {
            source: BufReader::new(source),
            at: 0,
            total,
        };
        frame.bundle()
    }

    /// The payload as a stream of exactly its length; `source` must be the stream it was read from.
    ///
    /// # Errors
    /// If the stream can't be moved to it.
    pub fn payload_reader<'a, R: Read + Seek>(
        &self,
        source: &'a mut R,
    ) -> Result<io::Take<&'a mut R>, BundleError> {
        source.seek(SeekFrom::Start(self.payload_offset))?;
        Ok(source.take(self.payload_len))
    }
}

/// The documents of a bundle that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct BundleParts<'a> {
    /// The signed roots, oldest first.
    pub roots: &'a [Vec<u8>],
    /// The signed revocations.
    pub revocations: Option<&'a [u8]>,
    /// The signed statement of operations.
    pub statement: &'a [u8],
    /// The SUIT envelope.
    pub envelope: &'a [u8],
}

/// Writes one bundle file: the documents, and exactly `payload_len` bytes of `payload`.
///
/// # Errors
/// For parts outside their bounds, before anything is written; for a payload stream that is shorter
/// or longer, after having written what there was, so the caller writes to a temporary name and
/// renames on success.
pub fn write(
    out: &mut dyn Write,
    parts: &BundleParts<'_>,
    payload: &mut dyn Read,
    payload_len: u64,
) -> Result<(), BundleError> {
    let documents = documents(parts, payload_len)?;
    out.write_all(&documents)?;
    let copied = io::copy(&mut (&mut *payload).take(payload_len), out)?;
    if copied != payload_len || payload.read(&mut [0])? != 0 {
        return Err(BundleError::PayloadStream {
            announced: payload_len,
        });
    }
    Ok(())
}

/// Everything before the payload's first byte.
fn documents(parts: &BundleParts<'_>, payload_len: u64) -> Result<Vec<u8>, BundleError> {
    let mut bytes = MAGIC.to_vec();
    if !(1..=ROOTS_MAX).contains(&parts.roots.len()) {
        return Err(BundleError::RootCount(parts.roots.len()));
    }
    bytes.push(ARRAY | parts.roots.len() as u8);
    for root in parts.roots {
        put(&mut bytes, "root", root, DOCUMENT_BYTES_MAX)?;
    }
    match parts.revocations {
        Some(document) => put(&mut bytes, "revocations", document, DOCUMENT_BYTES_MAX)?,
        None => bytes.push(NULL),
    }
    put(&mut bytes, "statement", parts.statement, DOCUMENT_BYTES_MAX)?;
    put(
        &mut bytes,
        "envelope",
        parts.envelope,
        ENVELOPE_BYTES_MAX as u64,
    )?;
    check_payload_bytes(payload_len)?;
    bytes.extend(head(payload_len));
    Ok(bytes)
}

fn put(
    bytes: &mut Vec<u8>,
    what: &'static str,
    document: &[u8],
    bytes_max: u64,
) -> Result<(), BundleError> {
    check_bytes(what, document.len() as u64, bytes_max)?;
    bytes.extend(head(document.len() as u64));
    bytes.extend(document);
    Ok(())
}

fn check_bytes(what: &'static str, bytes: u64, bytes_max: u64) -> Result<(), BundleError> {
    match (1..=bytes_max).contains(&bytes) {
        true => Ok(()),
        false => Err(BundleError::DocumentSize { what, bytes }),
    }
}

fn check_payload_bytes(bytes: u64) -> Result<(), BundleError> {
    match bytes {
        1..=PAYLOAD_BYTES_MAX => Ok(()),
        _ => Err(BundleError::PayloadSize(bytes)),
    }
}

/// The shortest head of a byte string of `len` bytes, which is below 2^32.
fn head(len: u64) -> Vec<u8> {
    let bytes = len.to_be_bytes();
    match len {
        0..=0x17 => vec![0x40 | bytes[7]],
        0x18..=0xff => vec![0x58, bytes[7]],
        0x100..=0xffff => [&[0x59], &bytes[6..]].concat(),
        _ => [&[0x5a], &bytes[4..]].concat(),
    }
}

/// A bundle's frame while it is read.
struct Frame<R> {
    source: R,
    at: u64,
    total: u64,
}

impl<R: Read> Frame<R> {
    fn bundle(&mut self) -> Result<BundleFile, BundleError> {
        self.magic()?;
        let roots = self.roots()?;
        let revocations = self.nullable("revocations")?;
        let statement = self.document("statement", DOCUMENT_BYTES_MAX)?;
        let envelope = self.document("envelope", ENVELOPE_BYTES_MAX as u64)?;
        let first = self.byte("payload")?;
        let payload_len = self.length("payload", first)?;
        check_payload_bytes(payload_len)?;
        self.check_end(payload_len)?;
        Ok(BundleFile {
            roots,
            revocations,
            statement,
            envelope,
            payload_offset: self.at,
            payload_len,
        })
    }

    fn magic(&mut self) -> Result<(), BundleError> {
        if self.total == 0 {
            return Err(BundleError::Empty);
        }
        let shared = self.total.min(MAGIC.len() as u64);
        let start = self.take("tag", shared)?;
        match MAGIC.starts_with(&start) {
            false => Err(BundleError::NotABundle),
            true if start.len() < MAGIC.len() => Err(self.cut_short("tag")),
            true => Ok(()),
        }
    }

    fn roots(&mut self) -> Result<Vec<Vec<u8>>, BundleError> {
        let at = self.at;
        let first = self.byte("roots")?;
        let count = usize::from(first & 0x1f);
        if first & 0xe0 != ARRAY || count > 0x17 {
            return Err(BundleError::Head { what: "roots", at });
        }
        if !(1..=ROOTS_MAX).contains(&count) {
            return Err(BundleError::RootCount(count));
        }
        (0..count)
            .map(|_| self.document("root", DOCUMENT_BYTES_MAX))
            .collect()
    }

    fn document(&mut self, what: &'static str, bytes_max: u64) -> Result<Vec<u8>, BundleError> {
        let first = self.byte(what)?;
        self.document_after(what, first, bytes_max)
    }

    fn nullable(&mut self, what: &'static str) -> Result<Option<Vec<u8>>, BundleError> {
        match self.byte(what)? {
            NULL => Ok(None),
            first => self
                .document_after(what, first, DOCUMENT_BYTES_MAX)
                .map(Some),
        }
    }

    fn document_after(
        &mut self,
        what: &'static str,
        first: u8,
        bytes_max: u64,
    ) -> Result<Vec<u8>, BundleError> {
        let len = self.length(what, first)?;
        check_bytes(what, len, bytes_max)?;
        self.take(what, len)
    }

    /// The length that a byte string's head says, of which `first` is the first byte. Only the
    /// shortest form passes, and none above four bytes.
    fn length(&mut self, what: &'static str, first: u8) -> Result<u64, BundleError> {
        let at = self.at - 1;
        let width = match first {
            0x40..=0x57 => return Ok(u64::from(first - 0x40)),
            0x58 => 1,
            0x59 => 2,
            0x5a => 4,
            _ => return Err(BundleError::Head { what, at }),
        };
        let digits = self.take(what, width)?;
        let len = digits.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
        match head(len).len() as u64 == width + 1 {
            true => Ok(len),
            false => Err(BundleError::Head { what, at }),
        }
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, BundleError> {
        Ok(self.take(what, 1)?[0])
    }

    /// The next bytes; the caller has bounded their number.
    fn take(&mut self, what: &'static str, count: u64) -> Result<Vec<u8>, BundleError> {
        if self.total - self.at < count {
            return Err(self.cut_short(what));
        }
        let mut bytes = Vec::new();
        (&mut self.source).take(count).read_to_end(&mut bytes)?;
        // A file that shrinks while it is read.
        if (bytes.len() as u64) < count {
            return Err(self.cut_short(what));
        }
        self.at += count;
        Ok(bytes)
    }

    fn check_end(&self, payload_len: u64) -> Result<(), BundleError> {
        match (self.total - self.at).checked_sub(payload_len) {
            Some(0) => Ok(()),
            Some(more) => Err(BundleError::TrailingBytes(more)),
            None => Err(self.cut_short("payload")),
        }
    }

    fn cut_short(&self, what: &'static str) -> BundleError {
        BundleError::CutShort {
            what,
            found: self.total,
        }
    }
}
