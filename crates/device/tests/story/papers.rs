//! Roots, revocations and bundles on their way to a device: after each theft it ends up to date, and
//! nothing on the way keeps it from booting.

use mainstay_artifact::Member;
use mainstay_artifact::Signer as _;
use mainstay_artifact::signer::FakeSigner;
use mainstay_device::{BundleParts, Cut};
use mainstay_protocol::Event;
use mainstay_trust::{KeyId, KeyState, List, Refusal, Revocations, Role};

use crate::vendor::{Release, Vendor, somebody};
use crate::world::{START_S, TestDevice, World};

const HOUR_MS: u64 = 3_600_000;

fn image(byte: u8) -> Vec<u8> {
    vec![byte; 2000]
}

/// A device that runs release 1 since the factory, under the first root.
fn shelved() -> (World, TestDevice) {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let flash = world.factory(&first);
    let device = world.boot(flash);
    (world, device)
}

/// Lives for an hour.
fn after_an_hour(world: &mut World, device: TestDevice) -> TestDevice {
    let until_ms = world.now_ms + HOUR_MS;
    world.live(device, until_ms).0
}

/// Lives just long enough to climb, to update and to get over a power cut.
fn after_some_minutes(world: &mut World, device: TestDevice) -> TestDevice {
    let until_ms = world.now_ms + HOUR_MS / 12;
    world.live(device, until_ms).0
}

#[track_caller]
fn expect_runs(device: &TestDevice, release: &Release) {
    assert_eq!(device.running_release(), Some(release.manifest));
    assert!(!device.is_on_trial());
}

fn refusals(world: &World) -> Vec<&'static str> {
    let refused = |event: &Event| match event {
        Event::Refused { refusal, .. } => Refusal::from_code(*refusal).map(Refusal::id),
        _ => None,
    };
    world.events.iter().filter_map(refused).collect()
}

/// Puts `heir` in the place of everybody who has `role`.
fn hand_over(vendor: &mut Vendor, role: Role, heir: &FakeSigner, keepers: &[&FakeSigner]) {
    vendor.next_root(keepers, |draft| {
        draft.members.retain(|member| member.role != role);
        draft.members.push(Member::of(role, heir));
    });
}

/// Five roots, in which every role but one gets another holder, and the guardian comes in.
fn rotate_everything(vendor: &mut Vendor) {
    let custodian = vendor.custodian.clone();
    let heirs = [
        "heir-root",
        "heir-build",
        "heir-release",
        "heir-status",
        "heir-operations",
    ];
    let [root, build, release, status, operations] = heirs.map(somebody);
    hand_over(vendor, Role::Root, &root, &[&custodian, &root]);
    hand_over(vendor, Role::Build, &build, &[&root]);
    hand_over(vendor, Role::Release, &release, &[&root]);
    hand_over(vendor, Role::Status, &status, &[&root]);
    hand_over(vendor, Role::Operations, &operations, &[&root]);
    let guardian = vendor.guardian.clone();
    hand_over(vendor, Role::Revocation, &guardian, &[&root]);
    (vendor.custodian, vendor.engineer, vendor.manager) = (root, build, release);
    (vendor.server, vendor.operator) = (status, operations);
}

#[test]
fn factory_stock_six_roots_behind_climbs_and_updates() {
    let (mut world, device) = shelved();
    rotate_everything(&mut world.vendor);
    world.vendor.revoke(1, START_S, |_| {});
    let second = world.vendor.release(2, &[], &image(2));
    world.offered = Some(second.clone());
    let device = after_an_hour(&mut world, device);
    assert_eq!(device.root_version(), 7);
    expect_runs(&device, &second);
    assert_eq!(refusals(&world), [""; 0]);
    // What it has taken survives the power.
    let (flash, _, _) = device.power_off();
    let device = world.boot(flash);
    assert_eq!(device.root_version(), 7);
    expect_runs(&device, &second);
}

/// The power goes away at every flash operation of the climb and the update behind it.
#[test]
fn a_cut_anywhere_on_the_way_loses_nothing() {
    let run = |cut: Option<(u64, Cut)>| {
        let (mut world, mut device) = shelved();
        let guardian = world.vendor.guardian.clone();
        let custodian = world.vendor.custodian.clone();
        hand_over(
            &mut world.vendor,
            Role::Revocation,
            &guardian,
            &[&custodian],
        );
        world.vendor.revoke(1, START_S, |_| {});
        let second = world.vendor.release(2, &[], &image(2));
        world.offered = Some(second.clone());
        let before = device.storage_mut().flash_mut().operations();
        if let Some((at, cut)) = cut {
            device.storage_mut().flash_mut().cut_at(at, cut);
        }
        let mut device = after_some_minutes(&mut world, device);
        assert_eq!(device.root_version(), 2, "{cut:?}");
        expect_runs(&device, &second);
        device.storage_mut().flash_mut().operations() - before
    };
    let operations = run(None);
    assert!(operations > 30, "{operations}");
    for at in 0..operations {
        for cut in [Cut::Before, Cut::Torn { permille: 500 }, Cut::After] {
            run(Some((at, cut)));
        }
    }
}

fn ids(people: &[&FakeSigner]) -> List<'static, KeyId> {
    List::from(
        &*people
            .iter()
            .map(|one| one.key_id())
            .collect::<Vec<_>>()
            .leak(),
    )
}

/// A vendor with a guardian, and a device that knows it.
fn guarded() -> (World, TestDevice) {
    let (mut world, device) = shelved();
    let (guardian, custodian) = (
        world.vendor.guardian.clone(),
        world.vendor.custodian.clone(),
    );
    hand_over(
        &mut world.vendor,
        Role::Revocation,
        &guardian,
        &[&custodian],
    );
    world.vendor.revoke(1, START_S, |_| {});
    let device = after_an_hour(&mut world, device);
    assert_eq!(device.root_version(), 2);
    (world, device)
}

#[test]
fn a_stolen_revocation_key_stops_a_fleet_until_the_next_root() {
    let (mut world, device) = guarded();
    let honest = [
        &world.vendor.engineer,
        &world.vendor.manager,
        &world.vendor.custodian,
    ]
    .map(Clone::clone);
    let everybody = ids(&honest.each_ref());
    let all = |r: &mut Revocations<'static>| (r.keys, r.seq) = (everybody, u64::MAX);
    world.vendor.revoke(2, START_S, all);
    let second = world.vendor.release(2, &[], &image(2));
    world.offered = Some(second.clone());
    let device = after_an_hour(&mut world, device);
    assert_eq!(refusals(&world), ["trust.revoked-key"]);
    // The keepers put another guardian in, in a new epoch: what the thief withdrew is void.
    let heir = somebody("heir-revocation");
    world.vendor.draft.epochs.push((Role::Revocation, 1));
    hand_over(&mut world.vendor, Role::Revocation, &heir, &[&honest[2]]);
    world.vendor.guardian = heir;
    world.vendor.revoke(1, START_S, |_| {});
    let device = after_an_hour(&mut world, device);
    expect_runs(&device, &second);
}

#[test]
fn a_stolen_status_key_makes_time_run_ahead_until_the_next_root() {
    let (mut world, device) = shelved();
    let end = START_S + 30 * 86_400;
    let dated = |world: &World, sequence| {
        let request = mainstay_artifact::PackRequest {
            use_before: Some(end),
            ..Vendor::request("B", sequence, &[])
        };
        world
            .vendor
            .approve(world.vendor.build(&request, &image(2)))
    };
    // The thief answers check-ins with a date far ahead, and offers what is approved anyway.
    world.vendor.status_ahead_s = 40 * 86_400;
    let second = world.vendor.release(2, &[], &image(3));
    world.offered = Some(second);
    let device = after_an_hour(&mut world, device);
    world.vendor.status_ahead_s = 0;
    let third = dated(&world, 3);
    world.offered = Some(third.clone());
    let device = after_an_hour(&mut world, device);
    assert_eq!(refusals(&world), ["trust.status-replayed"]);
    let (heir, custodian) = (somebody("heir-status"), world.vendor.custodian.clone());
    world.vendor.draft.epochs.push((Role::Status, 1));
    world.vendor.draft.issued = world.now_ms / 1000;
    hand_over(&mut world.vendor, Role::Status, &heir, &[&custodian]);
    world.vendor.server = heir;
    let device = after_an_hour(&mut world, device);
    expect_runs(&device, &third);
}

/// Who steals both signing keys can install something, and give it the highest number there is.
#[test]
fn the_highest_release_number_is_left_behind_by_an_epoch() {
    let (mut world, device) = guarded();
    let stolen = Vendor::request("B", u64::MAX, &[]);
    let stolen = world.vendor.build(
        &mainstay_artifact::PackRequest {
            security_floor: u64::MAX,
            ..stolen
        },
        &image(9),
    );
    let stolen = world.vendor.approve(stolen);
    world.offered = Some(stolen.clone());
    let device = after_an_hour(&mut world, device);
    expect_runs(&device, &stolen);

    let good = world.vendor.release(5, &[], &image(5));
    world.offered = Some(good);
    let device = after_an_hour(&mut world, device);
    assert_eq!(refusals(&world), ["trust.below-floor"]);

    let by_thief = world.vendor.release(6, &[], &image(6));
    let thief = world.vendor.engineer.clone();
    let custodian = world.vendor.custodian.clone();
    let heir = somebody("heir-build");
    world.vendor.draft.epochs.push((Role::Build, 1));
    world.vendor.next_root(&[&custodian], |draft| {
        draft.states.push((thief.key_id(), KeyState::Revoked));
        draft.members.push(Member::of(Role::Build, &heir));
    });
    world.offered = Some(by_thief);
    let device = after_an_hour(&mut world, device);
    assert_eq!(refusals(&world).last(), Some(&"trust.revoked-key"));

    world.vendor.engineer = heir;
    let good = world.vendor.release(5, &[], &image(5));
    world.offered = Some(good.clone());
    let device = after_an_hour(&mut world, device);
    assert_eq!(refusals(&world).last(), Some(&"trust.minimum-missing"));

    world
        .vendor
        .revoke(2, world.now_ms / 1000, |r| r.minimums = Vendor::minimum(5));
    let device = after_an_hour(&mut world, device);
    expect_runs(&device, &good);
}

/// Takes a bundle offline and lives for an hour without a server.
fn by_stick(
    world: &mut World,
    mut device: TestDevice,
    release: &Release,
    statement: &[u8],
) -> TestDevice {
    world.offline = true;
    world.offered = Some(release.clone());
    let roots: Vec<&[u8]> = world.vendor.roots.iter().map(Vec::as_slice).collect();
    let bundle = BundleParts {
        roots: &roots,
        revocations: world.vendor.revocations.as_deref(),
        statement,
        envelope: &release.envelope,
    };
    let taken = device.take_bundle(&bundle, world.now_ms);
    assert_eq!(taken, Ok(()));
    after_an_hour(world, device)
}

/// A device that comes from the shelf, and what a stick brings it: a release, and the word that it may be installed.
fn shelved_with_a_stick() -> (World, TestDevice, Release, Vec<u8>) {
    let (mut world, device) = shelved();
    rotate_everything(&mut world.vendor);
    world.vendor.revoke(1, START_S, |_| {});
    let second = world.vendor.release(2, &[], &image(2));
    let statement = world.vendor.statement(&second, START_S);
    (world, device, second, statement)
}

#[test]
fn a_bundle_brings_an_offline_device_up_to_date() {
    let (mut world, device, second, statement) = shelved_with_a_stick();
    let before = device.record().counters;
    let device = by_stick(&mut world, device, &second, &statement);
    assert_eq!(device.root_version(), 7);
    expect_runs(&device, &second);
    assert_eq!(device.record().counters.status, before.status);
}

/// Three days without a server, and switched off each night: what it did by itself it tells in its order, and whole, when it is back.
#[test]
fn what_happened_offline_is_told_days_later() {
    let (mut world, device, second, statement) = shelved_with_a_stick();
    let told = world.events.clone();
    let mut device = by_stick(&mut world, device, &second, &statement);
    for _ in 0..3 {
        let until_ms = world.now_ms + 24 * HOUR_MS;
        let (region, ..) = world.live(device, until_ms).0.power_off();
        device = world.boot(region);
    }
    assert_eq!(world.events, told, "nobody heard of it");
    let waiting = device.record().reports.iter().map(|report| report.event);
    let expected: Vec<Event> = told.into_iter().chain(waiting).collect();
    assert_eq!(expected.last().map(Event::kind), Some("confirmed"));
    world.offline = false;
    let device = after_an_hour(&mut world, device);
    assert_eq!(world.events, expected);
    assert!(device.record().reports.is_empty());
}

#[test]
fn a_stale_or_foreign_bundle_installs_nothing() {
    let refused = |statement: fn(&World, &Release) -> Vec<u8>, expected: &str| {
        let (mut world, device) = guarded();
        world.vendor.revoke(3, START_S, |_| {});
        let mut device = device;
        let newest = world.vendor.revocations.clone().expect("just made");
        assert_eq!(device.take_revocations(&newest, world.now_ms), Ok(()));
        let second = world.vendor.release(2, &[], &image(2));
        let statement = statement(&world, &second);
        world.vendor.revoke(2, START_S, |_| {});
        let device = by_stick(&mut world, device, &second, &statement);
        let first = world.vendor.release(1, &[], &image(1));
        expect_runs(&device, &first);
        let told = device
            .record()
            .reports
            .iter()
            .filter_map(|report| match report.event {
                Event::Refused { refusal, .. } => Refusal::from_code(refusal).map(Refusal::id),
                _ => None,
            });
        assert!(told.eq([expected]), "{:?}", device.record().reports);
    };
    let stale = |world: &World, release: &Release| {
        let mut vendor = Vendor::new();
        vendor.revoke(2, START_S, |_| {});
        vendor.operator = world.vendor.operator.clone();
        vendor.statement(release, START_S)
    };
    refused(stale, "trust.bundle-stale");
    let foreign = |world: &World, _: &Release| {
        let other = world.vendor.release(8, &[], &image(8));
        world.vendor.statement(&other, START_S)
    };
    refused(foreign, "trust.bundle-mismatch");
    let by_manager = |world: &World, release: &Release| {
        let mut vendor = Vendor::new();
        vendor.revocations = world.vendor.revocations.clone();
        vendor.operator = world.vendor.manager.clone();
        vendor.statement(release, START_S)
    };
    refused(by_manager, "trust.role-missing");
}

#[test]
fn a_root_out_of_turn_is_told_and_changes_nothing() {
    let (mut world, mut device) = shelved();
    rotate_everything(&mut world.vendor);
    let third = world.vendor.roots[2].clone();
    assert_eq!(device.take_root(&third, world.now_ms), Ok(()));
    assert_eq!(device.take_root(b"no root", world.now_ms), Ok(()));
    assert_eq!(device.root_version(), 1);
    let told = device
        .record()
        .reports
        .iter()
        .filter_map(|report| match report.event {
            Event::Refused { refusal, .. } => Refusal::from_code(refusal).map(Refusal::id),
            _ => None,
        });
    assert!(
        told.eq(["trust.root-version", "trust.malformed"]),
        "{:?}",
        device.record().reports
    );
}
