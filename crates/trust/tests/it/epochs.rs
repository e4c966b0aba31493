//! What was said in an epoch that has ended counts for nothing, even for a caller who kept it.

use crate::people::{
    good_envelope, guardian, manifest, pinned, revocations, root, signed, signed_status, status,
};
use crate::sequel::named;
use mainstay_trust::{
    Authority, Counters, DeviceFacts, Digest, Freshness, List, Offer, Refusal, Role, RustCrypto,
    Status, admit, verify,
};

/// Offers the ordinary release to a device that holds revocations of the first epoch, under a root of
/// this epoch.
fn offered_in(epoch: u32) -> Result<(), Refusal> {
    let mut now = root().with_guardian();
    now.role(Role::Revocation).epoch = epoch;
    let (before, now) = (pinned(&root().with_guardian()), pinned(&now));
    let bytes = signed(&revocations(), &[&guardian()]);
    let kept = verify::revocations(&bytes, &before, &RustCrypto).unwrap();
    let status = signed_status(&Status {
        revocations: Some(named(&revocations())),
        ..status()
    });
    let offer = Offer {
        envelope: &good_envelope(),
        freshness: Freshness::Status(&status),
        schedule: None,
    };
    let facts = DeviceFacts {
        device_id: b"th-0042",
        vendor_id: manifest().vendor_id,
        class_id: manifest().class_id,
        bootloader: manifest().bootloader_min,
        authority: Authority::new(&now, Some(&kept)),
        counters: Counters::default(),
        confirmed: Digest::ZERO,
        returns_to: List::default(),
        nonce: Some([0x5a; 16]),
        clock: None,
        slot_bytes: 40_960,
        bank: None,
    };
    admit(&offer, &facts, &RustCrypto).map(|_| ())
}

#[test]
fn revocations_of_an_ended_epoch_admit_nothing() {
    assert_eq!(offered_in(0), Ok(()));
    assert_eq!(offered_in(1), Err(Refusal::RevocationsEpoch));
}
