//! One offer to one device, in which a test changes what it is about.

use crate::people::{
    self, Draft, guardian, leaked, manifest, operator, pinned, revocations, root, schedule, server,
    signed, status,
};
use mainstay_trust::verify;
use mainstay_trust::{
    Authority, Bank, BootloaderVersion, BundleStatement, Counters, DeviceFacts, Digest, Freshness,
    List, Manifest, Mark, Minimum, Offer, Refusal, Revocations, Role, RustCrypto, Schedule, Status,
    admit,
};

/// All that decides on one offer. A test changes what it is about.
pub(super) struct Scene {
    pub(super) root: Draft,
    /// What the device holds.
    pub(super) revocations: Option<Revocations<'static>>,
    pub(super) manifest: Manifest<'static>,
    pub(super) status: Status<'static>,
    /// Offered instead of the status.
    pub(super) bundle: Option<BundleStatement>,
    pub(super) schedule: Option<Schedule>,
    pub(super) device: Device,
}

/// The device's own facts, as tests change them.
pub(super) struct Device {
    pub(super) vendor_id: [u8; 16],
    pub(super) class_id: [u8; 16],
    pub(super) bootloader: BootloaderVersion,
    pub(super) counters: Counters,
    pub(super) confirmed: Digest,
    pub(super) returns_to: &'static [Digest],
    pub(super) nonce: Option<[u8; 16]>,
    pub(super) clock: Option<u64>,
    pub(super) slot_bytes: u64,
    pub(super) bank: Option<Bank>,
}

pub(super) fn mark(epoch: u32, number: u64) -> Mark {
    Mark { epoch, number }
}

/// The ordinary release on an ordinary device, of which everything is as it should be.
pub(super) fn scene() -> Scene {
    Scene {
        root: root(),
        revocations: None,
        manifest: manifest(),
        status: status(),
        bundle: None,
        schedule: None,
        device: Device {
            vendor_id: manifest().vendor_id,
            class_id: manifest().class_id,
            bootloader: manifest().bootloader_min,
            counters: Counters {
                status: mark(0, 7),
                confirmed: mark(0, 11),
                floor: mark(0, 10),
                time: 1_740_000_000,
            },
            confirmed: Digest([0xcc; 32]),
            returns_to: &[],
            nonce: Some([0x5a; 16]),
            clock: None,
            slot_bytes: 40_960,
            bank: None,
        },
    }
}

impl Scene {
    pub(super) fn admitted(&self) -> Result<mainstay_trust::Admitted, Refusal> {
        let root = pinned(&self.root);
        let revocations = self.revocations.map(|revocations| {
            let signed = signed(&revocations, &[&guardian()]).leak();
            verify::revocations(signed, &root, &RustCrypto).unwrap()
        });
        let envelope = people::good_envelope_of(&self.manifest);
        let status = signed(&self.status, &[&server()]);
        let bundle = self
            .bundle
            .map(|statement| signed(&statement, &[&operator()]));
        let schedule = self
            .schedule
            .map(|schedule| signed(&schedule, &[&operator()]));
        let offer = Offer {
            envelope: &envelope,
            freshness: match &bundle {
                Some(bundle) => Freshness::Bundle(bundle),
                None => Freshness::Status(&status),
            },
            schedule: schedule.as_deref(),
        };
        let device = &self.device;
        let facts = DeviceFacts {
            device_id: b"th-0042",
            vendor_id: device.vendor_id,
            class_id: device.class_id,
            bootloader: device.bootloader,
            authority: Authority::new(&root, revocations.as_ref()),
            counters: device.counters,
            confirmed: device.confirmed,
            returns_to: List::from(device.returns_to),
            nonce: device.nonce,
            clock: device.clock,
            slot_bytes: device.slot_bytes,
            bank: device.bank,
        };
        admit(&offer, &facts, &RustCrypto)
    }
}

/// Offers the ordinary release in a changed scene.
#[track_caller]
pub(super) fn expect_in(change: impl FnOnce(&mut Scene), expected: Result<(), Refusal>) {
    let mut scene = scene();
    change(&mut scene);
    assert_eq!(scene.admitted().map(|_| ()), expected);
}

/// As [`expect_in`], with changed facts of the status and the device alone.
#[track_caller]
pub(super) fn expect(
    change: impl FnOnce(&mut Status<'static>, &mut Device),
    expected: Result<(), Refusal>,
) {
    expect_in(|s| change(&mut s.status, &mut s.device), expected);
}
/// A scene in which the guardian's ordinary revocations are known to all.
pub(super) fn guarded(scene: &mut Scene) {
    scene.root = root().with_guardian();
    know(scene, revocations());
}

/// The device holds these, and the status names them.
pub(super) fn know(scene: &mut Scene, revocations: Revocations<'static>) {
    scene.revocations = Some(revocations);
    scene.status.revocations = Some(named(&revocations));
}

pub(super) fn named(revocations: &Revocations<'_>) -> Digest {
    mainstay_trust::Primitives::digest(&RustCrypto, &people::payload(revocations))
}

#[track_caller]
pub(super) fn expect_guarded(change: impl FnOnce(&mut Scene), expected: Result<(), Refusal>) {
    expect_in(
        |s| {
            guarded(s);
            change(s);
        },
        expected,
    );
}

pub(super) fn minimum(class: [u8; 16], sequence: u64) -> Revocations<'static> {
    let minimums = leaked(&[Minimum { class, sequence }]);
    Revocations {
        minimums,
        ..revocations()
    }
}

/// A scene in which the class needs a schedule, and has one.
pub(super) fn scheduled(scene: &mut Scene) {
    let roles = vec![Role::Build, Role::Release, Role::Operations];
    scene.root.policy = vec![(manifest().class_id, roles)];
    scene.schedule = Some(schedule());
}

#[track_caller]
pub(super) fn expect_scheduled(change: impl FnOnce(&mut Schedule), expected: Result<(), Refusal>) {
    expect_in(
        |s| {
            scheduled(s);
            change(s.schedule.as_mut().unwrap());
        },
        expected,
    );
}
