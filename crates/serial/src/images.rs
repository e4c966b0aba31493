//! What is in the slots, as a client of SMP is told.
//!
//! | flag | when |
//! |---|---|
//! | active | the slot runs |
//! | confirmed | its image is kept |
//! | pending | its image is tried out at the next start |
//! | bootable | one of the three |
//!
//! Slot 0 is the one that runs, slot 1 the other: which of the device's two slots that is, A or B, is its own
//! business. An image goes by its SHA-256.

use mainstay_device::record::Trial;
use mainstay_device::{Device, FlashError, Slot, Storage};
use mainstay_smp::{Answer, Header, ImageState};
use mainstay_trust::Primitives;

/// Writes the answer that says what is in the slots.
#[inline(never)]
pub(crate) fn write<S: Storage, P: Primitives, R: AsRef<[u8]>>(
    device: &Device<S, P, R>,
    asked: &Header,
    buffer: &mut [u8],
) -> Result<Option<usize>, FlashError> {
    let first = device.running_slot().unwrap_or(Slot::A);
    let slots = [first, first.other()];
    let [one, two] = slots;
    let heads = [device.storage().head(one)?, device.storage().head(two)?];
    let manifests = heads.each_ref().map(|head| {
        let head = head.as_ref()?;
        head.manifest(device.primitives())
    });
    let mut states = [ImageState::default(); 2];
    let mut count = 0;
    for (number, slot) in slots.into_iter().enumerate() {
        if let (Some(head), Some(manifest)) = (&heads[number], &manifests[number]) {
            states[count] = ImageState {
                slot: number as u8,
                version: manifest.version,
                hash: &head.image_digest.0,
                ..flags(device, slot)
            };
            count += 1;
        }
    }
    Ok(Answer::Images(&states[..count]).write(asked, buffer))
}

fn flags<S, P, R>(device: &Device<S, P, R>, slot: Slot) -> ImageState<'static> {
    let record = device.record();
    let active = device.running_slot() == Some(slot);
    let confirmed = record.confirmed == Some(slot);
    let has_chance = |trial: Trial| trial.slot == slot && trial.given_up.is_none();
    let pending = !active && record.trial.is_some_and(has_chance);
    ImageState {
        bootable: active || confirmed || pending,
        pending,
        confirmed,
        active,
        ..ImageState::default()
    }
}
