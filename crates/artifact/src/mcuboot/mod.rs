//! Images for devices whose boot loader is MCUboot: made from a raw image, or read and judged.
//!
//! ```text
//! +--------------------+ 0
//! | header             | 32 bytes, then padding up to `header_bytes`  --+
//! +--------------------+ header_bytes                                   |
//! | program            | `image_bytes`                                  | hashed, and so signed
//! +--------------------+                                                |
//! | protected TLVs     | `protected_bytes`; absent if that is 0       --+
//! +--------------------+
//! | unprotected TLVs   | the hash, the name of the key, the signature
//! +--------------------+ the end: nothing follows in a file of ours
//! ```
//!
//! Sources: MCUboot's `docs/design.md` ("Image format") and `boot/bootutil/include/bootutil/image.h`;
//! what a boot loader makes of each TLV stands in `boot/bootutil/src/image_validate.c`. All numbers
//! are little-endian.
//!
//! This module never writes a slot's trailer (that is the boot loader's own memory), never encrypts
//! or compresses, and decides nothing about Mainstay's trust: a device still demands two people's
//! signatures over the envelope. Read [`wrap`](fn@wrap) first, then [`accept`].

mod check;
mod counter;
mod defect;
mod facts;
pub mod header;
mod read;
mod room;
mod signature;
pub mod spki;
pub mod tlv;
mod version;
mod window;
mod wrap;
mod wrap_error;

/// Largest MCUboot image, 64 MiB: four times the largest flash of the microcontrollers that we target.
/// One that is signed by an ECDSA key lies in memory while it is signed and checked, since such a key signs
/// bytes and not their hash.
pub const IMAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

pub use check::accept;
pub use counter::{CounterError, counter_from_floor};
pub use defect::Defect;
pub use facts::{Dependency, Facts, SignatureFacts};
pub use header::Header;
pub use read::{Image, begins_as_image};
pub use room::Room;
pub use tlv::{Area, Tlv, TlvType};
pub use version::{ImageVersion, VersionError};
pub use window::Window;
pub use wrap::{HEADER_BYTES_DEFAULT, WrapRequest, Wrapped, wrap};
pub use wrap_error::WrapError;
