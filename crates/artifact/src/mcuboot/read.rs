//! Reading an image: where everything lies, and nothing yet of whether it is true.
//!
//! The program is never read, only jumped over, so an image of any size takes a few kilobytes of
//! memory. The first fault ends the reading: behind it, nothing is where it seems to be. Read
//! [`Image`] first.

use std::io::{Cursor, Read, Seek, SeekFrom};

use super::IMAGE_BYTES_MAX;
use super::defect::Defect;
use super::header::{HEADER_BYTES, Header, MAGIC};
use super::tlv::{self, Area, HEAD_BYTES, Tlv};

/// An image whose parts lie where they should, and fill the stream exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its header.
    pub header: Header,
    /// The entries that the hash covers.
    pub protected: Vec<Tlv>,
    /// Hash, key and signature.
    pub unprotected: Vec<Tlv>,
}

/// Whether the first bytes of a payload are those of an MCUboot image.
pub fn begins_as_image(beginning: &[u8]) -> bool {
    beginning.starts_with(&MAGIC.to_le_bytes())
}

impl Image {
    /// Reads an image that fills `source` from its start to its end.
    pub fn read(source: &mut (impl Read + Seek)) -> Result<Self, Defect> {
        let total = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(0))?;
        let header = read_header(source, total)?;
        source.seek(SeekFrom::Start(header.tlv_offset()))?;
        let mut rest = Rest { source, total };
        let protected = match header.protected_bytes {
            0 => Vec::new(),
            said => rest.protected(said)?,
        };
        let unprotected = rest.area(Area::Unprotected)?;
        match total - rest.source.stream_position()? {
            0 => Ok(Self {
                header,
                protected,
                unprotected,
            }),
            more => Err(Defect::TrailingBytes(more)),
        }
    }

    /// As [`read`](Self::read), for an image in memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Defect> {
        Self::read(&mut Cursor::new(bytes))
    }
}

fn read_header(source: &mut impl Read, total: u64) -> Result<Header, Defect> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    source.take(HEADER_BYTES as u64).read_to_end(&mut bytes)?;
    if !begins_as_image(&bytes) {
        return Err(Defect::NotAnImage);
    }
    let bytes = bytes.first_chunk().ok_or(Defect::CutShort {
        found: total,
        promised: HEADER_BYTES as u64,
    })?;
    let header = Header::parse(bytes).ok_or(Defect::NotAnImage)?;
    check_sizes(&header, total)?;
    Ok(header)
}

fn check_sizes(header: &Header, total: u64) -> Result<(), Defect> {
    if usize::from(header.header_bytes) < HEADER_BYTES {
        return Err(Defect::HeaderSize(header.header_bytes));
    }
    if header.image_bytes == 0 {
        return Err(Defect::Empty);
    }
    let promised = header.hashed_bytes() + HEAD_BYTES as u64;
    if promised > total {
        return Err(Defect::CutShort {
            found: total,
            promised,
        });
    }
    match total {
        ..=IMAGE_BYTES_MAX => Ok(()),
        _ => Err(Defect::TooLarge(total)),
    }
}

/// What is left of a stream, area by area.
struct Rest<'a, S> {
    source: &'a mut S,
    total: u64,
}

impl<S: Read + Seek> Rest<'_, S> {
    /// The protected area, whose size stands in the header too.
    fn protected(&mut self, said: u16) -> Result<Vec<Tlv>, Defect> {
        let area = Area::Protected;
        let from = self.source.stream_position()?;
        let entries = self.area(area)?;
        if self.source.stream_position()? != from + u64::from(said) {
            return Err(Defect::AreaSize { area, total: said });
        }
        Ok(entries)
    }

    fn area(&mut self, area: Area) -> Result<Vec<Tlv>, Defect> {
        let head = self.take(HEAD_BYTES)?;
        let head = *head.first_chunk().expect("as many bytes as were asked for");
        let len = tlv::parse_head(area, head)?;
        tlv::parse_entries(area, &self.take(len)?)
    }

    /// Exactly `len` bytes; an area's size field bounds it by 64 KiB.
    fn take(&mut self, len: usize) -> Result<Vec<u8>, Defect> {
        let promised = self.source.stream_position()? + len as u64;
        if promised > self.total {
            return Err(Defect::CutShort {
                found: self.total,
                promised,
            });
        }
        let mut bytes = vec![0; len];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
