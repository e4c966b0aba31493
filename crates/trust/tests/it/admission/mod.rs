//! What one device may install: one changed fact a row.

mod banks;
mod operations;
mod papers;
mod scene;

use crate::people::{bound_by_sha384, leaked, manifest, revocations, status};
use mainstay_trust::{
    BootloaderVersion, Counters, Digest, Digest384, Image, Refusal, Revocations, Status,
    check_payload,
};
use scene::*;

#[test]
fn the_ordinary_release_is_admitted_with_its_facts() {
    let admitted = scene().admitted().unwrap();
    assert_eq!(admitted.manifest(), manifest().digest);
    assert_eq!(admitted.payload_digest(), manifest().image_digest);
    assert_eq!(
        (admitted.image_bytes(), admitted.release()),
        (40_960, mark(0, 12))
    );
    assert_eq!(
        (admitted.time(), admitted.status()),
        (1_750_000_000, mark(0, 7))
    );

    let mut later = scene();
    later.device.counters.time = 1_750_000_100;
    assert_eq!(later.admitted().unwrap().time(), 1_750_000_100);
}

/// What an installation leaves behind: the status can't be replayed, and time doesn't run back.
#[test]
fn the_counters_move_when_an_installation_begins() {
    let mut scene = scene();
    scene.status.seq = 9;
    let admitted = scene.admitted().unwrap();
    let mut counters = scene.device.counters;
    counters.install_began(&admitted);
    let expected = Counters {
        status: mark(0, 9),
        time: 1_750_000_000,
        ..scene.device.counters
    };
    assert_eq!(counters, expected);
    // What is higher already stays.
    (counters.status, counters.time) = (mark(1, 0), u64::MAX);
    counters.install_began(&admitted);
    assert_eq!((counters.status, counters.time), (mark(1, 0), u64::MAX));
}

#[test]
fn the_status_must_be_fresh() {
    expect(|s, _| s.root_version = 2, Err(Refusal::RootMismatch));
    expect(|s, _| s.nonce = None, Err(Refusal::StatusNonce));
    expect(|_, d| d.nonce = None, Err(Refusal::StatusNonce));
    expect(|_, d| d.nonce = Some([0x5b; 16]), Err(Refusal::StatusNonce));
    expect(
        |_, d| d.counters.status = mark(0, 8),
        Err(Refusal::StatusReplayed),
    );
    expect(|_, d| d.counters.status = mark(0, 6), Ok(()));
    expect(|s, d| d.counters.time = s.expires - 1, Ok(()));
    expect(
        |s, d| d.counters.time = s.expires,
        Err(Refusal::StatusStale),
    );
}

/// With a clock that its owner vouches for, a device takes a status that nobody made for it alone.
#[test]
fn a_clock_stands_in_for_the_nonce() {
    let by_clock = |offset: i64| {
        move |s: &mut Status<'static>, d: &mut Device| {
            s.nonce = None;
            d.nonce = None;
            d.clock = Some(s.expires.saturating_add_signed(offset));
        }
    };
    expect(by_clock(-1), Ok(()));
    expect(by_clock(0), Err(Refusal::StatusStale));
    // One that lags behind what was authenticated is not asked.
    let lagging = |s: &mut Status<'static>, d: &mut Device| {
        by_clock(-1_000_000)(s, d);
        d.counters.time = s.expires;
    };
    expect(lagging, Err(Refusal::StatusStale));
    // An answer to this very check-in is fresh, whatever the clock says.
    expect(|s, d| d.clock = Some(s.expires + 1_000), Ok(()));
    // A status for another check-in isn't made fresh by a clock.
    let for_another = |s: &mut Status<'static>, d: &mut Device| {
        d.clock = Some(s.issued);
        d.nonce = Some([1; 16]);
    };
    expect(for_another, Err(Refusal::StatusNonce));
}

/// The clock counts as now, but what is remembered comes from signatures only.
#[test]
fn a_clock_never_moves_the_time_floor() {
    let mut scene = scene();
    scene.device.clock = Some(1_750_000_200);
    assert_eq!(scene.admitted().unwrap().time(), scene.status.issued);
    expect(
        |_, d| d.clock = manifest().use_before,
        Err(Refusal::Expired),
    );
}

#[test]
fn an_expired_root_installs_nothing() {
    let expires = |at: u64| move |s: &mut Scene| s.root.expires = at;
    expect_in(expires(status().issued + 1), Ok(()));
    expect_in(expires(status().issued), Err(Refusal::RootExpired));
    let long_ago = |s: &mut Scene| {
        s.device.counters.time = status().issued + 100;
        s.root.expires = status().issued + 100;
    };
    expect_in(long_ago, Err(Refusal::RootExpired));
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
        move |_: &mut Status<'static>, d: &mut Device| {
            (d.counters.confirmed, d.returns_to) = (mark(0, sequence), returns);
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
        |_, d| d.confirmed = manifest().digest,
        Err(Refusal::AlreadyRunning),
    );
}

/// A signed return doesn't lead below a floor that the device has confirmed.
#[test]
fn nothing_below_the_floor_is_installed() {
    let named: &[Digest] = vec![manifest().digest].leak();
    expect(|_, d| d.counters.floor = mark(0, 12), Ok(()));
    expect(
        |_, d| d.counters.floor = mark(0, 13),
        Err(Refusal::BelowFloor),
    );
    expect(
        |_, d| {
            (d.counters.floor, d.counters.confirmed) = (mark(0, 13), mark(0, 13));
            d.returns_to = named;
        },
        Err(Refusal::BelowFloor),
    );
}

#[test]
fn the_release_may_be_out_of_time_or_on_hold() {
    let end = manifest().use_before.unwrap();
    expect(|_, d| d.counters.time = 1_749_999_999, Ok(()));
    let run_out = |s: &mut Status<'static>, _: &mut Device| {
        (s.issued, s.expires) = (end, end + 300);
    };
    expect(run_out, Err(Refusal::Expired));
    let endless = |s: &mut Scene| {
        run_out(&mut s.status, &mut s.device);
        s.manifest.use_before = None;
    };
    expect_in(endless, Ok(()));
    expect(|s, _| (s.issued, s.expires) = (end - 1, end), Ok(()));
    expect(|s, _| s.held = leaked(&[Digest([1; 32])]), Ok(()));
    expect(
        |s, _| s.held = leaked(&[manifest().digest]),
        Err(Refusal::Held),
    );
}

#[test]
fn the_image_must_fit_and_be_the_one() {
    expect(|_, d| d.slot_bytes = 40_959, Err(Refusal::PayloadTooLarge));

    let admitted = scene().admitted().unwrap();
    let own = manifest().image();
    let found = |bytes, digest| Image {
        bytes,
        digest,
        sha384: None,
    };
    assert_eq!(check_payload(admitted, &own), Ok(()));
    for bytes in [40_959, (1 << 32) + 40_960] {
        let other = check_payload(admitted, &found(bytes, own.digest));
        assert_eq!(other, Err(Refusal::PayloadSize));
    }
    let other = check_payload(admitted, &found(40_960, Digest([0x34; 32])));
    assert_eq!(other, Err(Refusal::PayloadDigest));
}

/// A SHA-384 that wasn't computed is as wrong as another one.
#[test]
fn an_image_is_held_to_everything_that_is_known_of_it() {
    let own = bound_by_sha384().image();
    let with = |sha384| Image { sha384, ..own };
    let wrong = Some(Digest384::new([0x39; 48]));
    assert_eq!(own.check(&own), Ok(()));
    assert_eq!(own.check(&with(wrong)), Err(Refusal::PayloadDigest));
    assert_eq!(own.check(&with(None)), Err(Refusal::PayloadDigest));
    let other = Image {
        digest: Digest([0x34; 32]),
        ..own
    };
    assert_eq!(own.check(&other), Err(Refusal::PayloadDigest));
    assert_eq!(with(None).check(&own), Ok(()), "more than was asked for");
}

type Spoiler = fn(&mut Scene);

/// The first reason in the order of the table is the one that is told.
#[test]
fn reasons_come_in_order() {
    let spoilers: [(Spoiler, Refusal); 8] = [
        (|s| s.status.nonce = None, Refusal::StatusNonce),
        (|s| s.root.expires = s.root.issued + 1, Refusal::RootExpired),
        (
            |s| {
                know(
                    s,
                    Revocations {
                        next_update: revocations().issued + 1,
                        ..revocations()
                    },
                )
            },
            Refusal::RevocationsStale,
        ),
        (|s| s.device.class_id = [0; 16], Refusal::WrongClass),
        (
            |s| s.device.counters.confirmed = mark(0, 99),
            Refusal::Downgrade,
        ),
        (
            |s| s.status.held = leaked(&[manifest().digest]),
            Refusal::Held,
        ),
        (|s| s.schedule = None, Refusal::ScheduleMissing),
        (|s| s.device.slot_bytes = 0, Refusal::PayloadTooLarge),
    ];
    for from in 0..spoilers.len() {
        let spoil = |s: &mut Scene| {
            guarded(s);
            scheduled(s);
            spoilers[from..].iter().for_each(|(spoiler, _)| spoiler(s));
        };
        expect_in(spoil, Err(spoilers[from].1));
    }
}
