//! Whether *this* device may install a verified release, now.
//!
//! [`admit`] asks everything that gates an installation, in a fixed order, and answers with the
//! first reason against it. It decides nothing about booting: a confirmed image boots whatever is
//! asked here. Read [`DeviceFacts`] first.

use crate::digest::Digest;
use crate::manifest::{BootloaderVersion, Manifest, Uuid};
use crate::refusal::Refusal;
use crate::status::{NONCE_BYTES, Status};
use crate::verify::Verified;

/// What the device knows about itself.
#[derive(Copy, Clone, Debug)]
pub struct DeviceFacts<'a> {
    /// Whose device it is.
    pub vendor_id: Uuid,
    /// Its class, hardware group and environment.
    pub class_id: Uuid,
    /// The bootloader it runs.
    pub bootloader: BootloaderVersion,
    /// The highest security floor of the releases it has confirmed; 0 if none.
    pub floor: u64,
    /// Manifest digest of the confirmed release; [`Digest::ZERO`] if none.
    pub confirmed_manifest: Digest,
    /// Sequence number of the confirmed release; 0 if none.
    pub confirmed_sequence: u64,
    /// `returns_to` of the confirmed release.
    pub returns_to: &'a [Digest],
    /// Version of the newest root it has accepted.
    pub root_version: u32,
    /// Expiry of that root, in Unix seconds.
    pub root_expires: u64,
    /// Number of the newest status it has accepted; 0 if none.
    pub status_seq: u64,
    /// The nonce it sent with this check-in.
    pub nonce: [u8; NONCE_BYTES],
    /// The newest authenticated moment it knows, in Unix seconds.
    pub time_floor: u64,
    /// Room in the slot it would write to.
    pub slot_bytes: u64,
}

/// The proof that a release may be installed. Only [`admit`] makes one.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Admitted {
    manifest: Digest,
    image_digest: Digest,
    image_bytes: u32,
    sequence: u64,
    time: u64,
    status_seq: u64,
}

impl Admitted {
    /// Manifest digest of the release.
    pub fn manifest(&self) -> Digest {
        self.manifest
    }

    /// The digest that its image must have.
    pub fn image_digest(&self) -> Digest {
        self.image_digest
    }

    /// The size that its image must have.
    pub fn image_bytes(&self) -> u32 {
        self.image_bytes
    }

    /// Its sequence number.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The device's new time floor, in Unix seconds.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// The newest accepted status number, to be kept before installing begins.
    pub fn status_seq(&self) -> u64 {
        self.status_seq
    }
}

/// Decides whether `device` may install the release now.
///
/// | order | question | refusals |
/// |---|---|---|
/// | 1 | is the status fresh, and made under our root? | `root-mismatch`, `status-nonce`, `status-replayed`, `status-stale` |
/// | 2 | does our root still hold? | `root-expired` |
/// | 3 | is the release for this device? | `wrong-vendor`, `wrong-class`, `bootloader-too-old` |
/// | 4 | may the device move to it from what it runs? | `already-running`, `below-floor`, `downgrade` |
/// | 5 | may it still be installed? | `expired`, `held` |
/// | 6 | does it fit? | `payload-too-large` |
///
/// Time is the later of the device's floor and the status's moment of issue; no other clock is
/// asked. The floor binds returns too: a release that the confirmed one names in `returns_to`, but
/// that lies below a floor the device has confirmed, is refused. Two people signed that return when
/// it was packed, perhaps before the weakness was known; raising the floor is the later and safer
/// word.
///
/// # Errors
/// The first refusal, in the order of the table.
pub fn admit(
    manifest: &Verified<Manifest<'_>>,
    status: &Verified<Status<'_>>,
    device: &DeviceFacts<'_>,
) -> Result<Admitted, Refusal> {
    let (manifest, status) = (manifest.get(), status.get());
    check_status(status, device)?;
    let time = device.time_floor.max(status.issued);
    check_root(time, device)?;
    check_fit(manifest, device)?;
    check_succession(manifest, device)?;
    check_lifetime(manifest, status, time)?;
    check_room(manifest, device)?;
    Ok(Admitted {
        manifest: manifest.digest,
        image_digest: manifest.image_digest,
        image_bytes: manifest.image_bytes,
        sequence: manifest.sequence,
        time,
        status_seq: status.seq,
    })
}

fn check_status(status: &Status<'_>, device: &DeviceFacts<'_>) -> Result<(), Refusal> {
    if status.root_version != device.root_version {
        return Err(Refusal::RootMismatch);
    }
    if status.nonce != Some(&device.nonce) {
        return Err(Refusal::StatusNonce);
    }
    if status.seq < device.status_seq {
        return Err(Refusal::StatusReplayed);
    }
    if status.expires <= device.time_floor {
        return Err(Refusal::StatusStale);
    }
    Ok(())
}

fn check_root(time: u64, device: &DeviceFacts<'_>) -> Result<(), Refusal> {
    if time < device.root_expires {
        Ok(())
    } else {
        Err(Refusal::RootExpired)
    }
}

fn check_fit(manifest: &Manifest<'_>, device: &DeviceFacts<'_>) -> Result<(), Refusal> {
    if manifest.vendor_id != device.vendor_id {
        return Err(Refusal::WrongVendor);
    }
    if manifest.class_id != device.class_id {
        return Err(Refusal::WrongClass);
    }
    if device.bootloader < manifest.bootloader_min {
        return Err(Refusal::BootloaderTooOld);
    }
    Ok(())
}

fn check_succession(manifest: &Manifest<'_>, device: &DeviceFacts<'_>) -> Result<(), Refusal> {
    if manifest.digest == device.confirmed_manifest {
        return Err(Refusal::AlreadyRunning);
    }
    if manifest.sequence < device.floor {
        return Err(Refusal::BelowFloor);
    }
    let newer = manifest.sequence > device.confirmed_sequence;
    if newer || device.returns_to.contains(&manifest.digest) {
        return Ok(());
    }
    Err(Refusal::Downgrade)
}

fn check_lifetime(manifest: &Manifest<'_>, status: &Status<'_>, time: u64) -> Result<(), Refusal> {
    if manifest.use_before.is_some_and(|end| time >= end) {
        return Err(Refusal::Expired);
    }
    if status.held.contains(&manifest.digest) {
        return Err(Refusal::Held);
    }
    Ok(())
}

fn check_room(manifest: &Manifest<'_>, device: &DeviceFacts<'_>) -> Result<(), Refusal> {
    if u64::from(manifest.image_bytes) <= device.slot_bytes {
        Ok(())
    } else {
        Err(Refusal::PayloadTooLarge)
    }
}

/// Decides whether a received image is the one that was admitted, before its slot is marked
/// bootable.
///
/// # Errors
/// [`Refusal::PayloadSize`] or [`Refusal::PayloadDigest`].
pub fn check_payload(admitted: Admitted, computed: Digest, bytes: u64) -> Result<(), Refusal> {
    if bytes != u64::from(admitted.image_bytes) {
        return Err(Refusal::PayloadSize);
    }
    if !computed.ct_eq(&admitted.image_digest) {
        return Err(Refusal::PayloadDigest);
    }
    Ok(())
}
