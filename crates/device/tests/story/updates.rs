//! Updates that go well, updates that don't, and offers that are refused.

use mainstay_device::{Record, Storage as _, Want};
use mainstay_protocol::{BootReason, Directive, Event, Health, RevertCause, Todo, write};
use mainstay_trust::Refusal;

use crate::vendor::{Release, Vendor};
use crate::world::{START_S, TestDevice, World};

const HOUR_MS: u64 = 3_600_000;

fn image(byte: u8) -> Vec<u8> {
    (0..2501u32)
        .map(|index| byte ^ (index % 251) as u8)
        .collect()
}

/// A device that runs release 1, and is offered `offer` for two hours.
fn story(
    broken: bool,
    offer: impl FnOnce(&Vendor, &Release) -> Release,
) -> (World, BootReason, bool) {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let flash = world.factory(&first);
    let offered = offer(&world.vendor, &first);
    if broken {
        world.broken.push(offered.manifest);
    }
    let wanted = offered.manifest;
    world.offered = Some(offered);
    let device = world.boot(flash);
    let (device, _) = world.live(device, START_S * 1000 + 2 * HOUR_MS);
    let runs_it = device.running_release() == Some(wanted);
    (world, device.boot_reason(), runs_it)
}

#[test]
fn a_good_release_is_tried_and_kept() {
    let (world, _, runs_it) = story(false, |vendor, first| {
        vendor.release(2, &[first], &image(2))
    });
    assert!(runs_it);
    let kinds: Vec<&str> = world.events.iter().map(Event::kind).collect();
    assert_eq!(
        kinds,
        ["download-started", "installed", "trial-booted", "confirmed"]
    );
}

#[test]
fn a_release_that_makes_the_device_ill_is_given_up() {
    let (world, reason, runs_it) =
        story(true, |vendor, first| vendor.release(2, &[first], &image(2)));
    assert!(!runs_it);
    assert_eq!(reason, BootReason::Reverted);
    let reverted = |event: &Event| {
        matches!(
            event,
            Event::Reverted {
                cause: RevertCause::SelfTest,
                ..
            }
        )
    };
    assert!(world.events.iter().any(reverted), "{:?}", world.events);
    assert!(!world.events.iter().any(|event| event.kind() == "confirmed"));
}

/// The device must refuse `offer` for this reason, say so once, and keep what it has.
fn refused(expected: Refusal, offer: impl FnOnce(&Vendor, &Release) -> Release) {
    let (world, _, runs_it) = story(false, offer);
    assert!(!runs_it, "{expected:?}");
    let codes: Vec<u16> = world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Refused { refusal, .. } => Some(*refusal),
            _ => None,
        })
        .collect();
    assert_eq!(codes, [expected.code()], "{expected:?}: {:?}", world.events);
}

#[test]
fn what_two_people_did_not_sign_is_refused() {
    refused(Refusal::ApprovalMissing, |vendor, _| {
        vendor.build(&Vendor::request("B", 2, &[]), &image(2))
    });
}

#[test]
fn what_is_for_another_class_is_refused() {
    refused(Refusal::WrongClass, |vendor, _| {
        vendor.approve(vendor.build(&Vendor::request("C", 2, &[]), &image(2)))
    });
}

#[test]
fn an_older_release_is_refused_unless_the_confirmed_one_names_it() {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    for (named, expected) in [(false, false), (true, true)] {
        let returns_to: &[&Release] = if named { &[&first] } else { &[] };
        let second = world.vendor.release(2, returns_to, &image(2));
        let flash = world.factory(&second);
        world.offered = Some(first.clone());
        world.events.clear();
        let device = world.boot(flash);
        let until_ms = world.now_ms + 2 * HOUR_MS;
        let (device, _) = world.live(device, until_ms);
        assert_eq!(
            device.running_release() == Some(first.manifest),
            expected,
            "named: {named}"
        );
    }
}

#[test]
fn a_changed_payload_is_refused_after_it_was_read_back() {
    refused(Refusal::PayloadDigest, |vendor, first| {
        let mut release = vendor.release(2, &[first], &image(2));
        release.image[1000] ^= 1;
        release
    });
}

#[test]
fn a_bad_payload_is_fetched_once_a_day_and_leaves_nothing_behind() {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let mut second = world.vendor.release(2, &[&first], &image(2));
    second.image[10] ^= 1;
    let flash = world.factory(&first);
    world.offered = Some(second);
    let mut device = world.boot(flash);
    for days in 1..3 {
        // At noon of each day, it has tried once more.
        let until_ms = START_S * 1000 + (24 * days - 12) * HOUR_MS;
        (device, _) = world.live(device, until_ms);
        let kinds = world.events.iter().map(Event::kind);
        assert!(kinds.eq(["download-started", "refused"].repeat(days as usize)));
    }
    assert_eq!(saved(device).download, None);
}

/// What the flash of a device holds when it is switched off.
fn saved(device: TestDevice) -> Record {
    let (region, _, _) = device.power_off();
    let newest = region.record().expect("flash works");
    newest.expect("the device was provisioned")
}

#[test]
fn a_download_goes_on_from_its_checkpoint_and_begins_once() {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let flash = world.factory(&first);
    world.offered = Some(world.vendor.release(2, &[&first], &image(2)));
    let mut device = world.boot(flash);
    let mut offsets = Vec::new();
    while offsets.len() < 3 {
        if let Want::Fetch { offset, .. } = device.wants(world.now_ms) {
            offsets.push(offset);
        }
        world.serve_next(&mut device);
    }
    assert_eq!(offsets, [0, 512, 1024]);
    let mut device = world.boot(device.power_off().0);
    while !matches!(device.wants(world.now_ms), Want::Fetch { .. }) {
        world.serve_next(&mut device);
    }
    let next = device.wants(world.now_ms);
    assert!(matches!(next, Want::Fetch { offset: 1024, .. }), "{next:?}");
    let (device, _) = world.live(device, START_S * 1000 + HOUR_MS);
    assert!(!device.is_on_trial());
    let kinds: Vec<&str> = world.events.iter().map(Event::kind).collect();
    let expected = [
        "download-started",
        "power-lost",
        "installed",
        "trial-booted",
        "confirmed",
    ];
    assert_eq!(kinds, expected);
}

/// What a device does with an answer that asks it to sleep for `poll_after_s`.
fn sleeps_s(poll_after_s: u32, expected_s: u64) {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let flash = world.factory(&first);
    let mut device = world.boot(flash);
    let mut buffer = [0; 1024];
    let directive = Directive {
        acknowledged: 0,
        poll_after_s,
        status: &[],
        todo: Todo::Nothing,
        root: None,
        revocations: None,
    };
    let length = write(&directive, &mut buffer).expect("it fits");
    let answer = buffer;
    let (nonce, health) = ([9; 16], Health::default());
    device
        .check_in(nonce, health, &mut buffer)
        .expect("it fits");
    for _ in 0..2 {
        // The second time nobody has asked, and nothing changes.
        let taken = device.take_directive(&answer[..length], world.now_ms);
        assert_eq!(taken, Ok(()));
        let until_ms = world.now_ms + expected_s * 1000;
        assert_eq!(device.wants(world.now_ms), Want::Sleep { until_ms });
    }
}

#[test]
fn no_answer_silences_a_device_for_more_than_a_day() {
    sleeps_s(60, 60);
    sleeps_s(86_400, 86_400);
    sleeps_s(u32::MAX, 86_400);
}
