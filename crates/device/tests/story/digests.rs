//! Releases bound by SHA-384: named as ever, and held to both digests before a slot may boot.

use mainstay_artifact::PackRequest;
use mainstay_device::{OnFlash, ProvisionError, provision};
use mainstay_protocol::Event;
use mainstay_trust::envelope::{ENVELOPE_BYTES_MAX, Envelope, SuitDigest};
use mainstay_trust::manifest::MANIFEST_BYTES_MAX;
use mainstay_trust::{Digest384, DigestAlgorithm, List, Manifest, Refusal, RustCrypto};

use crate::vendor::{Release, Vendor};
use crate::world::{START_S, World};

const HOUR_MS: u64 = 3_600_000;

fn image(byte: u8) -> Vec<u8> {
    vec![byte; 2501]
}

/// A release that only its builder has signed.
fn built(vendor: &Vendor, sequence: u64, returns_to: &[&Release]) -> Release {
    let request = PackRequest {
        digest: DigestAlgorithm::Sha384,
        ..Vendor::request("B", sequence, returns_to)
    };
    vendor.build(&request, &image(sequence as u8))
}

/// The same, with one bit of the image's SHA-384 flipped, signed by the same people.
fn of_another_sha384(vendor: &Vendor, sequence: u64) -> Release {
    let genuine = built(vendor, sequence, &[]);
    let envelope = Envelope::parse(&genuine.envelope).expect("a release");
    let manifest = envelope.open(&RustCrypto).expect("a release");
    let mut sha384 = *manifest
        .image_sha384
        .expect("it is bound by SHA-384")
        .as_bytes();
    sha384[47] ^= 1;
    let manifest = Manifest {
        image_sha384: Some(Digest384::new(sha384)),
        ..manifest
    };
    let mut bytes = [0; MANIFEST_BYTES_MAX];
    let length = manifest.encode(&mut bytes).expect("it fits");
    vendor.approve(vendor.sign(&unsigned(&bytes[..length]), genuine.image))
}

fn unsigned(manifest: &[u8]) -> Vec<u8> {
    let digest = SuitDigest::of(manifest, DigestAlgorithm::Sha384, &RustCrypto);
    let envelope = Envelope {
        digest: digest.expect("this library has SHA-384"),
        blocks: List::default(),
        manifest,
    };
    let mut bytes = vec![0; ENVELOPE_BYTES_MAX];
    let length = envelope.encode(&mut bytes).expect("it fits");
    bytes.truncate(length);
    bytes
}

/// From the factory to the next release and back: each is known by its SHA-256.
#[test]
fn a_release_bound_by_sha384_lives_as_any_other() {
    let mut world = World::new();
    let first = world.vendor.approve(built(&world.vendor, 1, &[]));
    let second = world.vendor.approve(built(&world.vendor, 2, &[&first]));
    let flash = world.factory(&first);
    let mut device = world.boot(flash);
    assert_eq!(device.running_release(), Some(first.manifest));
    for (hours, next) in [(2, second), (4, first)] {
        world.offered = Some(next.clone());
        (device, _) = world.live(device, START_S * 1000 + hours * HOUR_MS);
        assert_eq!(device.running_release(), Some(next.manifest));
        assert!(!device.is_on_trial());
    }
}

#[test]
fn an_image_of_another_sha384_never_becomes_bootable() {
    let mut world = World::new();
    let first = world.vendor.release(1, &[], &image(1));
    let flash = world.factory(&first);
    let hostile = of_another_sha384(&world.vendor, 2);
    world.offered = Some(hostile.clone());
    let device = world.boot(flash);
    let (device, _) = world.live(device, START_S * 1000 + 2 * HOUR_MS);
    let refused = Event::Refused {
        manifest: hostile.manifest,
        refusal: Refusal::PayloadDigest.code(),
    };
    assert_eq!(world.events.last(), Some(&refused), "{:?}", world.events);
    assert!(!world.events.iter().any(|event| event.kind() == "installed"));
    assert_eq!(device.record().trial, None);
    let device = world.boot(device.power_off().0);
    assert_eq!(device.running_release(), Some(first.manifest));
}

#[test]
fn the_factory_holds_an_image_to_both_digests() {
    let world = World::new();
    let hostile = of_another_sha384(&world.vendor, 1);
    let config = world.config();
    let mut region = OnFlash::simulated(world.layout());
    let Release {
        envelope, image, ..
    } = &hostile;
    let outcome = provision(&mut region, &config, &RustCrypto, envelope, image);
    let expected = ProvisionError::Refused(Refusal::PayloadDigest);
    assert_eq!(outcome, Err(expected));
}
