//! The whole decision of a device: whatever is offered, what is admitted is for this device, now.
//!
//! Hash and signatures are those that an attacker could satisfy ([`Lenient`]), so that policy alone is
//! tried; what it admitted is then judged again, in other words.

use mainstay_trust::signed::Signed;
use mainstay_trust::{
    Authority, BootloaderVersion, Counters, DeviceFacts, Digest, Document, Envelope, Freshness,
    List, Manifest, Mark, Offer, Status, admit,
};

use crate::policy::{Lenient, ROOT};
use crate::{Fixtures, Target};

pub(crate) const ADMISSION: Target = Target {
    name: "admission",
    bytes_max: 4 * 1024,
    check: check_admission,
    seeds,
};

/// What the golden release is for, and what the golden status answers.
const CLASS: [u8; 16] = [0x22; 16];
const NONCE: [u8; 16] = [0x5a; 16];
const SLOT_BYTES: u64 = 48 * 1024;
const CONFIRMED: u64 = 9;

/// An envelope behind its length in two bytes, then a status.
fn seeds(fixtures: &Fixtures) -> Vec<Vec<u8>> {
    let status = fixtures.golden("status");
    let offer = |envelope: &Vec<u8>| {
        let length = u16::try_from(envelope.len()).ok()?.to_be_bytes();
        Some([&length[..], envelope, &status].concat())
    };
    fixtures.hex("envelope").iter().filter_map(offer).collect()
}

fn check_admission(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
    let (envelope, status) = rest.split_at(length);
    let offer = Offer {
        envelope,
        freshness: Freshness::Status(status),
        schedule: None,
    };
    if let Ok(admitted) = admit(&offer, &device(), &Lenient) {
        let envelope = Envelope::parse(envelope).expect("an admitted envelope");
        let manifest = envelope.open(&Lenient);
        let signed = Signed::parse(status).expect("an admitted status");
        let status = Status::parse(signed.payload).expect("an admitted status");
        judge(&manifest.expect("an admitted manifest"), &status);
        assert_eq!(admitted.status().number, status.seq);
        assert_eq!(
            admitted.time(),
            status.issued,
            "time comes from what was signed"
        );
    }
}

fn judge(manifest: &Manifest<'_>, status: &Status<'_>) {
    assert_eq!(
        (manifest.vendor_id, manifest.class_id),
        ([0x11; 16], CLASS),
        "for another"
    );
    assert!(manifest.sequence > CONFIRMED, "a downgrade");
    assert!(u64::from(manifest.image_bytes) <= SLOT_BYTES, "too large");
    assert!(
        manifest.bootloader_min <= BOOTLOADER,
        "for a newer boot loader"
    );
    assert!(
        manifest.use_before.is_none_or(|end| status.issued < end),
        "too late"
    );
    assert_eq!(
        (status.root_version, status.nonce),
        (1, Some(&NONCE)),
        "not fresh"
    );
    assert!(status.issued < ROOT.get().expires, "by an expired root");
    assert!(!status.held.contains(&manifest.digest), "on hold");
}

const BOOTLOADER: BootloaderVersion = BootloaderVersion {
    major: 1,
    minor: 4,
    patch: 0,
};

fn device() -> DeviceFacts<'static> {
    DeviceFacts {
        device_id: b"th-0042",
        vendor_id: [0x11; 16],
        class_id: CLASS,
        bootloader: BOOTLOADER,
        authority: Authority::from(&*ROOT),
        counters: Counters {
            confirmed: Mark::of_release(ROOT.get(), CONFIRMED),
            ..Counters::default()
        },
        confirmed: Digest::ZERO,
        returns_to: List::default(),
        nonce: Some(NONCE),
        clock: None,
        slot_bytes: SLOT_BYTES,
        bank: None,
    }
}
