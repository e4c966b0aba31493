//! The file with what was accepted for a slot. All numbers are little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | "MSH1" |
//! | 4 | 4 | bytes of the image |
//! | 8 | 32 | SHA-256 of the image |
//! | 40 | 4 | version of the root that accepted it |
//! | 44 | 4 | epoch in which it was accepted |
//! | 48 | the rest | the envelope |

use std::path::Path;

use mainstay_device::slot::{ENVELOPE_BYTES_MAX, Head};
use mainstay_trust::Digest;

use crate::durable;
use crate::fault::Fault;

const MAGIC: [u8; 4] = *b"MSH1";
const FIXED_BYTES: usize = 48;

/// The head at `path`; none if there is none, or if the file isn't one: an image without a head is never started.
///
/// # Errors
/// If the file can't be read.
pub fn read(path: &Path) -> Result<Option<Head<Vec<u8>>>, Fault> {
    let bytes_max = (FIXED_BYTES + ENVELOPE_BYTES_MAX) as u64;
    Ok(durable::read(path, bytes_max)?.and_then(|bytes| decode(&bytes)))
}

/// Replaces it.
///
/// # Errors
/// If the file system fails.
pub fn write(path: &Path, head: &Head<&[u8]>) -> Result<(), Fault> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(head.image_bytes.to_le_bytes());
    bytes.extend(head.image_digest.0);
    bytes.extend(head.root_version.to_le_bytes());
    bytes.extend(head.epoch.to_le_bytes());
    bytes.extend(head.envelope);
    durable::write(path, &bytes)
}

fn decode(bytes: &[u8]) -> Option<Head<Vec<u8>>> {
    let (fixed, envelope) = bytes.split_at_checked(FIXED_BYTES)?;
    let number = |at: usize| Some(u32::from_le_bytes(fixed.get(at..at + 4)?.try_into().ok()?));
    if fixed[..4] != MAGIC {
        return None;
    }
    Some(Head {
        image_bytes: number(4)?,
        image_digest: Digest(fixed[8..40].try_into().ok()?),
        root_version: number(40)?,
        epoch: number(44)?,
        envelope: envelope.to_vec(),
    })
}
