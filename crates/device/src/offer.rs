//! From the bytes of a directive to an admitted release, or the reason why not.

use mainstay_trust::admission::Admitted;
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::{
    DeviceFacts, Digest, Envelope, Primitives, Refusal, Root, Verified, admit, verify,
};

use crate::config::Config;
use crate::record::Record;
use crate::slot::Head;

/// Verifies an offered envelope and the status that came with it, and asks whether this device may
/// install the release. `confirmed` is the head of the confirmed slot, whose manifest says what may
/// be returned to.
///
/// # Errors
/// The refusal, with the release's identity as far as it could be read.
pub fn admit_offer<R: AsRef<[u8]>>(
    envelope: &[u8],
    status: &[u8],
    nonce: [u8; 16],
    record: &Record,
    confirmed: Option<&Head>,
    config: &Config<R>,
    primitives: &impl Primitives,
) -> Result<Admitted, (Digest, Refusal)> {
    let claimed = Envelope::parse(envelope).map_or(Digest::ZERO, |envelope| envelope.digest);
    let judge = || {
        let root = verify::pinned_root(config.root.as_ref(), primitives)?;
        let manifest = verify::release(envelope, &root, primitives)?;
        if status.is_empty() {
            return Err(Refusal::StatusMissing);
        }
        let status = verify::status(status, &root, primitives)?;
        let confirmed = confirmed.and_then(Head::manifest);
        let returns_to = confirmed
            .as_ref()
            .map_or(&[][..], |manifest| &manifest.returns_to);
        admit(
            &manifest,
            &status,
            &facts(record, returns_to, nonce, &root, config),
        )
    };
    judge().map_err(|refusal| (claimed, refusal))
}

fn facts<'f, R>(
    record: &Record,
    returns_to: &'f [Digest],
    nonce: [u8; 16],
    root: &Verified<Root<'_>>,
    config: &Config<R>,
) -> DeviceFacts<'f> {
    DeviceFacts {
        vendor_id: config.vendor_id,
        class_id: config.class_id,
        bootloader: config.bootloader,
        floor: record.floor,
        confirmed_manifest: record.confirmed_manifest,
        confirmed_sequence: record.confirmed_sequence,
        returns_to,
        root_version: root.get().version,
        root_expires: root.get().expires,
        status_seq: record.status_seq,
        nonce,
        time_floor: record.time_floor,
        slot_bytes: config.layout.image_bytes().into(),
    }
}

/// The head of an admitted release; none if its envelope is over [`ENVELOPE_BYTES_MAX`], which
/// verification excludes.
#[must_use]
pub fn head_of(admitted: &Admitted, envelope: &[u8], root_version: u32) -> Option<Head> {
    debug_assert!(envelope.len() <= ENVELOPE_BYTES_MAX);
    Head::new(
        admitted.image_bytes(),
        admitted.image_digest(),
        root_version,
        envelope,
    )
}
