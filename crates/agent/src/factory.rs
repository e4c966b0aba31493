//! The factory: tells a device that knows of no release what runs on it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use mainstay_artifact::ArtifactFile;
use mainstay_device::{Record, Slot, Storage as _, slot::Head};
use mainstay_keys::HostPrimitives;
use mainstay_trust::{Digest, DigestAlgorithm, Manifest, Mark, Refusal, verify};

use crate::agent::config;
use crate::come_up;
use crate::config::{Settings, Slots};
use crate::fault::Fault;
use crate::lock::Lock;
use crate::log::{self, Level};
use crate::on_disk::{Look, OnDisk};
use crate::record_file;
use crate::slots::Origin;

/// Bytes copied at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Notes an approved release as what runs and is kept. Where the system came from a slot of its own, that slot
/// must hold it; else its image is written into slot A, unless a slot holds it already. It is the way out of a damaged
/// record too: what that one knew of newer releases and of time is lost then, and people have said so.
///
/// # Errors
/// If an agent runs, if the release isn't good for this device or isn't what runs, if the device knows of a release
/// already, or if the storage fails.
pub fn adopt(settings: &Settings, artifact: &Path) -> Result<(), Fault> {
    let lock = Lock::take(&settings.state)?;
    let mut storage = come_up::open_alone(settings, &lock)?;
    check_unknowing(&storage)?;
    let mut file = File::open(artifact).map_err(|error| Fault::io("open", artifact, &error))?;
    let parts = ArtifactFile::read(&mut file).map_err(|error| {
        refused(&format_args!(
            "{} is no artifact: {error}",
            artifact.display()
        ))
    })?;
    let root = config(settings)?.root;
    let root = verify::pinned_root(&root, &HostPrimitives).map_err(trust)?;
    let release = verify::release(&parts.envelope, &root, &HostPrimitives).map_err(trust)?;
    let manifest = release.get();
    if (manifest.vendor_id, manifest.class_id) != (settings.vendor_id, settings.class_id) {
        return Err(trust(Refusal::WrongClass));
    }
    let mark = |number| Mark::of_release(root.get(), number);
    let (sequence, floor) = (mark(manifest.sequence), mark(manifest.security_floor));
    let head = Head {
        image_bytes: manifest.image_bytes,
        image_digest: manifest.image_digest,
        root_version: root.get().version,
        epoch: sequence.epoch,
        envelope: parts.envelope.as_slice(),
    };
    let (slot, held) = match storage.switch().origin(None)? {
        Origin::Boot(seen) => (seen.slot, true),
        Origin::Open => match holder(&mut storage, &manifest.image_digest)? {
            Some(slot) => (slot, true),
            None => (Slot::A, false),
        },
    };
    if !held {
        let erased = storage.erase(slot);
        storage.known(erased)?;
    }
    let written = storage.write_head(slot, &head);
    storage.known(written)?;
    if !held {
        let payload = parts.payload_reader(&mut file);
        let payload = payload.map_err(|error| refused(&error))?;
        copy(&mut storage, slot, payload)?;
    }
    check(&mut storage, settings, slot, manifest)?;
    let mut record = Record {
        confirmed: Some(slot),
        confirmed_manifest: manifest.digest,
        ..Record::default()
    };
    record.counters.release_confirmed(sequence, floor);
    let saved = storage.save_record(&mut record);
    storage.known(saved)
}

/// Whether the device knows of no release, or of none any more.
fn check_unknowing(storage: &OnDisk) -> Result<(), Fault> {
    let found = match storage.kept_record() {
        Err(fault) if fault.id == record_file::DAMAGED => {
            log::line(Level::Warning, format_args!("{fault} It begins anew."));
            None
        }
        found => found?,
    };
    match found.is_some_and(|record| record.confirmed.is_some()) {
        false => Ok(()),
        true => Err(Fault::new(
            "agent.factory-done",
            "this device knows already what runs on it",
            "Install by the server or by a bundle; to start over, empty the state folder.",
        )),
    }
}

/// The slot that holds this image already, whole, under a head of its own. One that can't be looked at is no reason to
/// write over what may be the only copy.
fn holder(storage: &mut OnDisk, image: &Digest) -> Result<Option<Slot>, Fault> {
    for slot in [Slot::A, Slot::B] {
        let head = storage.head(slot);
        let head = storage.known(head)?;
        if head.is_none_or(|head| head.image_digest != *image) {
            continue;
        }
        match storage.look_at(slot) {
            Look::Good => return Ok(Some(slot)),
            Look::Bad => {}
            Look::Unknown { fault, .. } => return Err(fault),
        }
    }
    Ok(None)
}

fn copy(storage: &mut OnDisk, slot: Slot, mut payload: impl std::io::Read) -> Result<(), Fault> {
    let mut at = 0;
    loop {
        let mut piece = Vec::new();
        (&mut payload)
            .take(PIECE_BYTES as u64)
            .read_to_end(&mut piece)
            .map_err(|error| refused(&error))?;
        if piece.is_empty() {
            return Ok(());
        }
        let written = storage.write_image(slot, at, &piece);
        storage.known(written)?;
        at += piece.len() as u32;
    }
}

/// Whether the slot holds the release's image. RAUC's slots hold what it made of a bundle, which nobody can compare.
fn check(
    storage: &mut OnDisk,
    settings: &Settings,
    slot: Slot,
    manifest: &Manifest<'_>,
) -> Result<(), Fault> {
    if matches!(settings.slots, Slots::Rauc { .. }) {
        return Ok(());
    }
    let expected = manifest.image();
    let algorithm: DigestAlgorithm = expected.algorithm();
    let found = storage.measure(slot, manifest.image_bytes, algorithm, &HostPrimitives);
    let found = storage.known(found)?;
    expected.check(&found).map_err(trust)
}

fn trust(refusal: Refusal) -> Fault {
    Fault::new(refusal.id(), refusal.cause(), refusal.cure())
}

fn refused(why: &dyn std::fmt::Display) -> Fault {
    Fault::new(
        "agent.factory",
        why.to_string(),
        "Name the signed and approved artifact of what runs.",
    )
}
