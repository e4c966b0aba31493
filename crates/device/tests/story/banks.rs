//! A device that starts images where they lie: each release has one for either slot, and it fetches, checks and
//! runs the one for the slot that it writes to.

use mainstay_device::{Slot, Storage as _, Want};
use mainstay_protocol::Event;
use mainstay_trust::rustcrypto::RustCrypto;
use mainstay_trust::{DigestAlgorithm, Refusal};

use crate::vendor::Release;
use crate::world::{START_S, TestDevice, World};

const HOUR_MS: u64 = 3_600_000;

/// The images of a release for its two slots, which differ in length too.
fn images(release: u8) -> [Vec<u8>; 2] {
    [vec![0xa0 | release; 2401], vec![0xb0 | release; 2730]]
}

fn release(world: &World, number: u8) -> Release {
    let [a, b] = images(number);
    world.vendor.release_per_slot(number.into(), [&a, &b])
}

/// A device from the factory with release 1.
fn stage() -> (World, TestDevice) {
    let mut world = World::new();
    world.image_per_slot = true;
    let flash = world.factory(&release(&world, 1));
    let device = world.boot(flash);
    (world, device)
}

/// Whether the slot that runs holds the image that was made for it.
fn runs(device: &TestDevice, number: u8, slot: Slot) -> bool {
    let [a, b] = images(number);
    let expected = if slot == Slot::A { a } else { b };
    let length = expected.len() as u32;
    let found = device
        .storage()
        .measure(slot, length, DigestAlgorithm::Sha256, &RustCrypto)
        .expect("flash reads");
    let digest = mainstay_trust::Primitives::digest(&RustCrypto, &expected);
    device.running_slot() == Some(slot)
        && device.running_image() == Some(digest)
        && found.digest == digest
}

#[test]
fn each_slot_gets_the_image_that_was_made_for_it() {
    let (mut world, mut device) = stage();
    assert!(runs(&device, 1, Slot::A));
    for (number, slot) in [(2, Slot::B), (3, Slot::A), (4, Slot::B)] {
        let next = release(&world, number);
        world.offered = Some(next.clone());
        let until_ms = world.now_ms + 2 * HOUR_MS;
        (device, _) = world.live(device, until_ms);
        assert_eq!(device.running_release(), Some(next.manifest));
        assert!(!device.is_on_trial(), "release {number}");
        assert!(runs(&device, number, slot), "release {number}");
    }
}

/// The offset that a device asks for is the payload's, and a download goes on where it was cut.
#[test]
fn only_the_part_for_the_slot_is_fetched() {
    let (mut world, mut device) = stage();
    world.offered = Some(release(&world, 2));
    let [a, b] = images(2);
    let begin = a.len() as u32;
    let mut asked = Vec::new();
    while asked.len() < 4 {
        if let Want::Fetch { offset, .. } = device.wants(world.now_ms) {
            asked.push(offset);
        }
        world.serve_next(&mut device);
    }
    assert_eq!(asked, [0, 512, 1024, 1536].map(|written| begin + written));

    let mut device = world.boot(device.power_off().0);
    while !matches!(device.wants(world.now_ms), Want::Fetch { .. }) {
        world.serve_next(&mut device);
    }
    let mut last = (0, 0);
    let mut first = None;
    while let Want::Fetch { offset, left, .. } = device.wants(world.now_ms) {
        first = first.or(Some(offset));
        last = (offset, left);
        world.serve_next(&mut device);
    }
    assert_eq!(first, Some(begin + 2048), "from its checkpoint on");
    assert_eq!(
        last.0 + last.1,
        begin + b.len() as u32,
        "to the end of the payload"
    );
}

#[test]
fn the_image_for_the_other_slot_never_becomes_bootable() {
    let (mut world, device) = stage();
    let [a, b] = [vec![0xa2; 2401], vec![0xb2; 2401]];
    let mut next = world.vendor.release_per_slot(2, [&a, &b]);
    // The server sends the halves the other way round.
    next.image = [b, a].concat();
    world.offered = Some(next.clone());
    let (device, _) = world.live(device, START_S * 1000 + 2 * HOUR_MS);
    let refused = Event::Refused {
        manifest: next.manifest,
        refusal: Refusal::PayloadDigest.code(),
    };
    assert_eq!(world.events.last(), Some(&refused), "{:?}", world.events);
    assert!(runs(&device, 1, Slot::A));
}

#[test]
fn a_release_with_one_image_is_refused_before_anything_is_erased() {
    let (mut world, device) = stage();
    let plain = world.vendor.release(2, &[], &[7; 100]);
    world.offered = Some(plain.clone());
    let (_, _) = world.live(device, START_S * 1000 + 2 * HOUR_MS);
    let refused = Event::Refused {
        manifest: plain.manifest,
        refusal: Refusal::WrongBanks.code(),
    };
    assert_eq!(world.events, [refused]);
}
