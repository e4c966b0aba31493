//! How every frame starts: eight bytes, numbers in network order.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | operation (bits 0 to 2), version (bits 3 and 4) |
//! | 1 | 1 | flags, of which none is defined |
//! | 2 | 2 | bytes that follow the header: one CBOR map |
//! | 4 | 2 | group |
//! | 6 | 1 | sequence number, which the answer repeats |
//! | 7 | 1 | command |

/// Bytes of a header.
pub const HEADER_BYTES: usize = 8;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A question.
    Read,
    /// The answer to one.
    ReadAnswer,
    /// A command.
    Write,
    /// The answer to one.
    WriteAnswer,
}

/// The protocol's version: they differ in how a device says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Every refusal is a code of the protocol's own.
    V1,
    /// A refusal may be one of its group.
    V2,
}

/// A header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the frame is.
    pub operation: Operation,
    /// In which version it is spoken.
    pub version: Version,
    /// Bytes that follow.
    pub length: u16,
    /// Whose command it is.
    pub group: u16,
    /// What the answer repeats.
    pub sequence: u8,
    /// Which command of the group.
    pub command: u8,
}

impl Header {
    /// Reads the header of a frame, and returns it with what follows. None if the frame is shorter or longer than
    /// it says, or is of no known operation or version. Flags are passed over, as nobody has given them a meaning.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<(Self, &[u8])> {
        let (bytes, body) = frame.split_first_chunk::<HEADER_BYTES>()?;
        let [first, _flags, length @ .., sequence, command] = *bytes;
        let [high, low, group_high, group_low] = length;
        let header = Self {
            operation: operation(first & 0x07)?,
            version: version(first >> 3)?,
            length: u16::from_be_bytes([high, low]),
            group: u16::from_be_bytes([group_high, group_low]),
            sequence,
            command,
        };
        (usize::from(header.length) == body.len()).then_some((header, body))
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; HEADER_BYTES] {
        let version = match self.version {
            Version::V1 => 0,
            Version::V2 => 1,
        };
        let operation = match self.operation {
            Operation::Read => 0,
            Operation::ReadAnswer => 1,
            Operation::Write => 2,
            Operation::WriteAnswer => 3,
        };
        let [high, low] = self.length.to_be_bytes();
        let [group_high, group_low] = self.group.to_be_bytes();
        let first = version << 3 | operation;
        [
            first,
            0,
            high,
            low,
            group_high,
            group_low,
            self.sequence,
            self.command,
        ]
    }

    /// The header of the answer, with a body of so many bytes.
    #[must_use]
    pub fn answered(&self, length: u16) -> Self {
        let operation = match self.operation {
            Operation::Read | Operation::ReadAnswer => Operation::ReadAnswer,
            Operation::Write | Operation::WriteAnswer => Operation::WriteAnswer,
        };
        Self {
            operation,
            length,
            ..*self
        }
    }
}

fn operation(bits: u8) -> Option<Operation> {
    match bits {
        0 => Some(Operation::Read),
        1 => Some(Operation::ReadAnswer),
        2 => Some(Operation::Write),
        3 => Some(Operation::WriteAnswer),
        _ => None,
    }
}

fn version(bits: u8) -> Option<Version> {
    match bits {
        0 => Some(Version::V1),
        1 => Some(Version::V2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_its_bytes() {
        let bytes = [0x0a, 0, 0, 3, 0, 1, 0x5a, 1];
        let frame = [&bytes[..], b"abc"].concat();
        let (header, body) = Header::read(&frame).expect("a frame");
        assert_eq!((header.group, header.command), (1, 1));
        assert_eq!(
            (header.operation, header.sequence),
            (Operation::Write, 0x5a)
        );
        assert_eq!((header.bytes(), body), (bytes, &b"abc"[..]));
        assert_eq!(header.answered(9).bytes(), [0x0b, 0, 0, 9, 0, 1, 0x5a, 1]);
    }

    #[test]
    fn what_is_no_frame_is_none() {
        for frame in [
            &b""[..],
            &[0x08, 0, 0, 0, 0, 0, 0],          // seven bytes
            &[0x08, 0, 0, 1, 0, 0, 0, 6],       // shorter than it says
            &[0x08, 0, 0, 0, 0, 0, 0, 6, 0xa0], // longer than it says
            &[0x0c, 0, 0, 0, 0, 0, 0, 6],       // an operation that nobody has defined
            &[0x10, 0, 0, 0, 0, 0, 0, 6],       // a third version
        ] {
            assert_eq!(Header::read(frame), None, "{frame:02x?}");
        }
    }
}
