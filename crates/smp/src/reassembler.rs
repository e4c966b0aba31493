//! From the bytes of a line back to frames, in memory that the caller lends.
//!
//! Whatever comes is bounded: a line by [`LINE_BYTES_MAX`], a frame by the memory lent. Text that is no line of ours
//! is passed over, since a console has other users. A frame that breaks off is forgotten as soon as another begins.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::lines::{CRC, END, FIRST, FURTHER, LINE_BYTES_MAX, PIECE_BYTES};

/// Bytes that a frame needs beside its own: its length and its checksum.
pub const FRAMING_BYTES: usize = 4;

/// Why lines give no frame. A device says nothing then: it doesn't know to whom, and the client asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineError {
    /// A line that began as ours is longer than any may be.
    LineTooLong,
    /// A line isn't base64, in whole groups of four characters.
    NotBase64,
    /// A further line came, and there was none before it.
    NotBegun,
    /// A frame says that it is longer than the memory lent.
    FrameTooLong,
    /// There are more bytes than the frame's length says.
    Overrun,
    /// The checksum is of other bytes.
    Checksum,
}

impl LineError {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::LineTooLong => "smp.line-too-long",
            Self::NotBase64 => "smp.not-base64",
            Self::NotBegun => "smp.not-begun",
            Self::FrameTooLong => "smp.frame-too-long",
            Self::Overrun => "smp.overrun",
            Self::Checksum => "smp.checksum",
        }
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "the line is longer than 127 bytes",
            Self::NotBase64 => "the line isn't base64 in whole groups",
            Self::NotBegun => "a further line came before a first one",
            Self::FrameTooLong => {
                "the frame doesn't fit this device's memory: send as much as its parameters say"
            }
            Self::Overrun => "the lines hold more than the frame's length says",
            Self::Checksum => "the frame's checksum is another: send it again",
        })
    }
}

impl core::error::Error for LineError {}

/// Puts frames together.
#[derive(Debug)]
pub struct Reassembler<'m> {
    /// Length, frame and checksum, as far as they have come.
    memory: &'m mut [u8],
    filled: usize,
    /// The line that is coming in, without its end.
    line: [u8; LINE_BYTES_MAX],
    /// How much of it there is; one more than fits if it is too long.
    length: usize,
}

impl<'m> Reassembler<'m> {
    /// One that has seen nothing yet. The largest frame is [`FRAMING_BYTES`] less than the memory lent.
    #[must_use]
    pub fn new(memory: &'m mut [u8]) -> Self {
        Self {
            memory,
            filled: 0,
            line: [0; LINE_BYTES_MAX],
            length: 0,
        }
    }

    /// Bytes of the memory lent: what clients are told as the size of a buffer.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.memory.len()
    }

    /// Takes the next byte. Returns a frame when this byte ends it; it lies here until the next one comes.
    ///
    /// # Errors
    /// If this byte ends a line that can be no part of a frame. What had come of the frame is forgotten.
    pub fn push(&mut self, byte: u8) -> Result<Option<&[u8]>, LineError> {
        if byte != END {
            self.keep(byte);
            return Ok(None);
        }
        let length = core::mem::take(&mut self.length);
        match self.end_line(length) {
            Ok(Some(frame_bytes)) => Ok(self.memory.get(2..2 + frame_bytes)),
            Ok(None) => Ok(None),
            Err(error) => {
                self.filled = 0;
                Err(error)
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if let Some(free) = self.line.get_mut(self.length) {
            *free = byte;
            self.length += 1;
        } else {
            self.length = LINE_BYTES_MAX + 1;
        }
    }

    /// Takes a line of this length. Returns the bytes of the frame, if that is whole now.
    fn end_line(&mut self, length: usize) -> Result<Option<usize>, LineError> {
        let (line, end) = (self.line, length.min(LINE_BYTES_MAX));
        let Some((start, characters)) = begun(&line[..end]) else {
            return Ok(None);
        };
        if length >= LINE_BYTES_MAX {
            return Err(LineError::LineTooLong);
        }
        if start == FIRST {
            self.filled = 0;
        } else if self.filled == 0 {
            return Err(LineError::NotBegun);
        }
        self.decode(characters)?;
        self.frame()
    }

    fn decode(&mut self, characters: &[u8]) -> Result<(), LineError> {
        let mut piece = [0; PIECE_BYTES];
        let count = STANDARD
            .decode_slice(characters, &mut piece)
            .map_err(|_| LineError::NotBase64)?;
        let free = self.memory.get_mut(self.filled..self.filled + count);
        free.ok_or(LineError::FrameTooLong)?
            .copy_from_slice(&piece[..count]);
        self.filled += count;
        Ok(())
    }

    /// The bytes of the frame, if it is whole.
    fn frame(&mut self) -> Result<Option<usize>, LineError> {
        let Some((length, rest)) = self.memory[..self.filled].split_first_chunk::<2>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length + 2 > self.memory.len() {
            return Err(LineError::FrameTooLong);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let (frame, crc) = match rest.split_last_chunk::<2>() {
            Some(parts) if rest.len() == length => parts,
            _ => return Err(LineError::Overrun),
        };
        if CRC.checksum(frame).to_be_bytes() != *crc {
            return Err(LineError::Checksum);
        }
        self.filled = 0;
        Ok(Some(frame.len()))
    }
}

/// How a line of ours begins, and what follows up to its end. Text that others wrote before it on the same line is
/// passed over; a carriage return before the end is too.
fn begun(line: &[u8]) -> Option<([u8; 2], &[u8])> {
    let at = line
        .windows(2)
        .position(|two| two == FIRST || two == FURTHER)?;
    let (start, rest) = line[at..].split_first_chunk::<2>()?;
    Some((*start, rest.strip_suffix(b"\r").unwrap_or(rest)))
}
