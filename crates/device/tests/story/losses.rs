//! Images that rot in their slots: what boots instead, and how the device gets well again.

use mainstay_device::{Booted, Device, Flash as _, Place, Slot};
use mainstay_protocol::{BootReason, Event};
use mainstay_trust::Refusal;
use mainstay_trust::rustcrypto::RustCrypto;

use crate::vendor::Release;
use crate::world::{Region, TestDevice, World};

const HOUR_MS: u64 = 3_600_000;

fn image(byte: u8) -> Vec<u8> {
    vec![byte; 2000]
}

/// The image in `slot` is no longer what was accepted.
fn rot(region: &mut Region, slot: Slot) {
    let page = region.layout().image(region.place(slot));
    let erased = region.flash_mut().erase_page(page);
    erased.expect("an image begins at a page");
}

fn live_an_hour(world: &mut World, device: TestDevice) -> TestDevice {
    let until_ms = world.now_ms + HOUR_MS;
    world.live(device, until_ms).0
}

fn refusals(world: &World) -> Vec<u16> {
    let codes = world.events.iter().filter_map(|event| match event {
        Event::Refused { refusal, .. } => Some(*refusal),
        _ => None,
    });
    codes.collect()
}

#[test]
fn safe_mode_takes_the_lost_release_again() {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let mut flash = world.factory(&first);
    rot(&mut flash, Slot::A);
    world.offered = Some(first.clone());
    let device = world.boot(flash);
    assert_eq!(device.boot_reason(), BootReason::SafeMode);
    let device = live_an_hour(&mut world, device);
    assert_eq!(device.running_release(), Some(first.manifest));
    assert!(!device.is_on_trial());
}

#[test]
fn safe_mode_takes_nothing_older() {
    let mut world = World::new();
    let older = world.vendor.release(1, &[], &image(1));
    let lost = world.vendor.release(2, &[&older], &image(2));
    let mut flash = world.factory(&lost);
    rot(&mut flash, Slot::A);
    world.offered = Some(older);
    let device = world.boot(flash);
    let device = live_an_hour(&mut world, device);
    assert_eq!(device.boot_reason(), BootReason::SafeMode);
    assert_eq!(refusals(&world), [Refusal::Downgrade.code()]);
}

/// A device that confirmed release 2 beside release 1, lost it, and runs release 1 as a last resort.
fn after_a_loss() -> (World, TestDevice, [Release; 2]) {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let second = world.vendor.release(2, &[&first], &image(2));
    let flash = world.factory(&first);
    world.offered = Some(second.clone());
    let device = world.boot(flash);
    let mut flash = live_an_hour(&mut world, device).power_off().0;
    rot(&mut flash, Slot::B);
    let device = world.boot(flash);
    assert_eq!(device.boot_reason(), BootReason::LastResort);
    assert_eq!(device.running_release(), Some(first.manifest));
    (world, device, [first, second])
}

#[test]
fn a_last_resort_stays_one_until_something_is_confirmed() {
    let (mut world, device, [_, second]) = after_a_loss();
    let device = world.boot(device.power_off().0);
    assert_eq!(device.boot_reason(), BootReason::LastResort);
    let device = live_an_hour(&mut world, device);
    assert_eq!(device.running_release(), Some(second.manifest));
    let device = world.boot(device.power_off().0);
    assert_eq!(device.boot_reason(), BootReason::Confirmed);
}

#[test]
fn a_failed_repair_falls_back_to_the_last_resort() {
    let (mut world, device, [first, _]) = after_a_loss();
    let third = world.vendor.release(3, &[], &image(3));
    world.broken.push(third.manifest);
    world.offered = Some(third);
    let device = live_an_hour(&mut world, device);
    assert_eq!(device.boot_reason(), BootReason::LastResort);
    assert_eq!(device.running_release(), Some(first.manifest));
    assert!(world.events.iter().any(|event| event.kind() == "reverted"));
}

/// The head of the running slot rots while the device is on: whatever it doesn't know any more, it knows where it
/// runs from.
#[test]
fn what_runs_is_never_written_over_though_its_head_is_lost() {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let second = world.vendor.release(2, &[&first], &image(2));
    let mut region = world.factory(&first);
    let head = region.layout().head(Slot::A);
    let erased = region.flash_mut().erase_page(head);
    erased.expect("a head begins at a page");
    let booted = Booted {
        slot: Some(Slot::A),
        reason: BootReason::Confirmed,
    };
    let before = region.flash().dump();
    let started = Device::start(region, RustCrypto, world.config(), booted, world.now_ms);
    let mut device = started.expect("flash works");
    world.offered = Some(second);
    while device.record().trial.is_none() {
        world.serve_next(&mut device);
    }
    assert_eq!(device.record().trial.map(|trial| trial.slot), Some(Slot::B));
    let image_at = device.storage().layout().image(Place::First) as usize;
    let after = device.storage().flash().dump();
    assert_eq!(after[image_at..][..2000], before[image_at..][..2000]);
}
