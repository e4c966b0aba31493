//! What a device answers.
//!
//! | to | fields |
//! |---|---|
//! | echo | `r` text |
//! | reset | none |
//! | parameters | `buf_size`, `buf_count` |
//! | state, read and written | `images`, an array of maps: `slot`, `version`, `hash`, and each flag that is true |
//! | upload | `off`: where the next part belongs |
//! | anything, by no | see `failure.rs` |
//!
//! Keys stand in the order of the table.

use minicbor::encode::{Encoder, Error, Write, write::Cursor};

use crate::failure::{Code, Failure};
use crate::header::{HEADER_BYTES, Header, Version};

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The text that was asked for.
    Echo(&'a str),
    /// It is done, or will be right after this answer.
    Done,
    /// How much may be sent at once.
    Parameters {
        /// Bytes of a frame with its framing: see [`Reassembler::memory_bytes`](crate::Reassembler::memory_bytes).
        buffer_bytes: u16,
    },
    /// What is in the slots.
    Images(&'a [ImageState<'a>]),
    /// Where the next part of an upload belongs; the whole's length if it is complete.
    Uploaded {
        /// From the start of the whole.
        offset: u32,
    },
    /// No.
    No(Failure<'a>),
}

/// What is in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageState<'a> {
    /// 0 is where images run, 1 the other one.
    pub slot: u8,
    /// As the release says it.
    pub version: &'a str,
    /// The name by which a client means this image.
    pub hash: &'a [u8],
    /// Whether it is whole.
    pub bootable: bool,
    /// Whether the next start tries it out.
    pub pending: bool,
    /// Whether it is kept.
    pub confirmed: bool,
    /// Whether it runs.
    pub active: bool,
}

type Encoded<W> = Result<(), Error<<W as Write>::Error>>;

impl Answer<'_> {
    /// Writes the frame that answers `header` into `buffer`, and returns its length. None if the buffer is too
    /// small.
    #[must_use]
    pub fn write(&self, header: &Header, buffer: &mut [u8]) -> Option<usize> {
        let body = buffer.get_mut(HEADER_BYTES..)?;
        let mut encoder = Encoder::new(Cursor::new(body));
        self.encode(header.version, &mut encoder).ok()?;
        let length = encoder.writer().position();
        let header = header.answered(u16::try_from(length).ok()?);
        buffer[..HEADER_BYTES].copy_from_slice(&header.bytes());
        Some(HEADER_BYTES + length)
    }

    fn encode<W: Write>(&self, version: Version, encoder: &mut Encoder<W>) -> Encoded<W> {
        match *self {
            Self::Echo(text) => encoder.map(1)?.str("r")?.str(text)?.ok(),
            Self::Done => encoder.map(0)?.ok(),
            Self::Parameters { buffer_bytes } => {
                encoder.map(2)?.str("buf_size")?.u16(buffer_bytes)?;
                encoder.str("buf_count")?.u8(1)?.ok()
            }
            Self::Images(images) => encode_images(images, encoder),
            Self::Uploaded { offset } => encoder.map(1)?.str("off")?.u32(offset)?.ok(),
            Self::No(failure) => encode_failure(failure, version, encoder),
        }
    }
}

fn encode_images<W: Write>(images: &[ImageState<'_>], encoder: &mut Encoder<W>) -> Encoded<W> {
    encoder.map(1)?.str("images")?.array(images.len() as u64)?;
    images
        .iter()
        .try_for_each(|image| encode_image(image, encoder))
}

fn encode_image<W: Write>(image: &ImageState<'_>, encoder: &mut Encoder<W>) -> Encoded<W> {
    let flags = [
        ("bootable", image.bootable),
        ("pending", image.pending),
        ("confirmed", image.confirmed),
        ("active", image.active),
    ];
    let raised = flags.iter().filter(|(_, raised)| *raised);
    encoder.map(3 + raised.clone().count() as u64)?;
    encoder.str("slot")?.u8(image.slot)?;
    encoder.str("version")?.str(image.version)?;
    encoder.str("hash")?.bytes(image.hash)?;
    for (name, _) in raised {
        encoder.str(name)?.bool(true)?;
    }
    Ok(())
}

fn encode_failure<W: Write>(
    failure: Failure<'_>,
    version: Version,
    encoder: &mut Encoder<W>,
) -> Encoded<W> {
    match (failure, version) {
        (Failure::General(code, Some(reason)), _) => {
            encoder.map(2)?.str("rc")?.u16(code as u16)?;
            encoder.str("rsn")?.str(reason)?.ok()
        }
        (Failure::General(code, None), _) => encoder.map(1)?.str("rc")?.u16(code as u16)?.ok(),
        (Failure::OfGroup(..), Version::V1) => {
            encoder.map(1)?.str("rc")?.u16(Code::Unknown as u16)?.ok()
        }
        (Failure::OfGroup(group, code), Version::V2) => {
            encoder.map(1)?.str("err")?.map(2)?;
            encoder.str("group")?.u16(group)?;
            encoder.str("rc")?.u16(code)?.ok()
        }
    }
}
