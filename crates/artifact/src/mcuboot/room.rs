//! Where the header goes: before the raw image, or into room that its build left for it.
//!
//! Some builds (Zephyr's `CONFIG_ROM_START_OFFSET`) link the program behind as many zero bytes as
//! the header takes. A header put before those zeros would shift the program, and a boot loader
//! would jump into nothing: the device never starts. No program begins with 32 zero bytes (a
//! Cortex-M's begins with its stack pointer and its entry), so leading zeros are room.

use super::header::{HEADER_BYTES, MAGIC};
use super::wrap_error::WrapError;

/// Zeros that the program behind the room may begin with: a stack pointer like 0x20010000.
const POINTER_ZEROS_MAX: usize = 3;

/// Bytes of an image's beginning that [`Room::of`] wants to see behind the room.
pub const LOOK_BEHIND_BYTES: usize = HEADER_BYTES;

/// Where the header goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Room {
    /// Before the raw image, all of which is program.
    Added,
    /// Over the zeros that the raw image begins with.
    Reserved,
}

impl Room {
    /// Looks at the first bytes of a raw image: `header_bytes` and [`LOOK_BEHIND_BYTES`] more, or
    /// all there are.
    pub fn of(beginning: &[u8], header_bytes: u16) -> Result<Self, WrapError> {
        if beginning.starts_with(&MAGIC.to_le_bytes()) {
            return Err(WrapError::AnImageAlready);
        }
        let zeros = beginning.iter().take_while(|byte| **byte == 0).count();
        let header = usize::from(header_bytes);
        match zeros {
            0..HEADER_BYTES => Ok(Self::Added),
            zeros if (header..=header + POINTER_ZEROS_MAX).contains(&zeros) => Ok(Self::Reserved),
            zeros => Err(WrapError::Room {
                zeros,
                header_bytes,
            }),
        }
    }

    /// What fills a header up behind its 32 bytes: what stood there, or the state of erased flash.
    pub fn padding(self) -> u8 {
        match self {
            Self::Added => 0xff,
            Self::Reserved => 0,
        }
    }

    /// Bytes at the beginning of the raw image that aren't program.
    pub fn bytes(self, header_bytes: u16) -> u16 {
        match self {
            Self::Added => 0,
            Self::Reserved => header_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zeros: usize, header_bytes: u16, expected: Result<Room, &str>) {
        let mut beginning = vec![0; zeros];
        beginning.extend([7; 8]);
        let found = Room::of(&beginning, header_bytes).map_err(|error| error.id());
        assert_eq!(found, expected, "{zeros} zeros, header of {header_bytes}");
    }

    #[test]
    fn leading_zeros_are_room_of_exactly_the_headers_size() {
        check(0, 0x200, Ok(Room::Added));
        check(3, 0x200, Ok(Room::Added));
        check(31, 0x200, Ok(Room::Added));
        check(32, 0x200, Err("mcuboot.header-room"));
        check(0x1ff, 0x200, Err("mcuboot.header-room"));
        check(0x200, 0x200, Ok(Room::Reserved));
        check(0x203, 0x200, Ok(Room::Reserved));
        check(0x204, 0x200, Err("mcuboot.header-room"));
        check(0x200, 0x400, Err("mcuboot.header-room"));
        check(0x400, 0x200, Err("mcuboot.header-room"));
        check(32, 32, Ok(Room::Reserved));
    }

    #[test]
    fn an_image_is_not_wrapped_twice() {
        let refused = Room::of(&MAGIC.to_le_bytes(), 0x200).unwrap_err();
        assert_eq!(refused.id(), "mcuboot.an-image-already");
    }
}
