//! Updates that go well, updates that don't, and offers that are refused.

use mainstay_protocol::{BootReason, Event, RevertCause};
use mainstay_trust::Refusal;

use crate::world::{Release, START_S, Vendor, World};

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
    assert_eq!(reason, BootReason::Confirmed);
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
