//! From the bytes of a directive to an admitted release, or the reason why not.

use mainstay_trust::admission::Admitted;
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use mainstay_trust::status::NONCE_BYTES;
use mainstay_trust::{
    DeviceFacts, Digest, Envelope, Primitives, Refusal, Root, Verified, admit, verify,
};

use crate::config::Config;
use crate::record::Record;
use crate::slot::Head;

/// Where a device stands when something is offered to it.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'s> {
    /// What it knows.
    pub record: &'s Record,
    /// The head of the confirmed release, whose manifest says what may be returned to; none if that
    /// release is lost (safe mode, last resort).
    pub confirmed: Option<&'s Head>,
    /// The nonce of its check-in.
    pub nonce: [u8; NONCE_BYTES],
}

/// Verifies an offered envelope and the status that came with it, and asks whether this device may
/// install the release.
///
/// # Errors
/// The refusal, with the release's identity as far as it could be read.
pub fn admit_offer<R: AsRef<[u8]>>(
    envelope: &[u8],
    status: &[u8],
    standing: &Standing<'_>,
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
        let confirmed = standing.confirmed.and_then(Head::manifest);
        let returns_to = confirmed
            .as_ref()
            .map_or(&[][..], |manifest| &manifest.returns_to);
        admit(
            &manifest,
            &status,
            &facts(standing, returns_to, &root, config),
        )
    };
    judge().map_err(|refusal| (claimed, refusal))
}

fn facts<'f, R>(
    standing: &Standing<'_>,
    returns_to: &'f [Digest],
    root: &Verified<Root<'_>>,
    config: &Config<R>,
) -> DeviceFacts<'f> {
    let record = standing.record;
    let (confirmed_manifest, confirmed_sequence) = measured_against(standing);
    DeviceFacts {
        vendor_id: config.vendor_id,
        class_id: config.class_id,
        bootloader: config.bootloader,
        floor: record.floor,
        confirmed_manifest,
        confirmed_sequence,
        returns_to,
        root_version: root.get().version,
        root_expires: root.get().expires,
        status_seq: record.status_seq,
        nonce: standing.nonce,
        time_floor: record.time_floor,
        slot_bytes: config.layout.image_bytes().into(),
    }
}

/// The release that an offer must be newer than. When it is lost, the very same one may be installed
/// again, and still nothing older.
fn measured_against(standing: &Standing<'_>) -> (Digest, u64) {
    let record = standing.record;
    match standing.confirmed {
        Some(_) => (record.confirmed_manifest, record.confirmed_sequence),
        None => (Digest::ZERO, record.confirmed_sequence.saturating_sub(1)),
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
