//! Power cuts: before, within and just after every flash operation of an update, of a revert, and of
//! what follows them.
//!
//! After each cut the device must come up with an image that it accepted, tell the truth about it,
//! and end where it would have ended without the cut.

use mainstay_device::{Cut, Place, Slot, Storage as _, Strategy};
use mainstay_trust::rustcrypto::RustCrypto;
use proptest::prelude::*;

use crate::vendor::Release;
use crate::world::{START_S, TestDevice, World};

const HOUR_MS: u64 = 3_600_000;
/// How the power goes away, and whether what it tore can't be read afterwards.
const CUTS: [(Cut, bool); 5] = [
    (Cut::Before, false),
    (Cut::Torn { permille: 10 }, false),
    (Cut::Torn { permille: 600 }, false),
    (Cut::Torn { permille: 600 }, true),
    (Cut::After, false),
];

fn image(byte: u8) -> Vec<u8> {
    (0..2501u32)
        .map(|index| byte.wrapping_add((index % 241) as u8))
        .collect()
}

/// What becomes of the second release, and how the device gets to it.
#[derive(Debug, Clone, Copy)]
struct Case {
    broken: bool,
    strategy: Strategy,
}

struct Scene {
    world: World,
    first: Release,
    second: Release,
}

fn scene(case: Case) -> Scene {
    let mut world = World::new();
    world.strategy = case.strategy;
    let first = world.vendor.release(1, &[], &image(1));
    let second = world.vendor.release(2, &[&first], &image(2));
    world.offered = Some(second.clone());
    if case.broken {
        world.broken.push(second.manifest);
    }
    Scene {
        world,
        first,
        second,
    }
}

/// What must hold whenever the device is up: the slot it runs from holds exactly what it says.
fn check_truth(device: &TestDevice, scene: &Scene, context: &str) {
    let release = device
        .running_release()
        .unwrap_or_else(|| panic!("{context}: safe mode"));
    let expected = [&scene.first, &scene.second]
        .into_iter()
        .find(|r| r.manifest == release);
    assert!(
        expected.is_some(),
        "{context}: runs something that nobody signed"
    );
    let region = device.storage();
    let from = [Slot::A, Slot::B].into_iter().find(|slot| {
        let head = region.head(*slot).unwrap_or_default();
        let manifest = head.as_ref().and_then(|head| head.manifest(&RustCrypto));
        manifest.is_some_and(|manifest| manifest.digest == release)
            && region.is_intact(*slot, &RustCrypto) == Ok(true)
            && (region.layout().strategy() == Strategy::DualBank
                || region.place(*slot) == Place::First)
    });
    assert!(
        from.is_some(),
        "{context}: says {release}, and no slot to run from holds it"
    );
}

/// Runs the update with a cut at operation `index`; tells how many operations there were.
fn run(case: Case, index: Option<(u64, (Cut, bool))>) -> u64 {
    let mut scene = scene(case);
    scene.world.corrects_errors = index.is_some_and(|(_, (_, unreadable))| unreadable);
    let context = format!("{case:?}, cut {index:?}");
    let flash = scene.world.factory(&scene.first);
    let before = flash.flash().operations();
    let mut device = scene.world.boot(flash);
    if let Some((at, (cut, _))) = index {
        device.storage_mut().flash_mut().cut_at(at, cut);
    }
    let mut until_ms = START_S * 1000;
    for _ in 0..4 {
        until_ms += HOUR_MS / 60;
        (device, _) = scene.world.live(device, until_ms);
        check_truth(&device, &scene, &context);
        if case.broken
            && device
                .record()
                .reports
                .iter()
                .any(|r| r.event.kind() == "reverted")
        {
            scene.world.offered = None;
        }
    }
    (device, _) = scene.world.live(device, until_ms + HOUR_MS / 6);
    check_truth(&device, &scene, &context);
    let expected = if case.broken {
        scene.first.manifest
    } else {
        scene.second.manifest
    };
    assert_eq!(device.running_release(), Some(expected), "{context}");
    assert!(!device.is_on_trial(), "{context}");
    device.storage().flash().operations() - before
}

fn sweep(case: Case, cuts: &[(Cut, bool)]) {
    let operations = run(case, None);
    assert!(
        operations > 10,
        "the story is too short to mean anything: {operations} operations"
    );
    for index in 0..operations {
        for cut in cuts {
            run(case, Some((index, *cut)));
        }
    }
}

#[test]
fn an_update_survives_a_cut_at_every_operation() {
    let case = Case {
        broken: false,
        strategy: Strategy::DualBank,
    };
    sweep(case, &CUTS);
}

#[test]
fn a_revert_survives_a_cut_at_every_operation() {
    let case = Case {
        broken: true,
        strategy: Strategy::DualBank,
    };
    sweep(case, &CUTS);
}

#[test]
fn so_do_swaps() {
    for broken in [false, true] {
        let case = Case {
            broken,
            strategy: Strategy::Swap,
        };
        sweep(case, &CUTS[2..4]);
    }
}

/// Lives through one cut after the other, then in peace.
fn live_through(cuts: &[(u64, u32)], case: Case, unreadable: bool) {
    let mut scene = scene(case);
    scene.world.corrects_errors = unreadable;
    let context = format!("{case:?}, unreadable {unreadable}, cuts {cuts:?}");
    let flash = scene.world.factory(&scene.first);
    let mut device = scene.world.boot(flash);
    let mut until_ms = START_S * 1000;
    for &(index, permille) in cuts {
        device
            .storage_mut()
            .flash_mut()
            .cut_at(index, Cut::Torn { permille });
        until_ms += HOUR_MS / 180;
        (device, _) = scene.world.live(device, until_ms);
        check_truth(&device, &scene, &context);
    }
    (device, _) = scene.world.live(device, until_ms + HOUR_MS / 6);
    check_truth(&device, &scene, &context);
    assert!(!device.is_on_trial(), "{context}");
    let runs = device.running_release();
    // A good release may have used its boots up; an ill one is never kept.
    assert!(
        !case.broken || runs == Some(scene.first.manifest),
        "{context}: kept {runs:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_device_survives_many_cuts(
        cuts in proptest::collection::vec((0..40u64, 0..=1000u32), 2..8),
        broken: bool,
        swaps: bool,
        unreadable: bool,
    ) {
        let strategy = if swaps { Strategy::Swap } else { Strategy::DualBank };
        live_through(&cuts, Case { broken, strategy }, unreadable);
    }
}
