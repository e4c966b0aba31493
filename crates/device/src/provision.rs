//! The factory: puts the first image and the first journal into an empty flash.

use core::fmt;

use mainstay_trust::{Image, Mark, Primitives, Refusal, verify};

use crate::config::Config;
use crate::flash::{Flash, FlashError};
use crate::layout::WRITE_BYTES_MAX;
use crate::on_flash::OnFlash;
use crate::record::Record;
use crate::slot::{ENVELOPE_BYTES_MAX, Head, Slot};
use crate::storage::Storage as _;

/// Why a device can't be provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvisionError {
    /// The release is refused: the factory trusts no more than the field does.
    Refused(Refusal),
    /// Flash failed.
    Flash(FlashError),
}

impl ProvisionError {
    /// The stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.id(),
            Self::Flash(error) => error.id(),
        }
    }
}

impl fmt::Display for ProvisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => f.write_str(refusal.cause()),
            Self::Flash(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ProvisionError {}

impl From<FlashError> for ProvisionError {
    fn from(error: FlashError) -> Self {
        Self::Flash(error)
    }
}

impl From<Refusal> for ProvisionError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Writes an approved release into slot A as the confirmed one. Of a release with an image for each slot, `image`
/// is the one for slot A.
///
/// # Errors
/// If the release doesn't verify, isn't for this device, doesn't fit, or isn't `image`; or if flash
/// fails.
pub fn provision<F: Flash, R: AsRef<[u8]>>(
    storage: &mut OnFlash<F>,
    config: &Config<R>,
    primitives: &impl Primitives,
    envelope: &[u8],
    image: &[u8],
) -> Result<(), ProvisionError> {
    let root = verify::pinned_root(config.root.as_ref(), primitives)?;
    let manifest = verify::release(envelope, &root, primitives)?;
    let manifest = manifest.get();
    if (manifest.vendor_id, manifest.class_id) != (config.vendor_id, config.class_id) {
        return Err(Refusal::WrongClass.into());
    }
    if manifest.banks.is_some() != config.image_per_slot {
        return Err(Refusal::WrongBanks.into());
    }
    if envelope.len() > ENVELOPE_BYTES_MAX {
        return Err(Refusal::TooLarge.into());
    }
    if image.len() > storage.grain().image_bytes as usize {
        return Err(Refusal::PayloadTooLarge.into());
    }
    let release = Mark::of_release(root.get(), manifest.sequence);
    let expected = manifest.part(Slot::A.bank()).image;
    let head = Head {
        image_bytes: expected.bytes as u32,
        image_digest: expected.digest,
        root_version: root.get().version,
        epoch: release.epoch,
        envelope,
    };
    storage.erase(Slot::A)?;
    storage.write_head(Slot::A, &head)?;
    storage.write_image(Slot::A, 0, image)?;
    check_image(storage, &expected, primitives)?;
    let mut record = Record {
        confirmed: Some(Slot::A),
        confirmed_manifest: manifest.digest,
        ..Record::default()
    };
    let floor = Mark::of_release(root.get(), manifest.security_floor);
    record.counters.release_confirmed(release, floor);
    Ok(storage.save_record(&mut record)?)
}

/// Whether slot A, as flash holds it, is whole and has this image.
fn check_image<F: Flash>(
    storage: &OnFlash<F>,
    expected: &Image,
    primitives: &impl Primitives,
) -> Result<(), ProvisionError> {
    if !storage.is_intact(Slot::A, primitives)? {
        return Err(Refusal::PayloadDigest.into());
    }
    let (algorithm, length) = (expected.algorithm(), expected.bytes as u32);
    let found = storage.measure(Slot::A, length, algorithm, primitives)?;
    Ok(expected.check(&found)?)
}

/// Writes `bytes` to `address`, the last piece padded with erased bytes.
///
/// # Errors
/// If flash fails.
pub fn write_image(
    flash: &mut impl Flash,
    address: u32,
    bytes: &[u8],
    write_bytes: usize,
) -> Result<(), FlashError> {
    let whole = bytes.len() - bytes.len() % write_bytes;
    if whole > 0 {
        flash.write(address, &bytes[..whole])?;
    }
    let rest = &bytes[whole..];
    if rest.is_empty() {
        return Ok(());
    }
    let mut padded = [0xff; WRITE_BYTES_MAX];
    padded[..rest.len()].copy_from_slice(rest);
    let at = u32::try_from(whole).map_err(|_| FlashError::OutOfRange)?;
    flash.write(address + at, &padded[..write_bytes])
}
