//! What one device may install: one changed fact a row.

use crate::people::{self, good_envelope, manifest, pinned, root, signed_status, status};
use mainstay_trust::verify;
use mainstay_trust::{
    BootloaderVersion, DeviceFacts, Digest, Manifest, Refusal, RustCrypto, Status, admit,
    check_payload,
};

fn device() -> DeviceFacts<'static> {
    DeviceFacts {
        vendor_id: manifest().vendor_id,
        class_id: manifest().class_id,
        bootloader: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        floor: 10,
        confirmed_manifest: Digest([0xcc; 32]),
        confirmed_sequence: 11,
        returns_to: &[],
        root_version: 1,
        root_expires: root().expires,
        status_seq: 7,
        nonce: [0x5a; 16],
        time_floor: 1_740_000_000,
        slot_bytes: 40_960,
    }
}

/// Admits the ordinary release with changed facts of the status and the device.
#[track_caller]
fn expect(
    change: impl FnOnce(&mut Status<'static>, &mut DeviceFacts<'static>),
    expected: Result<(), Refusal>,
) {
    expect_of(&manifest(), change, expected);
}

#[track_caller]
fn expect_of(
    manifest: &Manifest<'_>,
    change: impl FnOnce(&mut Status<'static>, &mut DeviceFacts<'static>),
    expected: Result<(), Refusal>,
) {
    let (mut status, mut device, root) = (status(), device(), pinned(&root()));
    change(&mut status, &mut device);
    let envelope = people::envelope(manifest, |payload| {
        vec![
            people::build(&people::engineer(), payload),
            people::approve(&people::manager(), payload),
        ]
    });
    let signed = signed_status(&status);
    let manifest = verify::release(&envelope, &root, &RustCrypto).unwrap();
    let status = verify::status(&signed, &root, &RustCrypto).unwrap();
    assert_eq!(admit(&manifest, &status, &device).map(|_| ()), expected);
}

#[test]
fn the_ordinary_release_is_admitted_with_its_facts() {
    let (root, envelope, signed) = (pinned(&root()), good_envelope(), signed_status(&status()));
    let verified = verify::release(&envelope, &root, &RustCrypto).unwrap();
    let status = verify::status(&signed, &root, &RustCrypto).unwrap();
    let admitted = admit(&verified, &status, &device()).unwrap();
    assert_eq!(admitted.manifest(), manifest().digest);
    assert_eq!(admitted.image_digest(), manifest().image_digest);
    assert_eq!((admitted.image_bytes(), admitted.sequence()), (40_960, 12));
    assert_eq!((admitted.time(), admitted.status_seq()), (1_750_000_000, 7));

    let later = DeviceFacts {
        time_floor: 1_750_000_100,
        ..device()
    };
    assert_eq!(
        admit(&verified, &status, &later).unwrap().time(),
        1_750_000_100
    );
}

#[test]
fn the_status_must_be_fresh() {
    expect(|_, d| d.root_version = 2, Err(Refusal::RootMismatch));
    expect(|s, _| s.root_version = 2, Err(Refusal::RootMismatch));
    expect(|s, _| s.nonce = None, Err(Refusal::StatusNonce));
    expect(|_, d| d.nonce[15] ^= 1, Err(Refusal::StatusNonce));
    expect(|_, d| d.status_seq = 8, Err(Refusal::StatusReplayed));
    expect(|_, d| d.status_seq = 6, Ok(()));
    expect(|s, d| d.time_floor = s.expires - 1, Ok(()));
    expect(|s, d| d.time_floor = s.expires, Err(Refusal::StatusStale));
}

#[test]
fn an_expired_root_installs_nothing() {
    expect(|s, d| d.root_expires = s.issued + 1, Ok(()));
    expect(|s, d| d.root_expires = s.issued, Err(Refusal::RootExpired));
    expect(
        |_, d| d.root_expires = d.time_floor,
        Err(Refusal::RootExpired),
    );
}

#[test]
fn the_release_must_be_for_this_device() {
    expect(|_, d| d.vendor_id[0] ^= 1, Err(Refusal::WrongVendor));
    expect(|_, d| d.class_id[15] ^= 1, Err(Refusal::WrongClass));
    let older = BootloaderVersion {
        major: 1,
        minor: 3,
        patch: 9,
    };
    expect(|_, d| d.bootloader = older, Err(Refusal::BootloaderTooOld));
    expect(
        |_, d| {
            d.bootloader = BootloaderVersion {
                major: 2,
                minor: 0,
                patch: 0,
            }
        },
        Ok(()),
    );
}

#[test]
fn a_device_goes_back_only_where_it_may() {
    let back = |sequence, returns: &'static [Digest]| {
        move |_: &mut Status<'static>, d: &mut DeviceFacts<'static>| {
            (d.confirmed_sequence, d.returns_to) = (sequence, returns);
        }
    };
    let named: &[Digest] = vec![Digest([1; 32]), manifest().digest].leak();
    let others: &[Digest] = vec![Digest([1; 32])].leak();
    expect(back(0, &[]), Ok(()));
    expect(back(12, &[]), Err(Refusal::Downgrade));
    expect(back(13, &[]), Err(Refusal::Downgrade));
    expect(back(13, others), Err(Refusal::Downgrade));
    expect(back(13, named), Ok(()));
    expect(
        |_, d| d.confirmed_manifest = manifest().digest,
        Err(Refusal::AlreadyRunning),
    );
}

/// A signed return doesn't lead below a floor that the device has confirmed.
#[test]
fn nothing_below_the_floor_is_installed() {
    let named: &[Digest] = vec![manifest().digest].leak();
    expect(|_, d| d.floor = 12, Ok(()));
    expect(|_, d| d.floor = 13, Err(Refusal::BelowFloor));
    expect(
        |_, d| (d.floor, d.confirmed_sequence, d.returns_to) = (13, 13, named),
        Err(Refusal::BelowFloor),
    );
}

#[test]
fn the_release_may_be_out_of_time_or_on_hold() {
    let end = manifest().use_before.unwrap();
    expect(|_, d| d.time_floor = 1_749_999_999, Ok(()));
    let run_out = |s: &mut Status<'static>, _: &mut DeviceFacts<'static>| {
        (s.issued, s.expires) = (end, end + 300);
    };
    expect(run_out, Err(Refusal::Expired));
    expect_of(
        &Manifest {
            use_before: None,
            ..manifest()
        },
        run_out,
        Ok(()),
    );
    expect(|s, _| (s.issued, s.expires) = (end - 1, end), Ok(()));
    expect(|s, _| s.held.push(Digest([1; 32])).unwrap(), Ok(()));
    expect(
        |s, _| s.held.push(manifest().digest).unwrap(),
        Err(Refusal::Held),
    );
}

#[test]
fn the_image_must_fit_and_be_the_one() {
    expect(|_, d| d.slot_bytes = 40_959, Err(Refusal::PayloadTooLarge));

    let (root, envelope, signed) = (pinned(&root()), good_envelope(), signed_status(&status()));
    let verified = verify::release(&envelope, &root, &RustCrypto).unwrap();
    let status = verify::status(&signed, &root, &RustCrypto).unwrap();
    let admitted = admit(&verified, &status, &device()).unwrap();
    let digest = manifest().image_digest;
    assert_eq!(check_payload(admitted, digest, 40_960), Ok(()));
    assert_eq!(
        check_payload(admitted, digest, 40_959),
        Err(Refusal::PayloadSize)
    );
    assert_eq!(
        check_payload(admitted, digest, (1 << 32) + 40_960),
        Err(Refusal::PayloadSize)
    );
    assert_eq!(
        check_payload(admitted, Digest([0x34; 32]), 40_960),
        Err(Refusal::PayloadDigest)
    );
}

type Spoiler = fn(&mut Status<'static>, &mut DeviceFacts<'static>);

/// The first reason in the order of the table is the one that is told.
#[test]
fn reasons_come_in_order() {
    let spoil = |from: usize| {
        move |s: &mut Status<'static>, d: &mut DeviceFacts<'static>| {
            let spoilers: [Spoiler; 6] = [
                |s, _| s.nonce = None,
                |_, d| d.root_expires = 0,
                |_, d| d.class_id = [0; 16],
                |_, d| d.confirmed_sequence = 99,
                |s, _| s.held.push(manifest().digest).unwrap(),
                |_, d| d.slot_bytes = 0,
            ];
            spoilers[from..].iter().for_each(|spoiler| spoiler(s, d));
        }
    };
    let reasons = [
        Refusal::StatusNonce,
        Refusal::RootExpired,
        Refusal::WrongClass,
        Refusal::Downgrade,
        Refusal::Held,
        Refusal::PayloadTooLarge,
    ];
    for (from, reason) in reasons.into_iter().enumerate() {
        expect(spoil(from), Err(reason));
    }
}
