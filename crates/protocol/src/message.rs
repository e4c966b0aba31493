//! Reading and writing whole messages.

use core::fmt;

use mainstay_trust::{Refusal, cbor};
use minicbor::decode::Decode;
use minicbor::encode::Encode;
use minicbor::encode::write::Cursor;

/// The largest message: a directive with a root of post-quantum keys, signed by three people, or with
/// an envelope of the largest size (16 KiB). With P-256 alone none is over 8 KiB, and a device with
/// little memory reads no more than it has room for.
pub const MESSAGE_BYTES_MAX: usize = 48 * 1024;

/// Why bytes aren't a message, or a message doesn't fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageError {
    /// The bytes are too many, not well-formed, or not deterministic.
    Refused(Refusal),
    /// The bytes are CBOR, but not of the expected message.
    Shape,
    /// The buffer is too small for the message.
    BufferTooSmall,
}

impl MessageError {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.id(),
            Self::Shape => "protocol.shape",
            Self::BufferTooSmall => "protocol.buffer-too-small",
        }
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(refusal) => refusal.cause(),
            Self::Shape => "The bytes aren't the message that was expected here.",
            Self::BufferTooSmall => "The buffer is too small for the message.",
        })
    }
}

impl core::error::Error for MessageError {}

/// Reads one message, which must be all of `bytes`.
///
/// # Errors
/// If the bytes are over [`MESSAGE_BYTES_MAX`], not deterministic CBOR, or of another shape.
pub fn read<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, MessageError> {
    cbor::check(bytes, MESSAGE_BYTES_MAX).map_err(MessageError::Refused)?;
    minicbor::decode(bytes).map_err(|_| MessageError::Shape)
}

/// Writes one message into `buffer` and returns its length.
///
/// # Errors
/// If the buffer is too small; [`MESSAGE_BYTES_MAX`] is always enough.
pub fn write<T: Encode<()>>(message: &T, buffer: &mut [u8]) -> Result<usize, MessageError> {
    let mut cursor = Cursor::new(buffer);
    minicbor::encode(message, &mut cursor).map_err(|_| MessageError::BufferTooSmall)?;
    Ok(cursor.position())
}
