//! What one device may install: one changed fact a row.

use crate::people::{
    self, Draft, bundle_statement, guardian, leaked, manifest, operator, pinned, revocations, root,
    schedule, server, signed, status,
};
use mainstay_trust::verify;
use mainstay_trust::{
    Authority, BootloaderVersion, BundleStatement, Counters, DeviceFacts, Digest, Freshness, List,
    Manifest, Mark, Minimum, Offer, Refusal, Revocations, Role, RustCrypto, Schedule, Status,
    admit, check_payload,
};

/// All that decides on one offer. A test changes what it is about.
struct Scene {
    root: Draft,
    /// What the device holds.
    revocations: Option<Revocations<'static>>,
    manifest: Manifest<'static>,
    status: Status<'static>,
    /// Offered instead of the status.
    bundle: Option<BundleStatement>,
    schedule: Option<Schedule>,
    device: Device,
}

/// The device's own facts, as tests change them.
struct Device {
    vendor_id: [u8; 16],
    class_id: [u8; 16],
    bootloader: BootloaderVersion,
    counters: Counters,
    confirmed: Digest,
    returns_to: &'static [Digest],
    nonce: Option<[u8; 16]>,
    clock: Option<u64>,
    slot_bytes: u64,
}

fn mark(epoch: u32, number: u64) -> Mark {
    Mark { epoch, number }
}

/// The ordinary release on an ordinary device, of which everything is as it should be.
fn scene() -> Scene {
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
        },
    }
}

impl Scene {
    fn admitted(&self) -> Result<mainstay_trust::Admitted, Refusal> {
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
        };
        admit(&offer, &facts, &RustCrypto)
    }
}

/// Offers the ordinary release in a changed scene.
#[track_caller]
fn expect_in(change: impl FnOnce(&mut Scene), expected: Result<(), Refusal>) {
    let mut scene = scene();
    change(&mut scene);
    assert_eq!(scene.admitted().map(|_| ()), expected);
}

/// As [`expect_in`], with changed facts of the status and the device alone.
#[track_caller]
fn expect(change: impl FnOnce(&mut Status<'static>, &mut Device), expected: Result<(), Refusal>) {
    expect_in(|s| change(&mut s.status, &mut s.device), expected);
}

#[test]
fn the_ordinary_release_is_admitted_with_its_facts() {
    let admitted = scene().admitted().unwrap();
    assert_eq!(admitted.manifest(), manifest().digest);
    assert_eq!(admitted.image_digest(), manifest().image_digest);
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

/// A scene in which the guardian's ordinary revocations are known to all.
fn guarded(scene: &mut Scene) {
    scene.root = root().with_guardian();
    know(scene, revocations());
}

/// The device holds these, and the status names them.
fn know(scene: &mut Scene, revocations: Revocations<'static>) {
    scene.revocations = Some(revocations);
    scene.status.revocations = Some(named(&revocations));
}

fn named(revocations: &Revocations<'_>) -> Digest {
    mainstay_trust::Primitives::digest(&RustCrypto, &people::payload(revocations))
}

#[track_caller]
fn expect_guarded(change: impl FnOnce(&mut Scene), expected: Result<(), Refusal>) {
    expect_in(
        |s| {
            guarded(s);
            change(s);
        },
        expected,
    );
}

#[test]
fn where_people_can_revoke_their_word_must_be_there() {
    expect_guarded(|_| {}, Ok(()));
    expect_guarded(|s| s.revocations = None, Err(Refusal::RevocationsMissing));
    let silent = |s: &mut Scene| (s.revocations, s.status.revocations) = (None, None);
    expect_guarded(silent, Err(Refusal::RevocationsMissing));
    let others = |s: &mut Scene| s.status.revocations = Some(Digest([1; 32]));
    expect_guarded(others, Err(Refusal::RevocationsMismatch));
    expect_guarded(
        |s| s.status.revocations = None,
        Err(Refusal::RevocationsMismatch),
    );
    expect_in(
        |s| s.status.revocations = Some(Digest([1; 32])),
        Err(Refusal::RevocationsMissing),
    );
}

#[test]
fn frozen_revocations_stop_installing() {
    let until = |next_update| {
        move |s: &mut Scene| {
            know(
                s,
                Revocations {
                    next_update,
                    ..revocations()
                },
            )
        }
    };
    expect_guarded(until(status().issued + 1), Ok(()));
    expect_guarded(until(status().issued), Err(Refusal::RevocationsStale));
}

#[test]
fn what_is_revoked_is_not_installed() {
    let release = leaked(&[Digest([1; 32]), manifest().digest]);
    let revoked = Revocations {
        releases: release,
        ..revocations()
    };
    expect_guarded(|s| know(s, revoked), Err(Refusal::RevokedRelease));
    for person in [people::engineer(), people::manager(), server()] {
        let keys = leaked(&[person.key.id]);
        let revoked = Revocations {
            keys,
            ..revocations()
        };
        expect_guarded(|s| know(s, revoked), Err(Refusal::RevokedKey));
    }
    let keys = leaked(&[people::keeper().key.id, operator().key.id]);
    let unused = Revocations {
        keys,
        ..revocations()
    };
    expect_guarded(|s| know(s, unused), Ok(()));
}

fn minimum(class: [u8; 16], sequence: u64) -> Revocations<'static> {
    let minimums = leaked(&[Minimum { class, sequence }]);
    Revocations {
        minimums,
        ..revocations()
    }
}

#[test]
fn a_class_has_a_least_sequence_number() {
    let class = manifest().class_id;
    expect_guarded(|s| know(s, minimum(class, 12)), Ok(()));
    expect_guarded(|s| know(s, minimum(class, 13)), Err(Refusal::BelowMinimum));
    expect_guarded(|s| know(s, minimum([9; 16], 13)), Ok(()));
}

/// A thief of both signing keys took the highest numbers there are; a new epoch makes them old.
#[test]
fn the_highest_sequence_number_dies_with_its_epoch() {
    let stolen = |s: &mut Scene| {
        guarded(s);
        s.device.counters.confirmed = mark(0, u64::MAX);
        s.device.counters.floor = mark(0, u64::MAX);
    };
    expect_in(stolen, Err(Refusal::BelowFloor));
    for role in [Role::Build, Role::Release] {
        let recovered = |s: &mut Scene| {
            stolen(s);
            s.root.role(role).epoch = 1;
        };
        expect_in(recovered, Err(Refusal::MinimumMissing));
        let least = |sequence| {
            move |s: &mut Scene| {
                recovered(s);
                know(s, minimum(manifest().class_id, sequence));
            }
        };
        expect_in(least(12), Ok(()));
        expect_in(least(13), Err(Refusal::BelowMinimum));
    }
    // Once something of the new epoch is confirmed, its own numbers bind.
    let settled = |s: &mut Scene| {
        guarded(s);
        s.root.role(Role::Build).epoch = 1;
        s.device.counters.confirmed = mark(1, 12);
        s.device.counters.floor = mark(1, 0);
    };
    expect_in(settled, Err(Refusal::Downgrade));
}

#[test]
fn the_highest_status_number_dies_with_its_epoch() {
    let stolen = |s: &mut Scene| s.device.counters.status = mark(0, u64::MAX);
    expect_in(stolen, Err(Refusal::StatusReplayed));
    let recovered = |s: &mut Scene| {
        stolen(s);
        s.root.role(Role::Status).epoch = 1;
    };
    expect_in(recovered, Ok(()));
}

/// A scene in which the class needs a schedule, and has one.
fn scheduled(scene: &mut Scene) {
    let roles = vec![Role::Build, Role::Release, Role::Operations];
    scene.root.policy = vec![(manifest().class_id, roles)];
    scene.schedule = Some(schedule());
}

#[track_caller]
fn expect_scheduled(change: impl FnOnce(&mut Schedule), expected: Result<(), Refusal>) {
    expect_in(
        |s| {
            scheduled(s);
            change(s.schedule.as_mut().unwrap());
        },
        expected,
    );
}

#[test]
fn a_class_may_wait_for_operations() {
    let now = status().issued;
    expect_scheduled(|_| {}, Ok(()));
    let unscheduled = |s: &mut Scene| {
        scheduled(s);
        s.schedule = None;
    };
    expect_in(unscheduled, Err(Refusal::ScheduleMissing));
    expect_scheduled(
        |p| p.release = Digest([1; 32]),
        Err(Refusal::ScheduleMismatch),
    );
    expect_scheduled(|p| p.class[0] ^= 1, Err(Refusal::ScheduleMismatch));
    expect_scheduled(|p| p.not_before = now, Ok(()));
    expect_scheduled(|p| p.not_before = now + 1, Err(Refusal::ScheduleEarly));
    expect_scheduled(|p| p.expires = now + 1, Ok(()));
    expect_scheduled(|p| p.expires = now, Err(Refusal::ScheduleExpired));
    // This device's place for this release, as a table of shares would show it.
    let place = (0..=10_000).find(|share| {
        let schedule = Schedule {
            share: *share,
            ..schedule()
        };
        schedule.includes(b"th-0042", &RustCrypto)
    });
    let place = place.unwrap();
    assert!((1..10_000).contains(&place), "{place}");
    expect_scheduled(|p| p.share = place, Ok(()));
    expect_scheduled(|p| p.share = place - 1, Err(Refusal::NotInShare));
    expect_scheduled(|p| p.share = 0, Err(Refusal::NotInShare));
    // Where the class doesn't ask for one, nobody looks at it.
    expect_in(
        |s| {
            s.schedule = Some(Schedule {
                share: 0,
                ..schedule()
            })
        },
        Ok(()),
    );
}

/// Of many devices about as many lie within a share as it says.
#[test]
fn a_share_is_a_share() {
    let schedule = Schedule {
        share: 1_000,
        ..schedule()
    };
    let inside = (0..10_000_u32)
        .filter(|number| schedule.includes(&number.to_be_bytes(), &RustCrypto))
        .count();
    assert!((850..1_150).contains(&inside), "{inside} of 10,000");
}

#[track_caller]
fn expect_offline(
    change: impl FnOnce(&mut BundleStatement, &mut Scene),
    expected: Result<(), Refusal>,
) {
    expect_guarded(
        |s| {
            let mut statement = bundle_statement();
            change(&mut statement, s);
            s.bundle = Some(statement);
        },
        expected,
    );
}

#[test]
fn a_bundle_installs_offline_what_it_was_made_for() {
    expect_offline(|_, _| {}, Ok(()));
    expect_offline(
        |b, _| b.release = Digest([1; 32]),
        Err(Refusal::BundleMismatch),
    );
    expect_offline(|b, s| s.device.counters.time = b.expires - 1, Ok(()));
    expect_offline(
        |b, s| s.device.counters.time = b.expires,
        Err(Refusal::BundleExpired),
    );
    expect_offline(
        |b, s| s.device.clock = Some(b.expires),
        Err(Refusal::BundleExpired),
    );
    expect_offline(|b, _| b.revocations.number = 2, Err(Refusal::BundleStale));
    expect_offline(
        |b, _| b.revocations.number = 4,
        Err(Refusal::RevocationsMissing),
    );
    expect_offline(
        |_, s| s.revocations = None,
        Err(Refusal::RevocationsMissing),
    );
    // A class that waits for operations has their word in the statement.
    expect_offline(|_, s| (scheduled(s), s.schedule = None).0, Ok(()));
}

#[test]
fn a_bundle_refreshes_nothing() {
    let mut scene = scene();
    guarded(&mut scene);
    scene.bundle = Some(bundle_statement());
    scene.device.clock = Some(1_749_500_000);
    let admitted = scene.admitted().unwrap();
    assert_eq!(admitted.time(), scene.device.counters.time);
    assert_eq!(admitted.status(), scene.device.counters.status);
}

#[test]
fn statements_are_believed_only_from_operations() {
    let root = pinned(&root());
    let by = |person: &people::Person| {
        let schedule = signed(&schedule(), &[person]);
        let bundle = signed(&bundle_statement(), &[person]);
        (
            verify::schedule(&schedule, &root, &RustCrypto).map(|_| ()),
            verify::bundle_statement(&bundle, &root, &RustCrypto).map(|_| ()),
        )
    };
    assert_eq!(by(&operator()), (Ok(()), Ok(())));
    for other in [
        server(),
        people::manager(),
        people::engineer(),
        people::keeper(),
    ] {
        assert_eq!(
            by(&other),
            (Err(Refusal::RoleMissing), Err(Refusal::RoleMissing))
        );
    }
    let schedule = signed(&schedule(), &[&operator()]);
    let as_bundle = verify::bundle_statement(&schedule, &root, &RustCrypto);
    assert_eq!(as_bundle.map(|_| ()), Err(Refusal::ForeignProfile));
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
