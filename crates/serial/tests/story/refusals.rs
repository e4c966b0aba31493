//! What a device says no to, in words that a client can show.

use mainstay_device::{Flash as _, Place, SimulatedNor, Slot};
use mainstay_protocol::SelfTest;

use crate::client::{part, state, upload, write_state};
use crate::world::{START_S, TestService, World, image, off};

const NOW: u64 = START_S * 1000;

/// The last answer to an upload of `file`, after which the device runs and keeps what it did.
fn refused(world: &World, file: &[u8]) -> (u16, String) {
    let mut service = world.boot(world.factory(), NOW);
    let before = state(&mut service);
    let (answered, _) = upload(&mut service, file, NOW);
    assert_eq!(state(&mut service)[0], before[0]);
    assert!(service.device().record().trial.is_none());
    let code = answered.code.expect("a refusal");
    (code, answered.reason.expect("with a reason"))
}

fn good(world: &World) -> (Vec<u8>, Vec<u8>) {
    let image = image(2);
    (world.envelope("B", 2, &image), image)
}

#[test]
fn each_bundle_that_isnt_for_this_device_is_refused_by_name() {
    let world = World::new();
    let (envelope, image) = good(&world);
    let foreign = world.envelope("C", 2, &image);
    let old = world.envelope("B", 1, &image);
    let mut forged = envelope.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    for (expected, file) in [
        ("trust.wrong-class", world.bundle(&foreign, &image)),
        (
            "trust.bundle-mismatch",
            world.bundle_of(&foreign, &envelope, &image),
        ),
        ("trust.manifest-digest", world.bundle(&forged, &image)),
        ("trust.downgrade", world.bundle(&old, &image)),
    ] {
        assert_eq!(refused(&world, &file), (11, expected.to_owned()));
    }
}

#[test]
fn nothing_is_erased_for_a_bundle_that_is_refused() {
    let world = World::new();
    let (_, image) = good(&world);
    let file = world.bundle(&world.envelope("C", 2, &image), &image);
    let mut flashes = world.factory();
    let layout = World::layout();
    let slots = layout.head(Slot::A);
    let mark = layout
        .head_pages_of(Slot::B)
        .chain(layout.image_pages(Place::Second, 0));
    for page in mark {
        flashes
            .region
            .write(page, &[0x5a; 4])
            .expect("an empty slot");
    }
    let before = bytes_from(&flashes.region, slots);
    let mut service = world.boot(flashes, NOW);
    upload(&mut service, &file, NOW);
    assert!(
        bytes_from(&off(service).region, slots) == before,
        "a slot was touched"
    );
}

/// All that flash holds from this address on.
fn bytes_from(flash: &SimulatedNor, address: u32) -> Vec<u8> {
    let mut bytes = vec![0; (World::layout().total_bytes() - address) as usize];
    flash.read(address, &mut bytes).expect("flash works");
    bytes
}

#[test]
fn an_image_that_isnt_what_was_signed_is_refused_at_its_end() {
    let world = World::new();
    let (envelope, mut image) = good(&world);
    image[4000] ^= 1;
    let file = world.bundle(&envelope, &image);
    assert_eq!(
        refused(&world, &file),
        (9, "trust.payload-digest".to_owned())
    );
}

#[test]
fn what_is_no_bundle_is_refused_by_name() {
    let world = World::new();
    let (envelope, image) = good(&world);
    let file = world.bundle(&envelope, &image);
    let longer = [&file[..], b"x"].concat();
    let documents = file.len() - image.len();
    let large = world.bundle_of(&envelope, &vec![0; 9000], &image);
    for (code, expected, file) in [
        (
            3,
            "bundle.not-a-bundle",
            b"an image, and no bundle".to_vec(),
        ),
        (3, "bundle.malformed-head", [&file[..6], b"\xff"].concat()),
        (3, "bundle.root-count", [&file[..6], b"\x80"].concat()),
        (3, "bundle.cut-short", file[..documents - 10].to_vec()),
        (3, "serial.other-length", longer),
        (3, "serial.other-length", file[..file.len() - 4].to_vec()),
        (2, "serial.documents-too-large", large),
    ] {
        assert_eq!(refused(&world, &file), (code, expected.to_owned()));
    }
}

/// A device with release 2 uploaded, and its bundle.
fn pending(world: &World) -> (TestService, Vec<u8>) {
    let (envelope, image) = good(world);
    let file = world.bundle(&envelope, &image);
    let mut service = world.boot(world.factory(), NOW);
    upload(&mut service, &file, NOW);
    (service, file)
}

#[test]
fn the_state_says_no_to_what_makes_no_sense() {
    let world = World::new();
    let (mut service, file) = pending(&world);
    assert_eq!(
        part(&mut service, &file, 0, NOW).image_code,
        Some(28),
        "already pending"
    );
    let record = service.device().record();
    let trial = record.trial.expect("it is pending");
    assert_eq!(trial.boots_left, 3);
    for (image_code, hash, confirm) in [
        (8, &[9; 32][..], false),
        (8, &[9; 32][..], true),
        (32, &digest(2)[..], true),
        (33, &digest(1)[..], false),
    ] {
        let answered = write_state(&mut service, Some(hash), confirm, NOW);
        assert_eq!(answered.image_code, Some(image_code), "{confirm}");
    }
    let tested = write_state(&mut service, Some(&digest(2)), false, NOW);
    assert_eq!(tested.images.len(), 2, "{tested:?}");
    let mut service = world.boot(off(service), NOW);
    let early = part(&mut service, &file, 0, NOW);
    assert_eq!(early.reason.as_deref(), Some("serial.on-trial"));
    service
        .tick(SelfTest::Passed, NOW)
        .expect("the power stays");
    write_state(&mut service, Some(&digest(2)), true, NOW);
    let again = upload(&mut service, &file, NOW).0;
    assert_eq!(again.reason.as_deref(), Some("trust.already-running"));
}

pub fn digest(sequence: u8) -> [u8; 32] {
    use mainstay_trust::{Hasher as _, Primitives as _};
    let mut hasher = mainstay_trust::RustCrypto.hasher();
    hasher.update(&image(sequence));
    hasher.finish().0
}
