//! Whether *this* device may install a release, now.
//!
//! [`admit`] takes an [`Offer`] as it came from the network or a stick, verifies it, asks everything
//! that gates an installation, in a fixed order, and answers with the first reason against it. It
//! decides nothing about booting: a confirmed image boots whatever is asked here. Read
//! [`DeviceFacts`] first.

use crate::banks::{Bank, Origin};
use crate::counters::Counters;
use crate::digest::Digest;
use crate::digest384::Digest384;
use crate::freshness::{self, Fresh};
use crate::image::Image;
use crate::list::List;
use crate::manifest::{BootloaderVersion, Manifest, Uuid};
use crate::mark::Mark;
use crate::primitives::Primitives;
use crate::refusal::Refusal;
use crate::root::Role;
use crate::schedule::Schedule;
use crate::status::NONCE_BYTES;
use crate::verify::{self, Authority};

/// A release that is offered, and what vouches for the moment. Nothing of it is verified yet.
#[derive(Copy, Clone, Debug)]
pub struct Offer<'o> {
    /// The release.
    pub envelope: &'o [u8],
    /// What says that it is of today.
    pub freshness: Freshness<'o>,
    /// The signed schedule, for classes that need one.
    pub schedule: Option<&'o [u8]>,
}

/// What says that an offer is of today.
#[derive(Copy, Clone, Debug)]
pub enum Freshness<'o> {
    /// The server's signed status; empty if none came.
    Status(&'o [u8]),
    /// The signed statement of a bundle, offline. It stands in for a schedule too.
    Bundle(&'o [u8]),
}

/// What the device knows about itself.
#[derive(Copy, Clone, Debug)]
pub struct DeviceFacts<'a> {
    /// Its own name, as the server knows it: decides on its place in a schedule's share.
    pub device_id: &'a [u8],
    /// Whose device it is.
    pub vendor_id: Uuid,
    /// Its class, hardware group and environment.
    pub class_id: Uuid,
    /// The bootloader it runs.
    pub bootloader: BootloaderVersion,
    /// The newest root and revocations that it has accepted.
    pub authority: Authority<'a, 'a>,
    /// What it remembers.
    pub counters: Counters,
    /// Manifest digest of the confirmed release; [`Digest::ZERO`] if none.
    pub confirmed: Digest,
    /// `returns_to` of the confirmed release.
    pub returns_to: List<'a, Digest>,
    /// The nonce that it sent with this check-in, if it sent one.
    pub nonce: Option<[u8; NONCE_BYTES]>,
    /// A clock that its owner vouches for, in Unix seconds. Time from the network is none.
    pub clock: Option<u64>,
    /// Room in the slot it would write to, in bytes.
    pub slot_bytes: u64,
    /// The bank that it would write to, if it starts its images where they lie and so needs one for each
    /// bank; none if they are the same wherever it writes them.
    pub bank: Option<Bank>,
}

/// The proof that a release may be installed. Only [`admit`] makes one.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Admitted {
    manifest: Digest,
    image_digest: Digest,
    image_sha384: Option<Digest384>,
    image_bytes: u32,
    origin: Option<Origin>,
    release: Mark,
    time: u64,
    status: Mark,
    offline: bool,
}

impl Admitted {
    /// Manifest digest of the release.
    pub fn manifest(&self) -> Digest {
        self.manifest
    }

    /// SHA-256 of its payload: the name under which it is fetched.
    pub fn payload_digest(&self) -> Digest {
        let origin = self.origin.as_ref();
        origin.map_or(self.image_digest, |origin| origin.get().0)
    }

    /// Where in the payload begins what this device installs of it.
    pub fn payload_offset(&self) -> u32 {
        self.origin.as_ref().map_or(0, |origin| origin.get().1)
    }

    /// What the image must be that this device installs.
    pub fn image(&self) -> Image {
        Image {
            bytes: self.image_bytes.into(),
            digest: self.image_digest,
            sha384: self.image_sha384,
        }
    }

    /// The size that this image must have.
    pub fn image_bytes(&self) -> u32 {
        self.image_bytes
    }

    /// Its sequence number, in the epoch in which it was admitted. Kept with the slot, so that a
    /// root that comes before the confirmation changes nothing.
    pub fn release(&self) -> Mark {
        self.release
    }

    /// Whether a bundle vouched for it, and no server.
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// The device's new time floor, in Unix seconds.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// The newest accepted status, to be kept before installing begins.
    pub fn status(&self) -> Mark {
        self.status
    }
}

/// Decides whether `device` may install what it is offered now.
///
/// | order | question | refusals |
/// |---|---|---|
/// | 1 | have the right people signed the release? | those of [`verify`](crate::verify) |
/// | 2 | is the offer fresh, and made under our root and revocations? | `root-mismatch`, `status-*`, `bundle-*`, `revocations-missing`, `revocations-mismatch` |
/// | 3 | do our root and revocations still hold? | `root-expired`, `revocations-epoch`, `revocations-stale`, `revocations-missing` |
/// | 4 | is the release for this device? | `wrong-vendor`, `wrong-class`, `bootloader-too-old`, `wrong-banks` |
/// | 5 | may the device move to it from what it runs? | `already-running`, `minimum-missing`, `below-floor`, `downgrade` |
/// | 6 | may it still be installed? | `expired`, `revoked-release`, `below-minimum`, `held` |
/// | 7 | is it this device's turn, by the word of operations? | `schedule-*`, `not-in-share` |
/// | 8 | does it fit? | `payload-too-large` |
///
/// The floor binds returns too: a release that the confirmed one names in `returns_to`, but that lies
/// below a floor the device has confirmed, is refused. Two people signed that return when it was
/// packed, perhaps before the weakness was known; raising the floor is the later and safer word.
///
/// # Errors
/// The first refusal, in the order of the table.
pub fn admit(
    offer: &Offer<'_>,
    device: &DeviceFacts<'_>,
    primitives: &impl Primitives,
) -> Result<Admitted, Refusal> {
    let manifest = verify::release(offer.envelope, device.authority, primitives)?;
    let manifest = manifest.get();
    let fresh = freshness::check(&offer.freshness, manifest, device, primitives)?;
    check_root(fresh.now, device)?;
    freshness::check_revocations(device, fresh.now)?;
    check_fit(manifest, device)?;
    let release = Mark::of_release(device.authority.root(), manifest.sequence);
    check_succession(manifest, release, device)?;
    check_lifetime(manifest, &fresh, device)?;
    check_schedule(offer, manifest, fresh.now, device, primitives)?;
    let part = manifest.part(device.bank.unwrap_or(Bank::A));
    check_room(&part.image, device)?;
    Ok(Admitted {
        manifest: manifest.digest,
        image_digest: part.image.digest,
        image_sha384: part.image.sha384,
        image_bytes: part.image.bytes as u32,
        origin: manifest
            .banks
            .and_then(|_| Origin::known(manifest.image_digest, &part)),
        release,
        time: fresh.time,
        status: fresh.status,
        offline: matches!(offer.freshness, Freshness::Bundle(_)),
    })
}

fn check_root(now: u64, device: &DeviceFacts<'_>) -> Result<(), Refusal> {
    if now < device.authority.root().expires {
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
    if manifest.banks.is_some() != device.bank.is_some() {
        return Err(Refusal::WrongBanks);
    }
    Ok(())
}

fn check_succession(
    manifest: &Manifest<'_>,
    release: Mark,
    device: &DeviceFacts<'_>,
) -> Result<(), Refusal> {
    if manifest.digest == device.confirmed {
        return Err(Refusal::AlreadyRunning);
    }
    check_epoch(manifest, release, device)?;
    if release < device.counters.floor {
        return Err(Refusal::BelowFloor);
    }
    let newer = release > device.counters.confirmed;
    if newer || device.returns_to.contains(&manifest.digest) {
        return Ok(());
    }
    Err(Refusal::Downgrade)
}

/// In a new epoch every sequence number is newer than what is confirmed, so that a thief's highest
/// number binds nobody. What is too old must then be said by the revocations.
fn check_epoch(
    manifest: &Manifest<'_>,
    release: Mark,
    device: &DeviceFacts<'_>,
) -> Result<(), Refusal> {
    let revocations = device.authority.revocations();
    let minimum = revocations.and_then(|revocations| revocations.minimum(&manifest.class_id));
    if release.epoch > device.counters.confirmed.epoch && minimum.is_none() {
        Err(Refusal::MinimumMissing)
    } else {
        Ok(())
    }
}

fn check_lifetime(
    manifest: &Manifest<'_>,
    fresh: &Fresh<'_>,
    device: &DeviceFacts<'_>,
) -> Result<(), Refusal> {
    if manifest.use_before.is_some_and(|end| fresh.now >= end) {
        return Err(Refusal::Expired);
    }
    if let Some(revocations) = device.authority.revocations() {
        if revocations.releases.contains(&manifest.digest) {
            return Err(Refusal::RevokedRelease);
        }
        let minimum = revocations.minimum(&manifest.class_id);
        if minimum.is_some_and(|least| manifest.sequence < least) {
            return Err(Refusal::BelowMinimum);
        }
    }
    if fresh.held.contains(&manifest.digest) {
        return Err(Refusal::Held);
    }
    Ok(())
}

fn check_schedule(
    offer: &Offer<'_>,
    manifest: &Manifest<'_>,
    now: u64,
    device: &DeviceFacts<'_>,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    let roles = device.authority.root().required_roles(&manifest.class_id);
    let offline = matches!(offer.freshness, Freshness::Bundle(_));
    if offline || !roles.contains(&Role::Operations) {
        return Ok(());
    }
    let signed = offer.schedule.ok_or(Refusal::ScheduleMissing)?;
    let schedule = verify::schedule(signed, device.authority, primitives)?;
    check_turn(schedule.get(), manifest, now, device, primitives)
}

fn check_turn(
    schedule: &Schedule,
    manifest: &Manifest<'_>,
    now: u64,
    device: &DeviceFacts<'_>,
    primitives: &impl Primitives,
) -> Result<(), Refusal> {
    if (schedule.release, schedule.class) != (manifest.digest, manifest.class_id) {
        return Err(Refusal::ScheduleMismatch);
    }
    if now < schedule.not_before {
        return Err(Refusal::ScheduleEarly);
    }
    if now >= schedule.expires {
        return Err(Refusal::ScheduleExpired);
    }
    if schedule.includes(device.device_id, primitives) {
        Ok(())
    } else {
        Err(Refusal::NotInShare)
    }
}

fn check_room(image: &Image, device: &DeviceFacts<'_>) -> Result<(), Refusal> {
    if image.bytes <= device.slot_bytes {
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
pub fn check_payload(admitted: Admitted, found: &Image) -> Result<(), Refusal> {
    admitted.image().check(found)
}
