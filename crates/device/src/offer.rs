//! From what came with an answer, or in a bundle, to an admitted release, or the reason why not.

use mainstay_trust::admission::Admitted;
use mainstay_trust::status::NONCE_BYTES;
use mainstay_trust::{
    DeviceFacts, Digest, Envelope, List, Mark, Offer, Primitives, Refusal, admit,
};

use crate::config::Config;
use crate::papers::{Opened, Papers};
use crate::record::Record;
use crate::slot::{ENVELOPE_BYTES_MAX, Head, Slot};
use crate::storage::Grain;

/// Where a device stands when something is offered to it.
#[derive(Debug)]
pub struct Standing<'s, V> {
    /// What it knows.
    pub record: &'s Record,
    /// The root and the revocations that it has taken.
    pub papers: &'s Papers<V>,
    /// The head of the confirmed release, whose manifest says what may be returned to; none if that
    /// release is lost (safe mode, last resort).
    pub confirmed: Option<&'s Head<V>>,
    /// The nonce of its check-in; none if it is offline.
    pub nonce: Option<[u8; NONCE_BYTES]>,
    /// What its owner's clock says, in Unix seconds. Asked only if the device was built to trust it.
    pub now_s: u64,
    /// How much it can store.
    pub grain: Grain,
    /// The slot that it would install to.
    pub target: Slot,
}

/// Verifies an offer, and asks whether this device may install it.
///
/// # Errors
/// The refusal, with the release's identity as far as it could be read.
pub fn admit_offer<R: AsRef<[u8]>, V: AsRef<[u8]>>(
    offer: &Offer<'_>,
    standing: &Standing<'_, V>,
    config: &Config<R>,
    primitives: &impl Primitives,
) -> Result<Admitted, (Digest, Refusal)> {
    let claimed = Envelope::parse(offer.envelope)
        .map_or(Digest::ZERO, |envelope| envelope.identity(primitives));
    let judge = || {
        if offer.envelope.len() > ENVELOPE_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
        let opened = standing.papers.open(config.root.as_ref(), primitives)?;
        let manifest = standing
            .confirmed
            .and_then(|head| head.manifest(primitives));
        // What was admitted once may be gone on with, although the release that named it is erased by now.
        let begun = standing.record.download.map(|begun| [begun.manifest]);
        let begun = begun.as_ref().map_or(&[][..], |begun| &begun[..]);
        let returns_to = manifest.map_or_else(|| List::from(begun), |manifest| manifest.returns_to);
        admit(
            offer,
            &facts(standing, returns_to, &opened, config),
            primitives,
        )
    };
    judge().map_err(|refusal| (claimed, refusal))
}

fn facts<'f, R: AsRef<[u8]>, V>(
    standing: &Standing<'_, V>,
    returns_to: List<'f, Digest>,
    opened: &'f Opened<'f>,
    config: &'f Config<R>,
) -> DeviceFacts<'f> {
    let mut counters = standing.record.counters;
    let mut confirmed = standing.record.confirmed_manifest;
    if standing.confirmed.is_none() {
        // When the confirmed release is lost, the very same one may be installed again, and still
        // nothing older.
        confirmed = Digest::ZERO;
        counters.confirmed = Mark {
            number: counters.confirmed.number.saturating_sub(1),
            ..counters.confirmed
        };
    }
    DeviceFacts {
        device_id: config.device_id.as_ref(),
        vendor_id: config.vendor_id,
        class_id: config.class_id,
        bootloader: config.bootloader,
        authority: opened.authority(),
        counters,
        confirmed,
        returns_to,
        nonce: standing.nonce,
        clock: config.trusts_clock.then_some(standing.now_s),
        slot_bytes: standing.grain.image_bytes.into(),
        bank: config.image_per_slot.then(|| standing.target.bank()),
    }
}

/// The head of an admitted release.
#[must_use]
pub fn head_of<'e>(admitted: &Admitted, envelope: &'e [u8], root_version: u32) -> Head<&'e [u8]> {
    Head {
        image_bytes: admitted.image_bytes(),
        image_digest: admitted.image().digest,
        root_version,
        epoch: admitted.release().epoch,
        envelope,
    }
}
