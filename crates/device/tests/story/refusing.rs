//! Flash that takes no more: the device runs what it ran, and says so.

use mainstay_device::{Cut, FlashError, Strategy, Want};
use mainstay_protocol::{BootReason, Event, InstallFailure};

use crate::vendor::Release;
use crate::world::{TestDevice, World};

const HOUR_MS: u64 = 3_600_000;

fn image(byte: u8) -> Vec<u8> {
    vec![byte; 2500]
}

/// A device that runs the first release, and is offered the second.
fn scene() -> (World, TestDevice, [Release; 2]) {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let second = world.vendor.release(2, &[&first], &image(2));
    let device = world.boot(world.factory(&first));
    world.offered = Some(second.clone());
    (world, device, [first, second])
}

fn refuse(device: &mut TestDevice, error: Option<FlashError>) {
    device.storage_mut().flash_mut().refuse_writes(error);
}

fn live(world: &mut World, device: TestDevice, ms: u64) -> (TestDevice, u32) {
    let until_ms = world.now_ms + ms;
    world.live(device, until_ms)
}

/// Lets the device do one thing after the other until it wants what is asked for.
fn until(world: &mut World, device: &mut TestDevice, is_it: impl Fn(Want) -> bool) {
    while !is_it(device.wants(world.now_ms)) {
        world.serve_next(device);
    }
}

fn failures(world: &World) -> Vec<(bool, InstallFailure)> {
    let known = |event: &Event| match event {
        Event::Failed { manifest, cause } => Some((manifest.0 != [0; 32], *cause)),
        _ => None,
    };
    world.events.iter().filter_map(known).collect()
}

#[test]
fn an_update_that_can_t_be_stored_is_told_and_tried_again_an_hour_later() {
    for (error, failure) in [
        (FlashError::Failed, InstallFailure::StorageFailed),
        (FlashError::Full, InstallFailure::StorageFull),
        (FlashError::ReadOnly, InstallFailure::StorageReadOnly),
    ] {
        let (mut world, mut device, [first, second]) = scene();
        refuse(&mut device, Some(error));
        let (mut device, boots) = live(&mut world, device, HOUR_MS);
        assert_eq!(device.running_release(), Some(first.manifest));
        assert_eq!((failures(&world), boots), (vec![(true, failure)], 0));
        refuse(&mut device, None);
        world.now_ms += HOUR_MS;
        let (device, _) = live(&mut world, device, HOUR_MS);
        assert_eq!(device.running_release(), Some(second.manifest));
        assert!(!device.is_on_trial());
    }
}

#[test]
fn one_that_breaks_off_leaves_the_running_image_alone() {
    let (mut world, mut device, [first, _]) = scene();
    until(&mut world, &mut device, |want| {
        matches!(want, Want::Fetch { offset: 1024.., .. })
    });
    refuse(&mut device, Some(FlashError::Failed));
    let (device, _) = live(&mut world, device, HOUR_MS);
    assert_eq!(failures(&world), [(true, InstallFailure::StorageFailed)]);
    let device = world.boot(device.power_off().0);
    assert_eq!(device.boot_reason(), BootReason::Confirmed);
    assert_eq!(device.running_release(), Some(first.manifest));
}

#[test]
fn a_trial_that_nobody_could_count_isn_t_made() {
    let (mut world, mut device, [first, _]) = scene();
    until(&mut world, &mut device, |want| want == Want::Reboot);
    refuse(&mut device, Some(FlashError::Failed));
    let device = world.boot(device.power_off().0);
    assert_eq!(device.boot_reason(), BootReason::LastResort);
    assert_eq!(device.running_release(), Some(first.manifest));
}

#[test]
fn what_can_t_be_kept_isn_t_said_to_be_kept() {
    let (mut world, mut device, [first, second]) = scene();
    until(&mut world, &mut device, |want| want == Want::Reboot);
    let mut device = world.boot(device.power_off().0);
    assert_eq!(device.running_release(), Some(second.manifest));
    refuse(&mut device, Some(FlashError::Failed));
    let (device, _) = live(&mut world, device, HOUR_MS);
    let kinds = world.events.iter().map(Event::kind);
    assert!(
        !kinds.clone().any(|kind| kind == "confirmed"),
        "{:?}",
        kinds.collect::<Vec<_>>()
    );
    assert_eq!(failures(&world), [(true, InstallFailure::StorageFailed)]);
    let device = world.boot(device.power_off().0);
    assert_eq!(device.running_release(), Some(first.manifest));
}

#[test]
fn an_ill_image_is_left_though_nobody_can_write_it_down() {
    let (mut world, mut device, [first, second]) = scene();
    world.broken.push(second.manifest);
    until(&mut world, &mut device, |want| want == Want::Reboot);
    let mut device = world.boot(device.power_off().0);
    refuse(&mut device, Some(FlashError::Failed));
    let (device, boots) = live(&mut world, device, HOUR_MS);
    assert_eq!(boots, 1);
    assert_eq!(device.running_release(), Some(first.manifest));
}

#[test]
fn a_record_that_was_cut_off_keeps_nobody_from_booting() {
    for error in [FlashError::Failed, FlashError::Full, FlashError::ReadOnly] {
        let (mut world, mut device, [first, _]) = scene();
        // Within the record that says that a download begins: whole, but not sealed.
        device.storage_mut().flash_mut().cut_at(2, Cut::Before);
        while !device.storage().flash().is_dark() {
            let _dark = world.serve_one(&mut device);
        }
        let (mut region, ..) = device.power_off();
        region.flash_mut().restore_power();
        region.flash_mut().refuse_writes(Some(error));
        let device = world.boot(region);
        assert_eq!(device.boot_reason(), BootReason::Confirmed, "{error}");
        assert_eq!(device.running_release(), Some(first.manifest), "{error}");
    }
}

#[test]
fn nobody_makes_way_for_an_update_that_can_t_be_written() {
    let mut world = World::new();
    world.strategy = Strategy::Overwrite;
    let first = world.vendor.release(1, &[], &image(1));
    let second = world.vendor.release(2, &[&first], &image(2));
    let mut device = world.boot(world.factory(&first));
    world.offered = Some(second);
    until(&mut world, &mut device, |want| want == Want::Reboot);
    refuse(&mut device, Some(FlashError::Failed));
    let device = world.boot(device.power_off().0);
    assert_eq!(device.boot_reason(), BootReason::LastResort);
    assert_eq!(device.running_release(), Some(first.manifest));
}
