//! One slot, written over by safe mode: what runs meanwhile, and what becomes of a failure.

use mainstay_device::{Cut, Strategy};
use mainstay_protocol::{BootReason, Event};

use crate::vendor::Release;
use crate::world::{START_S, TestDevice, World};

const HOUR_MS: u64 = 3_600_000;

fn image(byte: u8) -> Vec<u8> {
    (0..2501u32)
        .map(|index| byte.wrapping_add((index % 241) as u8))
        .collect()
}

fn scene() -> (World, Release, Release) {
    let mut world = World::new();
    world.strategy = Strategy::Overwrite;
    let first = world.vendor.release(1, &[], &image(1));
    let second = world.vendor.release(2, &[&first], &image(2));
    (world, first, second)
}

fn live_an_hour(world: &mut World, device: TestDevice) -> TestDevice {
    let until_ms = world.now_ms + HOUR_MS;
    world.live(device, until_ms).0
}

fn kinds(world: &World) -> Vec<&'static str> {
    world.events.iter().map(Event::kind).collect()
}

#[test]
fn an_update_goes_by_way_of_safe_mode() {
    let (mut world, first, second) = scene();
    let device = world.boot(world.factory(&first));
    world.offered = Some(second.clone());
    let device = live_an_hour(&mut world, device);
    assert_eq!(device.running_release(), Some(second.manifest));
    assert!(!device.is_on_trial());
    let told = ["download-started", "installed", "trial-booted", "confirmed"];
    assert_eq!(kinds(&world), told);
}

#[test]
fn a_failed_update_ends_in_safe_mode_which_takes_the_old_release_again() {
    let (mut world, first, second) = scene();
    world.broken.push(second.manifest);
    let device = world.boot(world.factory(&first));
    world.offered = Some(second.clone());
    let device = live_an_hour(&mut world, device);
    assert_eq!(device.boot_reason(), BootReason::SafeMode);
    assert_eq!(kinds(&world).last(), Some(&"reverted"));
    world.offered = Some(first.clone());
    let device = live_an_hour(&mut world, device);
    assert_eq!(device.running_release(), Some(first.manifest));
    assert!(!device.is_on_trial());
}

#[test]
fn safe_mode_leaves_again_if_the_offer_is_gone() {
    let (mut world, first, second) = scene();
    let mut device = world.boot(world.factory(&first));
    world.offered = Some(second);
    while device.wants(world.now_ms) != mainstay_device::Want::Reboot {
        world.serve_next(&mut device);
    }
    world.offered = None;
    let device = world.boot(device.power_off().0);
    assert_eq!(device.boot_reason(), BootReason::Recovery);
    let device = live_an_hour(&mut world, device);
    assert_eq!(device.running_release(), Some(first.manifest));
    assert_eq!(kinds(&world), [""; 0]);
}

/// The update, with a cut at operation `index`; tells how many operations there were.
fn run(index: Option<(u64, Cut)>) -> u64 {
    let (mut world, first, second) = scene();
    let region = world.factory(&first);
    let before = region.flash().operations();
    let mut device = world.boot(region);
    world.offered = Some(second.clone());
    if let Some((at, cut)) = index {
        device.storage_mut().flash_mut().cut_at(at, cut);
    }
    let (device, _) = world.live(device, START_S * 1000 + HOUR_MS / 3);
    assert_eq!(device.running_release(), Some(second.manifest), "{index:?}");
    assert!(!device.is_on_trial(), "{index:?}");
    assert!(!kinds(&world).contains(&"entered-safe-mode"), "{index:?}");
    // Not by being whole in its slot before anybody had compared it, but by a trial.
    assert!(kinds(&world).contains(&"confirmed"), "{index:?}");
    device.storage().flash().operations() - before
}

#[test]
fn it_survives_a_cut_at_every_operation() {
    for index in 0..run(None) {
        for cut in [Cut::Before, Cut::Torn { permille: 600 }, Cut::After] {
            run(Some((index, cut)));
        }
    }
}

#[test]
fn the_way_back_that_a_release_names_is_open() {
    let (mut world, first, second) = scene();
    let device = world.boot(world.factory(&second));
    world.offered = Some(first.clone());
    let until_ms = world.now_ms + HOUR_MS;
    let (device, _) = world.live(device, until_ms);
    assert_eq!(device.running_release(), Some(first.manifest));
    assert!(!device.is_on_trial());
}
