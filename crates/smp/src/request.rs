//! What a client may ask.
//!
//! | group | id | operation | fields |
//! |---|---|---|---|
//! | 0 | 0 echo | write | `d` text |
//! | 0 | 5 reset | write | none that matter |
//! | 0 | 6 parameters | read | |
//! | 1 | 0 state | read | |
//! | 1 | 0 state | write | `hash` bytes, `confirm` bool |
//! | 1 | 1 upload | write | `off`, `data` bytes; with the first part `len`, and if wanted `sha` bytes |
//!
//! Fields are looked up by name, in any order; names that aren't in the table are passed over, as the protocol
//! grows. Of two fields with one name the later counts.

use minicbor::decode::{Decoder, Error};

use crate::failure::{Code, Failure};
use crate::header::{Header, Operation};
use crate::{GROUP_IMAGE, GROUP_OS};

/// No request has nearly as many fields.
const FIELDS_MAX: u64 = 16;

/// A request. Its texts and bytes lie in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'f> {
    /// Say this.
    Echo(&'f str),
    /// Restart.
    Reset,
    /// How much may be sent at once?
    Parameters,
    /// What is in the slots?
    ReadState,
    /// Try an image out, or keep it.
    WriteState {
        /// Which one; the one that runs if not said.
        hash: Option<&'f [u8]>,
        /// Whether to keep it.
        confirm: bool,
    },
    /// A part of what is to be installed.
    Upload(Upload<'f>),
}

/// A part of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upload<'f> {
    /// Where it belongs.
    pub offset: u32,
    /// The part.
    pub data: &'f [u8],
    /// Bytes of the whole; with the first part.
    pub length: Option<u32>,
    /// What the client calls the whole: by custom its SHA-256. With the first part.
    pub name: Option<&'f [u8]>,
}

/// A frame that is no request of ours: what can be answered, if anything can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// To whom; none if the frame isn't one, and then nobody can be told.
    pub header: Option<Header>,
    /// Why.
    pub failure: Failure<'static>,
}

impl<'f> Request<'f> {
    /// Reads a frame.
    ///
    /// # Errors
    /// If it isn't a frame, isn't a command that a device of ours knows, or lacks a field that the command needs.
    pub fn read(frame: &'f [u8]) -> Result<(Header, Self), Unread> {
        let Some((header, body)) = Header::read(frame) else {
            return Err(Unread {
                header: None,
                failure: Code::Invalid.into(),
            });
        };
        let unread = |failure| Unread {
            header: Some(header),
            failure,
        };
        let fields = Fields::read(body).map_err(|_| unread(Code::Invalid.into()))?;
        let request = fields
            .request(&header)
            .map_err(|code| unread(code.into()))?;
        Ok((header, request))
    }
}

/// All the fields that any request may have.
#[derive(Default)]
struct Fields<'f> {
    text: Option<&'f str>,
    hash: Option<&'f [u8]>,
    confirm: bool,
    offset: Option<u32>,
    data: Option<&'f [u8]>,
    length: Option<u32>,
    name: Option<&'f [u8]>,
}

impl<'f> Fields<'f> {
    /// Reads the one map that a body is.
    fn read(body: &'f [u8]) -> Result<Self, Error> {
        let mut decoder = Decoder::new(body);
        let mut fields = Self::default();
        let count = decoder.map()?.ok_or_else(|| Error::message("indefinite"))?;
        if count > FIELDS_MAX {
            return Err(Error::message("too many fields"));
        }
        for _ in 0..count {
            fields.field(&mut decoder)?;
        }
        match decoder.position() == body.len() {
            true => Ok(fields),
            false => Err(Error::message("something follows")),
        }
    }

    fn field(&mut self, decoder: &mut Decoder<'f>) -> Result<(), Error> {
        match decoder.str()? {
            "d" => self.text = Some(decoder.str()?),
            "hash" => self.hash = Some(decoder.bytes()?),
            "confirm" => self.confirm = decoder.bool()?,
            "off" => self.offset = Some(decoder.u32()?),
            "data" => self.data = Some(decoder.bytes()?),
            "len" => self.length = Some(decoder.u32()?),
            "sha" => self.name = Some(decoder.bytes()?),
            _ => decoder.skip()?,
        }
        Ok(())
    }

    fn request(self, header: &Header) -> Result<Request<'f>, Code> {
        use Operation::{Read, Write};
        match (header.group, header.command, header.operation) {
            (GROUP_OS, 0, Write) => self.text.map(Request::Echo).ok_or(Code::Invalid),
            (GROUP_OS, 5, Write) => Ok(Request::Reset),
            (GROUP_OS, 6, Read) => Ok(Request::Parameters),
            (GROUP_IMAGE, 0, Read) => Ok(Request::ReadState),
            (GROUP_IMAGE, 0, Write) => Ok(Request::WriteState {
                hash: self.hash,
                confirm: self.confirm,
            }),
            (GROUP_IMAGE, 1, Write) => self.upload().map(Request::Upload).ok_or(Code::Invalid),
            _ => Err(Code::NotSupported),
        }
    }

    fn upload(self) -> Option<Upload<'f>> {
        Some(Upload {
            offset: self.offset?,
            data: self.data?,
            length: self.length,
            name: self.name,
        })
    }
}
