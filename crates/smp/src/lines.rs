//! A frame as lines of text, for a console that other text may share.
//!
//! ```text
//! 06 09 <base64> 0a     the first line
//! 04 14 <base64> 0a     each further one
//! ```
//!
//! What is encoded is the frame with its length before it and a checksum behind it, both two bytes in network
//! order; the length counts the checksum too. The checksum is CRC-16/XMODEM of the frame.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc::{CRC_16_XMODEM, Crc, NoTable};

/// The longest line, its end included.
pub const LINE_BYTES_MAX: usize = 127;

/// How the first line of a frame starts.
pub(crate) const FIRST: [u8; 2] = [0x06, 0x09];
/// How each further line starts.
pub(crate) const FURTHER: [u8; 2] = [0x04, 0x14];
/// How every line ends.
pub(crate) const END: u8 = b'\n';

/// Characters of base64 in a full line.
const CHARACTERS_MAX: usize = LINE_BYTES_MAX - FIRST.len() - 1;
/// Bytes that they encode.
pub(crate) const PIECE_BYTES: usize = CHARACTERS_MAX / 4 * 3;

/// The checksum of a frame. Frames are short and lines slow: a table would only take flash.
pub(crate) const CRC: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&CRC_16_XMODEM);

/// The lines of one frame, one after the other.
#[derive(Debug)]
pub struct Lines<'f> {
    length: [u8; 2],
    frame: &'f [u8],
    crc: [u8; 2],
    /// Bytes that earlier lines have, of length, frame and checksum together.
    at: usize,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    bytes: [u8; LINE_BYTES_MAX],
    length: usize,
}

impl<'f> Lines<'f> {
    /// The lines of this frame. None if it is too long for its length to be said.
    #[must_use]
    pub fn new(frame: &'f [u8]) -> Option<Self> {
        let length = u16::try_from(frame.len() + 2).ok()?;
        Some(Self {
            length: length.to_be_bytes(),
            frame,
            crc: CRC.checksum(frame).to_be_bytes(),
            at: 0,
        })
    }

    /// The byte at this place of length, frame and checksum together.
    fn byte(&self, at: usize) -> Option<u8> {
        if at < 2 {
            return Some(self.length[at]);
        }
        let at = at - 2;
        let in_frame = self.frame.get(at).copied();
        in_frame.or_else(|| self.crc.get(at - self.frame.len()).copied())
    }

    /// The next bytes to be encoded, and how many they are.
    fn piece(&self) -> ([u8; PIECE_BYTES], usize) {
        let mut piece = [0; PIECE_BYTES];
        let mut count = 0;
        while count < PIECE_BYTES
            && let Some(byte) = self.byte(self.at + count)
        {
            piece[count] = byte;
            count += 1;
        }
        (piece, count)
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let (piece, count) = self.piece();
        let start = if self.at == 0 { FIRST } else { FURTHER };
        self.at += count;
        (count > 0).then(|| Line::new(start, &piece[..count]))
    }
}

impl Line {
    fn new(start: [u8; 2], piece: &[u8]) -> Self {
        let mut bytes = [END; LINE_BYTES_MAX];
        bytes[..2].copy_from_slice(&start);
        let characters = STANDARD
            .encode_slice(piece, &mut bytes[2..])
            .expect("a piece is as long as its line has room for");
        bytes[2 + characters] = END;
        Self {
            bytes,
            length: characters + 3,
        }
    }
}

impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn text(frame: &[u8]) -> Vec<u8> {
        let lines = Lines::new(frame).expect("a short frame");
        lines.flat_map(|line| line.as_ref().to_vec()).collect()
    }

    #[test]
    fn a_short_frame_is_one_line() {
        // Made by the Python package `smp` 4.1.0.
        assert_eq!(
            text(b"Hello, world!"),
            b"\x06\x09AA9IZWxsbywgd29ybGQhet4=\n"
        );
    }

    #[test]
    fn a_long_frame_has_lines_of_at_most_127_bytes() {
        let lines: Vec<Line> = Lines::new(&[7; 300]).expect("a short frame").collect();
        let lengths: Vec<usize> = lines.iter().map(|line| line.as_ref().len()).collect();
        assert_eq!(lengths, [127, 127, 127, 39]);
        assert!(lines[0].as_ref().starts_with(&FIRST));
        assert!(
            lines[1..]
                .iter()
                .all(|line| line.as_ref().starts_with(&FURTHER))
        );
        assert!(Lines::new(&[0; 65_534]).is_none());
    }
}
